//! A node as `status` shows it.

use super::{Fact, Facts, Finding, NodeName};
use serde::{Deserialize, Serialize};

/// What `kfleet status` says of one node: a few words per column, what is wrong, and all that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// The node, as the inventory calls it.
    pub node: NodeName,
    /// Why it was not measured; `None` where it was.
    pub error: Option<String>,
    /// "yes", "yes, no CNI", "no", "not healthy", "elsewhere"; unknown where it is unclear.
    pub joined: Fact<String>,
    /// The kubelet unit's state and version.
    pub kubelet: Fact<String>,
    /// containerd's unit's state and version.
    pub runtime: Fact<String>,
    /// What CRI answers: "ready", "no network", "not ready", "no answer".
    pub cri: Fact<String>,
    /// Used and size of the file system that images lie on: "41/100 GiB".
    pub image_filesystem: Fact<String>,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// What was measured; `None` where nothing was.
    #[serde(default)]
    pub facts: Option<Box<Facts>>,
}

impl NodeStatus {
    /// A node that was not measured, and why.
    pub fn not_measured(node: NodeName, why: String) -> Self {
        let unknown = || Fact::Unknown("the node was not measured".to_owned());
        Self {
            node,
            error: Some(why),
            joined: unknown(),
            kubelet: unknown(),
            runtime: unknown(),
            cri: unknown(),
            image_filesystem: unknown(),
            findings: Vec::new(),
            facts: None,
        }
    }
}

/// The file of `kfleet status --save`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedStatus {
    /// Version of this form; readers tolerate unknown fields.
    pub schema: u32,
    /// Version of the kfleet that wrote it.
    pub kfleet: String,
    /// When, RFC 3339.
    pub taken: String,
    /// What was measured.
    pub nodes: Vec<NodeStatus>,
}

impl SavedStatus {
    /// The form that this kfleet writes.
    pub const SCHEMA: u32 = 1;
}
