//! The only thing that leaves the engine. Displays, logs and `--output json` are made from it alone.

use super::{Level, NodeName, NodeReport, NodeStatus, Rehearsal};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that happened, with the time since the run began (a duration: wall clocks jump).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Milliseconds since the run began.
    pub at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What happened. Written to pipes as one JSON object per line, tagged `"event"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Kind {
    /// First event: lists all nodes so that a display knows its totals at once.
    RunStarted {
        /// Version of this schema; readers tolerate unknown kinds and fields.
        schema: u32,
        /// The run's id, which also names its files on the nodes.
        run: String,
        /// `join`, `reset`, `status`, `join --dry-run`.
        command: String,
        /// All nodes of the run, in the inventory's order.
        nodes: Vec<NodeName>,
    },
    /// A slot became free and the node's work begins.
    NodeStarted {
        /// The node.
        node: NodeName,
    },
    /// Something that takes time and has no steps: connecting, waiting for the Node object.
    Waiting {
        /// The node.
        node: NodeName,
        /// What for, as a participle: "connecting to 192.168.4.61:22".
        what: String,
    },
    /// A script starts on the node.
    PhaseStarted {
        /// The node.
        node: NodeName,
        /// Which script.
        phase: Phase,
        /// Number of the join attempt that is under way or comes next, from 1; 0 where the run joins nothing.
        attempt: u32,
        /// The reset level, for resets.
        level: Option<Level>,
        /// One title per step, in order.
        steps: Vec<String>,
    },
    /// A step of the running phase began.
    StepStarted {
        /// The node.
        node: NodeName,
        /// Index into the phase's steps, from 0.
        step: usize,
    },
    /// A step of the running phase ended.
    StepFinished {
        /// The node.
        node: NodeName,
        /// Index into the phase's steps, from 0.
        step: usize,
        /// How.
        status: StepStatus,
    },
    /// A line that the node printed; controls already stripped.
    Output {
        /// The node.
        node: NodeName,
        /// The line, without its newline.
        line: String,
    },
    /// The running phase ended.
    PhaseFinished {
        /// The node.
        node: NodeName,
        /// Which script.
        phase: Phase,
        /// What went wrong; `None` where every required step succeeded.
        error: Option<String>,
    },
    /// `status`: the node was measured.
    Measured {
        /// The row.
        status: NodeStatus,
    },
    /// A dry run: what would be done with the node.
    Rehearsed {
        /// All of it.
        rehearsal: Rehearsal,
    },
    /// The node's story is over.
    NodeFinished {
        /// Its row of the summary.
        report: NodeReport,
    },
    /// The user asked to stop: no new phase will start, running ones are followed to their end.
    Stopping,
    /// The user left at once: phases that run go on by themselves. The last event of such a run.
    Left,
    /// No further node is started.
    Braked {
        /// Which rule holds, and what has set it off.
        why: String,
        /// The nodes that are not started.
        nodes: Vec<NodeName>,
    },
    /// Something about the whole run that somebody has to look after.
    Warned {
        /// What was tried, what was seen, what to do.
        what: String,
    },
    /// Last event.
    RunFinished,
    /// Written by a newer kfleet.
    #[serde(other)]
    Unknown,
}

impl Kind {
    /// The node that it is about; `None` where it is about the whole run.
    pub fn node(&self) -> Option<&NodeName> {
        match self {
            Self::NodeStarted { node }
            | Self::Waiting { node, .. }
            | Self::PhaseStarted { node, .. }
            | Self::StepStarted { node, .. }
            | Self::StepFinished { node, .. }
            | Self::Output { node, .. }
            | Self::PhaseFinished { node, .. } => Some(node),
            Self::Measured { status } => Some(&status.node),
            Self::Rehearsed { rehearsal } => Some(&rehearsal.node),
            Self::NodeFinished { report } => Some(&report.node),
            Self::RunStarted { .. }
            | Self::Braked { .. }
            | Self::Stopping
            | Self::Left
            | Self::Warned { .. }
            | Self::RunFinished
            | Self::Unknown => None,
        }
    }
}

/// The scripts that a node may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reads, changes nothing.
    Probe,
    /// Removes.
    Reset,
    /// `kubeadm join`.
    Join,
    /// Starts the kubelet anew.
    Restart,
    /// Puts back what an earlier run changed.
    Restore,
    /// Boots the machine anew.
    Reboot,
}

impl Phase {
    /// Whether it changes the node.
    pub fn changes(self) -> bool {
        self != Self::Probe
    }

    /// The word for displays and file names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Reset => "reset",
            Self::Join => "join",
            Self::Restart => "restart",
            Self::Restore => "restore",
            Self::Reboot => "reboot",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How a step ended, from the exit status in its end mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Done.
    Done,
    /// There was nothing to do.
    Nothing,
    /// A step that may fail did; the phase goes on.
    Tolerated,
    /// A step that must succeed did not; the phase ends here.
    Failed,
    /// A guard said no; the phase ends here and nothing was deleted by this step.
    Refused,
}
