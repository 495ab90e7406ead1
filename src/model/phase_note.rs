//! What a node keeps of the phase that it runs, so that another kfleet can follow it.

use super::{Level, NodeName, Phase};
use serde::{Deserialize, Serialize};

/// Written beside the phase's script, readable by root alone, and kept until the node boots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseNote {
    /// [`PhaseNote::SCHEMA`]; readers tolerate unknown fields.
    pub schema: u32,
    /// Names the phase's files on the node: the run's id and the number of the phase in it.
    pub id: String,
    /// The run that the phase belongs to.
    pub run: String,
    /// The node, as the inventory of that run calls it.
    pub node: NodeName,
    /// Who started it, `user@workstation`.
    pub who: String,
    /// Which script.
    pub phase: Phase,
    /// The reset level.
    pub level: Option<Level>,
    /// The word in its marks. Whoever can read it could also have written them.
    pub nonce: String,
    /// Its steps, in order.
    pub steps: Vec<StepNote>,
}

impl PhaseNote {
    /// Of the form that this kfleet writes.
    pub const SCHEMA: u32 = 1;

    /// `gentle reset`, `join`.
    pub fn what(&self) -> String {
        match self.level {
            Some(level) if self.phase == Phase::Reset => format!("{level} reset"),
            _ => self.phase.to_string(),
        }
    }
}

/// A step of a phase, as far as its follower needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepNote {
    /// For people.
    pub title: String,
    /// Whether the phase ends where it fails.
    pub required: bool,
    /// What its end means besides.
    #[serde(default)]
    pub kind: StepKind,
}

/// What a follower has to do about a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Nothing.
    #[default]
    Plain,
    /// From here on the node restores its firewall, unless somebody comes back over a new connection.
    ArmsFirewall,
    /// It is `kubeadm join`, whose words tell why it failed.
    Joins,
    /// Of a newer kfleet.
    #[serde(other)]
    Unknown,
}

/// What a node answers when it is asked which phase it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseOnNode {
    /// Whether it runs; else it was the last one since the node booted.
    pub running: bool,
    /// Names its files.
    pub id: String,
    /// What its unit says of itself, where it runs.
    pub what: String,
    /// When the unit started, by the node's clock.
    pub since: String,
    /// The boot that it belongs to.
    pub boot_id: String,
    /// What is needed to follow it; why there is nothing where it is `Err`.
    pub note: Result<PhaseNote, String>,
}
