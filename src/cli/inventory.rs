//! `kfleet inventory`.

use clap::{Args, Subcommand};

/// Options of `inventory`.
#[derive(Debug, Args)]
pub struct InventoryArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub action: InventoryAction,
}

/// What to do with the inventory.
#[derive(Debug, Subcommand)]
pub enum InventoryAction {
    /// List nodes as kfleet understands them, all defaults resolved
    List {
        /// Which nodes [default: all]
        #[arg(value_name = "SELECTOR")]
        selectors: Vec<String>,
    },
    /// Read the file and say whether it is right
    Check,
}
