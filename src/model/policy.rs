//! What the inventory says about the whole fleet.

use super::{JoinCommand, Level, NodeName, Share};
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
    /// Nodes are taken in batches of so many; the next one starts when every node of the one before has ended.
    pub batch: Share,
    /// So many nodes go before all others, and only where they succeed do others follow.
    pub canary: usize,
    /// How many nodes may end without success before no other is started.
    pub max_failures: Share,
}

impl Policy {
    /// The same without an order: all nodes, whatever becomes of some. For what changes nothing.
    #[must_use]
    pub fn at_once(self) -> Self {
        let Self { batch, canary, max_failures, .. } = Self::default();
        Self { batch, canary, max_failures, ..self }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            parallel: 32,
            attempts: 3,
            start: Level::Gentle,
            ceiling: Level::Aggressive,
            batch: Share::ALL,
            canary: 0,
            max_failures: Share::ALL,
        }
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
