//! Which nodes run a phase at this moment: what somebody who leaves at once has to know.

use crate::model::NodeName;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The phases that were started and whose end was not seen yet.
#[derive(Debug, Default)]
pub struct AtWork(Mutex<BTreeMap<NodeName, String>>);

impl AtWork {
    /// Each node with what it runs: "aggressive reset".
    pub fn now(&self) -> Vec<(NodeName, String)> {
        self.lock().iter().map(|(node, what)| (node.clone(), what.clone())).collect()
    }

    /// `node` runs `what`.
    pub(super) fn begin(&self, node: &NodeName, what: String) {
        self.lock().insert(node.clone(), what);
    }

    /// The end of what `node` ran was seen.
    pub(super) fn end(&self, node: &NodeName) {
        self.lock().remove(node);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeName, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
