//! What to do: facts, node and level in, typed steps out; each step renders to shell from constant functions.
//!
//! One list of steps serves the dry run, the execution and the display, so they cannot part.

mod alone;
mod api_view;
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
pub use api_view::ask_api;
pub use cluster::{
    ask_kubelet_defaults, ask_node_object, ask_pending_requests, delete_node, drain_node, mint_token, revoke_tokens,
    uncordon_node,
};
pub use containerd_config::{ConfigError, with_systemd_cgroup};
pub use join::{JoinRequest, join, restart_kubelet};
pub(crate) use launch::{FOLLOW_STEP, STALE};
pub use launch::{ask_boot, ask_phase, disarm, follow, halt_phase, launch};
pub use phase::PhaseScript;
pub use probe::{Count, Section, probe};
pub use reset::{Refusal, ResetRequest, reset};
pub use restore::restore;
pub(crate) use step::ROLLBACK_SECONDS;
pub use step::Step;

pub(crate) use crate::model::CRI_SOCKET;
