//! What to do: facts, node and level in, typed steps out; each step renders to shell from constant functions.
//!
//! One list of steps serves the dry run, the execution and the display, so they cannot part.

mod alone;
mod cluster;
mod containerd_config;
mod join;
mod join_configuration;
mod launch;
mod phase;
mod probe;
mod reset;
mod restore;
mod step;

pub use alone::{alone_join, alone_reset};
pub use cluster::{ask_node_object, mint_token, revoke_token};
pub use containerd_config::{ConfigError, with_systemd_cgroup};
pub use join::join;
pub(crate) use launch::FOLLOW_STEP;
pub use launch::{disarm, follow, launch};
pub use phase::PhaseScript;
pub use probe::{Count, Section, probe};
pub use reset::{Refusal, ResetRequest, reset};
pub use restore::restore;
pub(crate) use step::ROLLBACK_SECONDS;
pub use step::Step;

/// Where containerd's CRI listens, as kubeadm and crictl take it.
pub const CRI_SOCKET: &str = "unix:///run/containerd/containerd.sock";
