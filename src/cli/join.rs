//! `kfleet join`.

use super::{ChangeArgs, FleetArgs};
use crate::model::{Rejoin, parse_duration};
use clap::Args;
use std::time::Duration;

/// Options of `join`.
#[derive(Debug, Args)]
pub struct JoinArgs {
    /// Which nodes [default: all workers]
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,

    /// The join command, instead of a new one from the inventory's control plane
    #[arg(long, value_name = "COMMAND", env = "KFLEET_JOIN_COMMAND", hide_env_values = true)]
    pub join_command: Option<String>,

    /// Join the named nodes anew even where they are members; the Node that has the name is deleted, whoever's it is
    #[arg(long, requires = "selectors")]
    pub replace: bool,

    /// Have a Node's pods moved elsewhere before it is reset (kubectl drain)
    #[arg(long, requires = "selectors")]
    pub drain: bool,

    /// Reset and join named nodes also where they are members of another cluster
    #[arg(long, requires = "selectors")]
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
    /// What may be done to members.
    pub fn rejoin(&self) -> Rejoin {
        Rejoin { replace: self.replace, drain: self.drain, other_cluster: self.force_rejoin }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "expected a number with a unit, like `90s` or `5m`".to_owned())
}
