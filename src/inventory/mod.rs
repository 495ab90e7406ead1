//! Text of an inventory in, nodes out. Every mistake in the file is drawn with its line, as a compiler would.
//!
//! Nothing here reads a file or the environment: the caller brings the text, the home folder and a way to ask whether
//! a file exists.

mod cluster;
mod discover;
mod draw;
mod error;
mod join_source;
mod journal;
mod locate;
mod mask;
mod near;
mod nodes;
mod parse;
mod parser_error;
mod policy;
mod problem;
mod range;
mod schema;
mod select;
mod settings;
mod timeouts;
mod value;

#[cfg(test)]
mod fixtures_test;
#[cfg(test)]
mod resolve_test;

pub use discover::{InventoryNotFound, Places, discover};
pub use error::InventoryError;
pub use join_source::NoJoinSource;
pub use near::near;
pub use parse::{Inventory, parse};
pub use select::{SelectError, select};

/// The most nodes that an inventory or a range may stand for. `node[1-999999999]` is a slip, not a fleet.
pub const MAX_NODES: u32 = 10_000;
