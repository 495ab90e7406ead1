//! A node in one row.

use super::{Fact, Finding, NodeName};
use serde::{Deserialize, Serialize};

/// What `kfleet status` says of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// The node.
    pub node: NodeName,
    /// Logged in and measured, or why not.
    pub reached: Result<(), String>,
    /// "yes", "no", "half", and of which API server.
    pub joined: Fact<String>,
    /// The kubelet unit's state and version.
    pub kubelet: Fact<String>,
    /// The container runtime and its version.
    pub runtime: Fact<String>,
    /// Whether CRI answers that the runtime is ready.
    pub cri: Fact<String>,
    /// The image filesystem that CRI reports.
    pub image_filesystem: Fact<String>,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
}
