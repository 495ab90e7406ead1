//! `kfleet join`.

use super::{ChangeArgs, FleetArgs};
use clap::Args;

/// Options of `join`.
#[derive(Debug, Args)]
pub struct JoinArgs {
    /// Which nodes [default: all workers]
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,

    /// The join command, instead of a new one from the inventory's control plane
    #[arg(long, value_name = "COMMAND", env = "KFLEET_JOIN_COMMAND", hide_env_values = true)]
    pub join_command: Option<String>,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,

    /// Options of everything that changes.
    #[command(flatten)]
    pub change: ChangeArgs,
}
