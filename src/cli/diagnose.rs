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

    /// Connect to nothing and say it of what `kfleet status --output json` printed into this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["selectors", "parallel"])]
    pub from: Option<PathBuf>,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,
}
