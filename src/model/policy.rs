//! What the inventory says about the whole fleet.

use super::{JoinCommand, Level, NodeName};
use std::time::Duration;

/// The bounds of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How many nodes are worked on at once, at least 1.
    pub parallel: usize,
    /// How many times a node may try `kubeadm join`, 1 to 3.
    pub attempts: u32,
    /// The level of the first reset.
    pub start: Level,
    /// The highest level a node may reach.
    pub ceiling: Level,
}

impl Default for Policy {
    fn default() -> Self {
        Self { parallel: 32, attempts: 3, start: Level::Gentle, ceiling: Level::Aggressive }
    }
}

/// Where the join command comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinSource {
    /// Minted by `kubeadm token create` on this node of the inventory.
    ControlPlane {
        /// The control-plane node to ask.
        node: NodeName,
        /// How long the token lives.
        token_ttl: Duration,
    },
    /// Given by the user.
    Command(JoinCommand),
}
