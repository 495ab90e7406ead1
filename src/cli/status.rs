//! `kfleet status`.

use super::FleetArgs;
use clap::Args;

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Which nodes [default: all]
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,

    /// Tell also system, kernel, uptime, containerd's namespaces, API server, Node name, pods, CNI config and clock
    #[arg(long)]
    pub wide: bool,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,
}
