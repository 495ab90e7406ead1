//! `kfleet diagnose`.

use super::FleetArgs;
use clap::Args;
use std::path::PathBuf;

/// Options of `diagnose`.
#[derive(Debug, Args)]
pub struct DiagnoseArgs {
    /// Which nodes
    #[arg(value_name = "SELECTOR", required_unless_present = "from")]
    pub selectors: Vec<String>,

    /// Connect to nothing, and diagnose what `kfleet status --save FILE` has written
    #[arg(long, value_name = "FILE", conflicts_with_all = ["selectors", "parallel"])]
    pub from: Option<PathBuf>,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,
}
