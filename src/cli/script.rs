//! `kfleet script`.

use crate::model::{Level, ProtectedPath};
use clap::{Args, Subcommand};

/// Options of `script`.
#[derive(Debug, Args)]
pub struct ScriptArgs {
    /// What the script does.
    #[command(subcommand)]
    pub action: ScriptAction,
}

/// What the script does.
#[derive(Debug, Subcommand)]
pub enum ScriptAction {
    /// Join the machine that it runs on, with the ladder of `kfleet join`
    Join {
        /// What it protects.
        #[command(flatten)]
        preserve: PreserveArgs,
    },
    /// Reset the machine that it runs on
    Reset {
        /// kubelet's state and kubeadm's files; containerd is restarted, its images stay [default]
        #[arg(long, group = "level")]
        gentle: bool,

        /// Also containerd's state and config, the pod network's interfaces, chains and files
        #[arg(long, group = "level")]
        aggressive: bool,

        /// What it protects.
        #[command(flatten)]
        preserve: PreserveArgs,
    },
}

/// What a script protects.
#[derive(Debug, Args)]
pub struct PreserveArgs {
    /// Never touch this path either, besides /srv/media and /mnt/media; may be given more than once
    #[arg(long, value_name = "PATH", value_parser = ProtectedPath::new)]
    pub preserve: Vec<ProtectedPath>,
}

impl ScriptAction {
    /// The level of a reset, and what is protected.
    pub fn parts(&self) -> (Option<Level>, &[ProtectedPath]) {
        match self {
            Self::Join { preserve } => (None, &preserve.preserve),
            Self::Reset { aggressive, preserve, .. } => {
                (Some(if *aggressive { Level::Aggressive } else { Level::Gentle }), &preserve.preserve)
            }
        }
    }
}
