//! What the kubelet's journal says.

use super::Cause;
use serde::{Deserialize, Serialize};

/// A digest of the kubelet's journal of this boot, made on the node from its last lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubeletLog {
    /// How many lines it was made from.
    pub lines: u64,
    /// The kubelets that wrote them, oldest first.
    pub starts: Vec<KubeletStart>,
    /// Distinct complaints, in the order of their last time; the newest are kept.
    pub complaints: Vec<Complaint>,
}

/// One kubelet process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubeletStart {
    /// Its process id.
    pub pid: u64,
    /// When its first line was written.
    pub first_unix_seconds: i64,
    /// When its last line was written.
    pub last_unix_seconds: i64,
    /// How often it said "invalid capacity 0 on image filesystem". Once is said by every kubelet that starts, since it looks
    /// before it has measured (kubernetes#26000, #113066).
    pub invalid_capacity: u64,
    /// When it said that first; 0 where it never did.
    #[serde(default)]
    pub first_invalid_unix_seconds: i64,
    /// When it said that last.
    #[serde(default)]
    pub last_invalid_unix_seconds: i64,
}

/// What a kubelet, or systemd about it, complained of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// How often, numbers in it aside.
    pub times: u64,
    /// When last.
    pub last_unix_seconds: i64,
    /// The process that said it.
    pub pid: u64,
    /// Why a join would fail by it, where it is known to mean that.
    pub cause: Option<Cause>,
    /// The line, without what journals put in front.
    pub line: String,
}
