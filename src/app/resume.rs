//! `kfleet join --resume RUN`: goes on with the nodes that a run has left.

use crate::model::{NodeName, RunId};
use std::collections::BTreeSet;

/// The run that is gone on with.
pub(super) struct Resumed {
    /// Its id.
    pub(super) run: RunId,
    /// Nodes that it, or one that went on with it before, had begun to change.
    pub(super) begun: BTreeSet<NodeName>,
}
