//! `kfleet runs`.

use clap::{Args, Subcommand};

/// Options of `runs`.
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// What to do with one of them [default: list all]
    #[command(subcommand)]
    pub action: Option<RunsAction>,
}

/// What to do with a run.
#[derive(Debug, Subcommand)]
pub enum RunsAction {
    /// Tell how a run ended, and where it left nodes; with a node's name, all that happened on it
    Show {
        /// The run's id, a beginning that no other has, or `last`
        run: String,

        /// Print what was written down of this node
        node: Option<String>,
    },
    /// Show a run once more as it was seen, on a terminal faster than it was
    Replay {
        /// The run's id, a beginning that no other has, or `last`
        run: String,

        /// So many times as fast as it was; no pause is longer than 2 seconds
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        speed: u32,
    },
}
