//! How a node's story ended.

use super::{Cause, Finding, Level, NodeName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The end of one node's run. Only what was proven counts as success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was made a member in this run, and the API server has this very machine's Node object.
    Joined,
    /// Nothing was done: the node was in the cluster and healthy.
    AlreadyJoined,
    /// The reset ran and a later probe found the node clean.
    Reset,
    /// Nothing was done: a probe found nothing that a reset would remove.
    AlreadyClean,
    /// What an earlier run changed was put back, and the runtime works.
    Restored,
    /// Measured (`status`), whatever was found.
    Measured,
    /// A phase that somebody started was followed to its good end (`attach`).
    Followed,
    /// No phase runs (`attach`, `stop`).
    Idle,
    /// The phase that ran ended between two steps, as was asked for (`stop`).
    Stopped,
    /// Tried, and not cured within attempts and ceiling.
    Failed,
    /// kfleet would not do it: a control-plane node, or a guard that protects data said no.
    Refused,
    /// No connection, no login, or root's rights were not to be had.
    Unreachable,
    /// The connection was lost and not regained: what the node did last is not known.
    Lost,
    /// It was booted anew, and did not come back in the time that it had.
    Gone,
    /// Its time was up before its story was over; what had begun on it goes on by itself.
    OutOfTime,
    /// Never begun: others failed, or the time of the run was up.
    NotStarted,
    /// Somebody ended what ran on it with `kfleet stop`, so nothing more was begun.
    Halted,
    /// Ended by its user before its story was over.
    Interrupted,
    /// Written by a newer kfleet.
    #[serde(other)]
    Unknown,
}

impl Outcome {
    /// Every outcome: good ends first, then from the plain failure to what the user ended.
    pub const ALL: [Self; 19] = [
        Self::Joined,
        Self::AlreadyJoined,
        Self::Reset,
        Self::AlreadyClean,
        Self::Restored,
        Self::Measured,
        Self::Followed,
        Self::Idle,
        Self::Stopped,
        Self::Failed,
        Self::Refused,
        Self::Unreachable,
        Self::Lost,
        Self::Gone,
        Self::OutOfTime,
        Self::NotStarted,
        Self::Halted,
        Self::Interrupted,
        Self::Unknown,
    ];

    /// Whether the node was left before its story was over: nothing that was found on it is why.
    pub fn is_left(self) -> bool {
        matches!(self, Self::Lost | Self::Gone | Self::OutOfTime | Self::NotStarted | Self::Halted | Self::Interrupted)
    }

    /// Whether the user got what was asked for on this node.
    pub fn is_success(self) -> bool {
        match self {
            Self::Joined
            | Self::AlreadyJoined
            | Self::Reset
            | Self::AlreadyClean
            | Self::Restored
            | Self::Measured
            | Self::Followed
            | Self::Idle
            | Self::Stopped => true,
            Self::Failed
            | Self::Refused
            | Self::Unreachable
            | Self::Lost
            | Self::Gone
            | Self::OutOfTime
            | Self::NotStarted
            | Self::Halted
            | Self::Interrupted
            | Self::Unknown => false,
        }
    }

    /// The words used in the summary.
    pub fn words(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::AlreadyJoined => "already joined",
            Self::Reset => "reset",
            Self::AlreadyClean => "already clean",
            Self::Restored => "restored",
            Self::Measured => "measured",
            Self::Followed => "followed",
            Self::Idle => "idle",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Lost => "connection lost",
            Self::Gone => "did not come back",
            Self::OutOfTime => "out of time",
            Self::NotStarted => "not started",
            Self::Halted => "halted",
            Self::Interrupted => "interrupted",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// One row of the summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// The node.
    pub node: NodeName,
    /// How it ended.
    pub outcome: Outcome,
    /// How many times `kubeadm join` was started.
    pub attempts: u32,
    /// The highest reset level that was started.
    pub level: Option<Level>,
    /// From the node's first packet to its end, in milliseconds.
    pub elapsed_ms: u64,
    /// What was found before anything was changed: what this run acted on.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Why a join did not succeed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What was tried, what was seen and what to do next, where the outcome is no success.
    pub error: Option<String>,
    /// What a success leaves the user to know ("left behind: flannel.1").
    pub notes: Vec<String>,
    /// The last lines that the node printed, oldest first; at most 20, controls already stripped.
    pub tail: Vec<String>,
}
