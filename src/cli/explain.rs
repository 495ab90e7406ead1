//! `kfleet explain`.

use clap::Args;

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Of which finding, as `kfleet status` shows it: KF012, kf12 or 12
    #[arg(value_name = "CODE", required_unless_present = "list", conflicts_with = "list")]
    pub code: Option<String>,

    /// List all findings that there are
    #[arg(long)]
    pub list: bool,
}
