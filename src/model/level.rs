//! How deep a reset goes.

use super::Phase;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The rungs of a node's ladder, in order: a node only ever climbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// kubelet stopped, its state and /etc/kubernetes removed, containerd restarted.
    Gentle,
    /// Gentle, and containerd's state, its config, the pod network's interfaces, chains and state.
    Aggressive,
    /// The machine boots anew, for what only a kernel that starts afresh lets go of; nothing is removed by it.
    Reboot,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 3] = [Self::Gentle, Self::Aggressive, Self::Reboot];
    /// Those that remove something, lowest first.
    pub const RESETS: [Self; 2] = [Self::Gentle, Self::Aggressive];

    /// The next rung, where there is one.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Gentle => Some(Self::Aggressive),
            Self::Aggressive => Some(Self::Reboot),
            Self::Reboot => None,
        }
    }

    /// The script that it is.
    pub fn phase(self) -> Phase {
        match self {
            Self::Gentle | Self::Aggressive => Phase::Reset,
            Self::Reboot => Phase::Reboot,
        }
    }

    /// The word used in inventories, flags and output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gentle => "gentle",
            Self::Aggressive => "aggressive",
            Self::Reboot => "reboot",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
