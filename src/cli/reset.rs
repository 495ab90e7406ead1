//! `kfleet reset`.

use super::{ChangeArgs, FleetArgs};
use crate::diagnose::Scope;
use crate::model::{Allow, Level, RunId};
use clap::Args;

/// Options of `reset`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line; `ladder` makes the meaning of them"
)]
pub struct ResetArgs {
    /// Which nodes
    #[arg(value_name = "SELECTOR", required_unless_present = "all")]
    pub selectors: Vec<String>,

    /// All workers of the inventory
    #[arg(long, conflicts_with = "selectors")]
    pub all: bool,

    /// kubelet's state and kubeadm's files; containerd is restarted, its images stay [default]
    #[arg(long, group = "level")]
    pub gentle: bool,

    /// Also containerd's state and config, the pod network's interfaces, chains and files
    #[arg(long, group = "level")]
    pub aggressive: bool,

    /// Gentle, then aggressive on those nodes only that a probe still finds unclean
    #[arg(long, group = "level")]
    pub escalate: bool,

    /// Put containerd's config and the firewall back to what they were before that run changed them; resets nothing. RUN is
    /// its id, or of a run of this workstation also a beginning of that, or `last`
    #[arg(long, value_name = "RUN", group = "level")]
    pub restore_config: Option<RunId>,

    /// Reset control-plane nodes too, but never the last one; their etcd member and its data go
    #[arg(long)]
    pub allow_control_plane: bool,

    /// Options of everything that connects.
    #[command(flatten)]
    pub fleet: FleetArgs,

    /// Options of everything that changes.
    #[command(flatten)]
    pub change: ChangeArgs,
}

impl ResetArgs {
    /// What the user allows.
    pub fn allow(&self) -> Allow {
        Allow { control_plane: self.allow_control_plane, shared_runtime: self.change.allow_shared_runtime }
    }

    /// First level, last level, and what must be gone. Only the inventory, whose ceiling is `highest`, can allow a boot.
    pub fn ladder(&self, highest: Level) -> (Level, Level, Scope) {
        if self.aggressive {
            (Level::Aggressive, Level::Aggressive, Scope::Everything)
        } else if self.escalate {
            (Level::Gentle, highest.max(Level::Aggressive), Scope::Residue)
        } else {
            (Level::Gentle, Level::Gentle, Scope::Gentle)
        }
    }
}
