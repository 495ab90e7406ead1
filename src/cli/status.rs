//! `kfleet status`.

use super::FleetArgs;
use clap::Args;
use std::path::PathBuf;

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Which nodes [default: all]
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,

    /// Tell also system, kernel, uptime, containerd's namespaces, API server, Node name, pods, CNI config and clock
    #[arg(long)]
    pub wide: bool,

    /// Also write all that was measured to this file, without secrets, for `kfleet diagnose --from FILE`
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,
}
