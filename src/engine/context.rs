//! What all nodes of a run share.

use super::at_work::AtWork;
use crate::cluster::ControlPlane;
use crate::diagnose::Scope;
use crate::model::{Allow, Event, JoinCommand, Kind, Level, NodeName, Patience, Policy, Rejoin, RunId, Token};
use crate::transport::Transport;
use std::collections::{HashMap, HashSet};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// What is to be done with each node.
#[derive(Clone, Debug)]
pub enum Task {
    /// Make it a healthy member of its cluster.
    Join,
    /// Clean it: from one level up to another, until nothing in the scope is left.
    Reset {
        /// First level.
        start: Level,
        /// Last level.
        ceiling: Level,
        /// What must be gone.
        scope: Scope,
    },
    /// Put back what an earlier run kept copies of.
    Restore(RunId),
    /// Look at it.
    Status,
    /// Follow the phase that it runs, whoever started it.
    Attach,
    /// Ask the phase that it runs to end at its next step, and follow it there.
    Halt,
}

/// What who keeps a journal of the run gets.
#[derive(Debug)]
pub enum Kept {
    /// Something happened.
    Event(Box<Event>),
    /// To be answered once all that was sent before is on the disk.
    Asked(oneshot::Sender<()>),
}

/// The longest that a node's work waits for the journal: a disk that hangs is no reason not to rescue nodes.
pub(super) const KEEPING: Duration = Duration::from_secs(5);
/// The same where it is one: before a healthy member is replaced.
pub(super) const PATIENT: Duration = Duration::from_secs(60);

/// Where events go. Sending never waits: whoever draws or writes may be slow, a node must not be.
#[derive(Clone, Debug)]
pub struct Events {
    start: Instant,
    sender: Sender<Event>,
    /// Held while an event goes both ways, so that both get the same order.
    keeper: Option<Arc<Mutex<Sender<Kept>>>>,
}

impl Events {
    /// Counts time from now.
    pub fn new(sender: Sender<Event>) -> Self {
        Self { start: Instant::now(), sender, keeper: None }
    }

    /// The same, also to who keeps a journal.
    #[must_use]
    pub fn kept_by(self, keeper: Sender<Kept>) -> Self {
        Self { keeper: Some(Arc::new(Mutex::new(keeper))), ..self }
    }

    /// Says that something happened. A display that is gone is no reason to stop working on nodes.
    pub fn send(&self, kind: Kind) {
        let keeper = self.keeper.as_ref().map(|keeper| keeper.lock().unwrap_or_else(PoisonError::into_inner));
        let event = Event { at_ms: self.elapsed_ms(), kind };
        if let Some(keeper) = &keeper {
            let _ = keeper.send(Kept::Event(Box::new(event.clone()))); // nor is a journal that is gone
        }
        let _ = self.sender.send(event);
    }

    /// Waits until all that was sent before is on the disk, where somebody keeps it, and for so long at most; false where it is
    /// not known to be, and whoever reads the journal later would not be told.
    pub async fn kept(&self, patience: Duration) -> bool {
        let Some(keeper) = &self.keeper else { return true };
        let (asked, answer) = oneshot::channel();
        let sent = keeper.lock().unwrap_or_else(PoisonError::into_inner).send(Kept::Asked(asked));
        // What was lost is told by who keeps it.
        sent.is_ok() && matches!(tokio::time::timeout(patience, answer).await, Ok(Ok(())))
    }

    /// Milliseconds since the run began.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What all nodes of a run share.
pub struct Context<T: Transport> {
    /// Makes connections.
    pub transport: Arc<T>,
    /// This invocation's id; names its files on the nodes.
    pub run: String,
    /// Who makes it, `user@workstation`, for those who find it at work.
    pub who: String,
    /// When the run began, in unix milliseconds by this machine's clock.
    pub began_unix_ms: i64,
    /// What is to be done.
    pub task: Task,
    /// Only what would be done is told; nothing is changed anywhere.
    pub dry_run: bool,
    /// What the user allows.
    pub allow: Allow,
    /// What a join may do to members.
    pub rejoin: Rejoin,
    /// The runs that this one goes on with.
    pub resumes: Vec<String>,
    /// Nodes that the runs before it had begun to change.
    pub begun: HashSet<NodeName>,
    /// The one control-plane node that this run may reset. Two at once would each count on the other to be left.
    pub control_plane_reset: OnceLock<NodeName>,
    /// The names under which nodes of this run join, and whose they are.
    pub names: Mutex<HashMap<String, NodeName>>,
    /// Bounds.
    pub policy: Policy,
    /// The control plane of the inventory, where it names one.
    pub control_plane: Option<ControlPlane<T>>,
    /// The join command, where the user gave one.
    pub join_command: Option<JoinCommand>,
    /// Preflight checks that kubeadm shall only warn about.
    pub ignore_preflight_errors: Vec<String>,
    /// Deadlines.
    pub patience: Patience,
    /// Where events go.
    pub events: Events,
    /// Cancelled when the user wants to stop.
    pub stop: CancellationToken,
    /// The phases that nodes run for it now.
    pub at_work: Arc<AtWork>,
}

impl<T: Transport> Context<T> {
    /// This machine's clock, in unix milliseconds; it does not jump within a run.
    pub(super) fn now_unix_ms(&self) -> i64 {
        self.began_unix_ms.saturating_add(i64::try_from(self.events.elapsed_ms()).unwrap_or(i64::MAX))
    }

    /// Whether `node` is to be joined anew even where it is a member, and the Node that has its name deleted. What an
    /// interrupted run had begun with is not begun anew: it may be through with it.
    pub(super) fn replaces(&self, node: &NodeName) -> bool {
        self.rejoin.replace && !self.begun.contains(node)
    }

    /// The join command of this run; asks the control plane once, for all nodes.
    pub(super) async fn join_command(&self) -> Result<JoinCommand, String> {
        match (&self.join_command, &self.control_plane) {
            (Some(command), _) => Ok(self.with_ignored(command.clone())),
            (None, Some(control_plane)) => Ok(self.with_ignored(control_plane.join_command().await?)),
            (None, None) => Err("there is neither a join command nor a control plane to ask for one".to_owned()),
        }
    }

    /// The same with another token than `dead`; where nobody can make one, `None`. All else stays as it was given.
    pub(super) async fn fresh_join_command(&self, dead: &Token) -> Option<Result<JoinCommand, String>> {
        let fresh = self.control_plane.as_ref()?.fresh_join_command(dead).await;
        Some(fresh.and_then(|fresh| match &self.join_command {
            None => Ok(self.with_ignored(fresh)),
            Some(given) if !given.same_cluster(&fresh) => {
                Err("the control plane of the inventory is of another cluster than the join command".to_owned())
            }
            Some(given) => Ok(self.with_ignored(JoinCommand { token: fresh.token, ..given.clone() })),
        }))
    }

    /// Says that `node` is about to join under a name; the node of this run that has it already, where there is one.
    pub(super) fn claim(&self, name: &str, node: &NodeName) -> Option<NodeName> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = names.entry(name.to_owned()).or_insert_with(|| node.clone());
        (holder != node).then(|| holder.clone())
    }

    /// `command` with the inventory's `ignore_preflight_errors` added to its own.
    pub(super) fn with_ignored(&self, mut command: JoinCommand) -> JoinCommand {
        command.ignore_preflight_errors.extend(self.ignore_preflight_errors.iter().cloned());
        command
    }
}
