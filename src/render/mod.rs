//! Makes what happens visible. Everything here is made from events and reports alone.
//!
//! - [`Tally`] folds events into what is known now; [`frame`] draws it; both are pure.
//! - [`clean`] stands before every text that came from a node.

mod clean;
mod fleet;
mod frame;
#[cfg(test)]
mod samples;
mod style;
mod tally;
mod text;

pub use clean::clean;
pub use frame::frame;
pub use style::Style;
pub use tally::{Activity, Counts, NodeState, NodeView, Tally, Work};
