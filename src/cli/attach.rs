//! `kfleet attach`.

use super::FleetArgs;
use clap::Args;

/// Options of `attach`.
#[derive(Debug, Args)]
pub struct AttachArgs {
    /// Which nodes [default: all]
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,
}
