//! What all nodes of a run share, for tests that make one without the binary.

use kfleet::engine::{Context, Events, Task};
use kfleet::model::{Allow, Patience, Policy, Rejoin};
use kfleet::transport::Transport;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock};
use tokio_util::sync::CancellationToken;

/// A run that only looks, with the bounds that hold where nobody says otherwise.
pub(crate) fn context<T: Transport>(transport: T, events: Events) -> Context<T> {
    Context {
        transport: Arc::new(transport),
        run: "run1".to_owned(),
        who: "alice@desk".to_owned(),
        began_unix_ms: 0,
        dry_run: false,
        task: Task::Status,
        allow: Allow::default(),
        rejoin: Rejoin::default(),
        resumes: Vec::new(),
        begun: HashSet::new(),
        control_plane_reset: OnceLock::new(),
        names: Mutex::default(),
        policy: Policy::default(),
        control_plane: None,
        join_command: None,
        ignore_preflight_errors: Vec::new(),
        patience: Patience::default(),
        events,
        stop: CancellationToken::new(),
        at_work: Arc::default(),
    }
}
