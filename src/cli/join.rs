//! `kfleet join`.

use super::{ChangeArgs, FleetArgs};
use crate::model::{RunOptions, parse_duration};
use clap::Args;
use std::time::Duration;

/// Options of `join`.
#[derive(Debug, Args)]
pub struct JoinArgs {
    /// Which nodes [default: all workers]
    #[arg(value_name = "SELECTOR", group = "which")]
    pub selectors: Vec<String>,

    /// Go on with a join that was interrupted or cut off, or that left nodes: those that did not end well, with its
    /// options, and with its inventory unless --inventory names another; RUN as in `kfleet runs`, or `last`
    #[arg(long, value_name = "RUN", group = "which")]
    pub resume: Option<String>,

    /// The join command, instead of a new one from the inventory's control plane
    #[arg(long, value_name = "COMMAND", env = "KFLEET_JOIN_COMMAND", hide_env_values = true)]
    pub join_command: Option<String>,

    /// Join the named nodes anew even where they are members; the Node that has the name is deleted, whoever's it is
    #[arg(long, requires = "which")]
    pub replace: bool,

    /// Have a Node's pods moved elsewhere before it is reset (kubectl drain)
    #[arg(long, requires = "which")]
    pub drain: bool,

    /// Reset and join named nodes also where they are members of another cluster
    #[arg(long, requires = "which")]
    pub force_rejoin: bool,

    /// Wait until Nodes are Ready, pod network included, so long at most (5m, 90s)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub wait: Option<Duration>,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,

    /// Options of everything that changes.
    #[command(flatten)]
    pub change: ChangeArgs,
}

impl JoinArgs {
    /// What holds again where the run is resumed.
    pub fn options(&self) -> RunOptions {
        RunOptions {
            replace: self.replace,
            drain: self.drain,
            force_rejoin: self.force_rejoin,
            wait_ms: self.wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            ..self.change.options(&self.fleet)
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "expected a number with a unit, like `90s` or `5m`".to_owned())
}
