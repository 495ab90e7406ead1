//! Makes what happens visible. Everything here is made from events and reports alone.
//!
//! - [`Tally`] folds events into what is known now; [`frame`] draws it; both are pure.
//! - [`summary`] and [`status_table`] are what remains when the run is over.
//! - [`clean`] stands before every text that came from a node.

mod clean;
mod fleet;
mod frame;
#[cfg(test)]
mod samples;
mod sentence;
mod status_table;
mod style;
mod summary;
mod table;
mod tally;
mod text;
mod totals;

pub use clean::clean;
pub use frame::frame;
pub use status_table::status_table;
pub use style::Style;
pub use summary::summary;
pub use tally::{Activity, Counts, NodeState, NodeView, Tally, Work};
