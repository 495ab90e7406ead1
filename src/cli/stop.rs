//! `kfleet stop`.

use super::FleetArgs;
use clap::Args;

/// Options of `stop`.
#[derive(Debug, Args)]
pub struct StopArgs {
    /// Which nodes
    #[arg(value_name = "SELECTOR", required = true)]
    pub selectors: Vec<String>,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,
}
