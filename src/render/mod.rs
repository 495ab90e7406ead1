//! Makes what happens visible. Everything here is made from events and reports alone.
//!
//! - [`Tally`] folds events into what is known now; [`frame`] draws it; both are pure.
//! - [`Renderer`] is one of three views of the running events, picked by [`choose`].
//! - [`summary`], [`status_table`] and [`diagnosis`] are what remains when the run is over.
//! - [`clean`](crate::model::clean) stands before every text that came from a node.

mod board;
mod choose;
mod diagnosis;
mod explanation;
mod findings;
mod fleet;
mod frame;
mod inventory;
mod json;
mod lines;
mod rehearsal;
mod runs;
#[cfg(test)]
mod samples;
mod screen;
mod sentence;
mod sink;
mod status_cells;
mod status_table;
mod style;
mod summary;
mod table;
mod tally;
mod terminal;
mod text;
mod totals;
mod transcript;

pub use board::{redraw, watch_title};
pub use choose::{Form, Renderer, Wish, choose, moves_cursor, stderr_width, stdout_size, stdout_style, terminal_width};
pub use diagnosis::diagnosis;
pub use explanation::{explanation, explanation_json, explanation_table};
pub use frame::frame;
pub use inventory::{InventoryRow, inventory_json, inventory_table};
pub use json::{Json, json_lines};
pub use lines::Lines;
pub use rehearsal::rehearsal;
pub use runs::{
    LastSeen, RunRow, RunStory, Unfinished, run_heading, run_json, run_unfinished, runs_json, runs_table,
    transcript_json,
};
pub use sink::{print, tell};
pub use status_table::status_table;
pub use style::Style;
pub use summary::summary;
pub use tally::{Activity, Counts, NodeState, NodeView, Tally, Work};
pub use terminal::{Size, Terminal};
pub use text::fold;
pub use transcript::Transcript;
