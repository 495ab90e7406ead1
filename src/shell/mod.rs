//! The only place where text for a remote shell is made.
//!
//! Words are quoted here and nowhere else. A fragment is constant text that gets its values through quoted shell
//! variables and positional parameters, so no value is ever spliced into code.

mod fragment;
mod script;
mod standalone;
mod word;

pub use fragment::Fragment;
pub use script::{NOTHING, Need, Nonce, REFUSED, Rendered, Script};
pub use standalone::{Line, Standalone};
pub use word::{View, Word, go_seconds};
