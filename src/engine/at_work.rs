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

    /// `node` runs `what` until the guard is dropped.
    pub(super) fn begin<'a>(&'a self, node: &'a NodeName, what: String) -> Busy<'a> {
        self.lock().insert(node.clone(), what);
        Busy { of: self, node }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeName, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One node at work.
pub(super) struct Busy<'a> {
    of: &'a AtWork,
    node: &'a NodeName,
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.of.lock().remove(self.node);
    }
}
