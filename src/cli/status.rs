//! `kfleet status`.

use super::FleetArgs;
use crate::model::parse_duration;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

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
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub save: Option<PathBuf>,

    /// Measure again and again until Ctrl-C, with a pause in between [5s where none is given]
    #[arg(long, value_name = "PAUSE", num_args = 0..=1, default_missing_value = "5s", value_parser = pause)]
    pub watch: Option<Duration>,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

fn pause(text: &str) -> Result<Duration, String> {
    parse_duration(text).filter(|pause| *pause >= Duration::from_secs(1)).ok_or_else(|| {
        "expected a number with a unit, of a second or more, like `5s` or `1m`; selectors go before --watch".to_owned()
    })
}
