//! One node: carries out what its ladder says. Its other halves are `connecting`, `looking`, `changing` and `firewall`.

use super::context::{Context, Task};
use super::deadline::Deadline;
use super::joining::Joining;
use super::owned::Owned;
use super::status::row;
use super::tail::Tail;
use crate::diagnose::lost;
use crate::escalate::{Action, Bounds, End, Escalation, Goal, Input};
use crate::model::{
    Cause, Fact, Facts, Finding, Kind, Level, Node, NodeReport, NodeStatus, Outcome, Phase, ProtectedState,
};
use crate::transport::Transport;
use std::cell::RefCell;
use std::time::Instant;

/// Lost runs that are repeated; a node that loses more has another trouble.
const LOSSES: u32 = 2;

/// Works on `node` to the end of its story, or of its time.
pub(super) async fn drive<T: Transport>(context: &Context<T>, node: &Node, run: Option<&Deadline>) -> NodeReport {
    let start = Instant::now();
    let deadline = Deadline::of_node(context.patience.node, run);
    let mut driver = Driver {
        context,
        node,
        session: None,
        ladder: Escalation::new(bounds(context)),
        facts: Facts::default(),
        last_done: None,
        found: None,
        joining: Joining { wanted: context.join_command.clone(), ..Joining::default() },
        cause: None,
        changed_since_probe: false,
        protected_before: None,
        protected_now: Fact::default(),
        phases: 0,
        unseen: None,
        armed: false,
        trouble: None,
        notes: Vec::new(),
        tail: Tail::default(),
        followed: 0,
        copies_of: context.run.clone(),
        waiting_for: RefCell::default(),
        under_way: RefCell::default(),
    };
    let outcome = driver.in_time(deadline.as_ref()).await;
    NodeReport {
        node: node.name.clone(),
        outcome,
        attempts: driver.ladder.attempts(),
        level: driver.ladder.level(),
        elapsed_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        findings: driver.found.unwrap_or_default(),
        cause: if outcome.is_success() { None } else { driver.cause },
        error: if outcome.is_success() { None } else { driver.trouble },
        // Where time was up, what was done so far is known, and nobody looked what came of it.
        notes: if outcome.is_success() || outcome == Outcome::OutOfTime { driver.notes } else { Vec::new() },
        // Of what a user has ended the last lines explain nothing.
        tail: if outcome.is_success() || matches!(outcome, Outcome::Halted | Outcome::Interrupted) {
            Vec::new()
        } else {
            driver.tail.lines()
        },
    }
}

fn bounds<T: Transport>(context: &Context<T>) -> Bounds {
    let (goal, start, ceiling) = match context.task {
        Task::Reset { start, ceiling, .. } => (Goal::Reset, start, ceiling),
        Task::Join | Task::Restore(_) | Task::Status | Task::Attach | Task::Halt => {
            (Goal::Join, context.policy.start, context.policy.ceiling)
        }
    };
    Bounds { goal, start, ceiling, attempts: context.policy.attempts, losses: LOSSES }
}

pub(super) struct Driver<'a, T: Transport> {
    pub(super) context: &'a Context<T>,
    pub(super) node: &'a Node,
    pub(super) session: Option<T::Session>,
    pub(super) ladder: Escalation,
    pub(super) facts: Facts,
    /// What was wrong before anything was changed.
    pub(super) found: Option<Vec<Finding>>,
    /// The last phase, where it ended well: a join or a restart of the kubelet takes a while to show.
    pub(super) last_done: Option<Phase>,
    /// What is known for its join.
    pub(super) joining: Joining,
    /// Why it did not join, as far as that is known.
    pub(super) cause: Option<Cause>,
    /// A phase has run since the node was last measured.
    pub(super) changed_since_probe: bool,
    /// The protected paths as the first probe saw them.
    pub(super) protected_before: Option<Vec<ProtectedState>>,
    /// The same as they were last counted.
    pub(super) protected_now: Fact<Vec<ProtectedState>>,
    pub(super) phases: u32,
    /// The last phase, where its end was not seen: it may go on, have come to an end that nobody has read, or not have begun.
    pub(super) unseen: Option<Owned<'a>>,
    /// A timer on the node may be waiting to restore its firewall.
    pub(super) armed: bool,
    /// What the report says where the end is no success.
    pub(super) trouble: Option<String>,
    pub(super) notes: Vec<String>,
    pub(super) tail: Tail,
    /// How often a phase of its own was found at work and followed.
    pub(super) followed: u32,
    /// The run whose phase was the last one; its folder has the copies.
    pub(super) copies_of: String,
    /// What was last said to be waited for: a wait is told once, not at each look.
    pub(super) waiting_for: RefCell<String>,
    /// The phase that has begun and was not seen to end.
    pub(super) under_way: RefCell<Option<(Phase, Option<Level>)>>,
}

impl<T: Transport> Driver<'_, T> {
    pub(super) async fn story(&mut self) -> Outcome {
        if let Err(outcome) = self.first_connection().await {
            if matches!(self.context.task, Task::Status) {
                self.measured(Err(self.trouble.clone().unwrap_or_default()));
            }
            return outcome;
        }
        if matches!(self.context.task, Task::Status) {
            return self.look().await;
        }
        match &self.context.task {
            Task::Restore(from) => {
                let outcome = self.restore(from).await;
                return self.compared(outcome).await;
            }
            Task::Attach => return self.attach().await,
            Task::Halt => return self.halt().await,
            Task::Join | Task::Reset { .. } | Task::Status => {}
        }
        let mut action = self.ladder.on(Input::Start);
        loop {
            let input = match action {
                Action::Probe => self.probe().await,
                Action::Reset(level) => self.reset(level).await,
                Action::Join(_) => self.join().await,
                Action::Restart => self.restart().await,
                Action::End(end) => {
                    let outcome = self.outcome(end);
                    self.reopen(outcome.is_success()).await;
                    return self.compared(outcome).await;
                }
                Action::Wait => unreachable!("every input below fits the state that it answers"),
            };
            if let Input::Unprobed = input
                && !self.ladder.changed_something()
            {
                return Outcome::Unreachable; // connected, but it runs nothing of ours: not even looked at
            }
            if self.context.stop.is_cancelled() {
                self.ladder.on(Input::Stop);
            }
            action = self.ladder.on(input);
        }
    }

    pub(super) fn outcome(&mut self, end: End) -> Outcome {
        match (end, &self.context.task) {
            (End::Good, Task::Reset { .. }) if self.ladder.changed_something() => Outcome::Reset,
            (End::Good, Task::Reset { .. }) => Outcome::AlreadyClean,
            (End::Good, _) if self.ladder.changed_something() => Outcome::Joined,
            (End::Good, _) => Outcome::AlreadyJoined,
            (End::Failed, _) => Outcome::Failed,
            (End::Refused, _) => Outcome::Refused,
            (End::Lost, _) => Outcome::Lost,
            (End::Gone, _) => Outcome::Gone,
            (End::Halted, _) => Outcome::Halted,
            (End::Stopped, _) => {
                let stopped = "stopped by the user; what had begun on the node was followed to its end".to_owned();
                self.trouble = Some(match self.trouble.take() {
                    Some(trouble) => format!("{stopped}; last seen: {trouble}"),
                    None => stopped,
                });
                Outcome::Interrupted
            }
        }
    }

    /// Nothing counts as well done on a node whose protected paths are not what they were.
    async fn compared(&mut self, outcome: Outcome) -> Outcome {
        if self.phases == 0 {
            return outcome;
        }
        let unseen = |why: &str| format!("whether protected paths are as they were could not be told: {why}");
        let mut said = Vec::new();
        if self.changed_since_probe
            && let Err(why) = self.measure().await
        {
            said.push(unseen(&why));
        } else if let Some(before) = &self.protected_before {
            let losses = lost(before, &self.protected_now);
            if !losses.is_empty() {
                said.push(format!("protected paths are not as they were: {}", losses.join("; ")));
            }
        } else {
            said.push(unseen("they could not be looked at before"));
        }
        if said.is_empty() {
            return outcome;
        }
        said.extend(self.trouble.take());
        self.trouble = Some(said.join("; "));
        if outcome.is_success() { Outcome::Failed } else { outcome }
    }

    async fn look(&mut self) -> Outcome {
        let looked = self.look_once().await;
        self.measured(looked.map_err(|_| self.trouble.clone().unwrap_or_default()));
        looked.err().unwrap_or(Outcome::Measured)
    }

    /// One probe, whose facts speak for themselves.
    pub(super) async fn look_once(&mut self) -> Result<(), Outcome> {
        self.phase_started(Phase::Probe, None, Vec::new());
        let result = self.measure().await;
        self.phase_finished(Phase::Probe, result.as_ref().err().cloned());
        result.map_err(|why| {
            self.trouble = Some(why);
            Outcome::Unreachable
        })
    }

    /// Every node has its row, reached or not.
    pub(super) fn measured(&self, result: Result<(), String>) {
        let status = match result {
            Ok(()) => row(&self.node.name, &self.facts),
            Err(why) => NodeStatus::not_measured(self.node.name.clone(), why),
        };
        self.context.events.send(Kind::Measured { status });
    }

    pub(super) fn waiting(&self, what: String) {
        if self.waiting_for.replace(what.clone()) == what {
            return; // said already
        }
        self.context.events.send(Kind::Waiting { node: self.node.name.clone(), what });
    }

    pub(super) fn phase_started(&self, phase: Phase, level: Option<Level>, steps: Vec<String>) {
        self.waiting_for.take();
        self.under_way.replace(Some((phase, level)));
        let attempt = match (&self.context.task, phase) {
            (Task::Join, Phase::Join) => self.ladder.attempts(),
            (Task::Join, Phase::Probe) if self.last_done == Some(Phase::Join) => self.ladder.attempts(),
            // It prepares the next one, as far as there is one.
            (Task::Join, _) => (self.ladder.attempts() + 1).min(self.context.policy.attempts),
            (Task::Reset { .. } | Task::Restore(_) | Task::Status | Task::Attach | Task::Halt, _) => 0,
        };
        self.context.events.send(Kind::PhaseStarted { node: self.node.name.clone(), phase, attempt, level, steps });
    }

    pub(super) fn phase_finished(&self, phase: Phase, error: Option<String>) {
        self.under_way.take();
        self.context.events.send(Kind::PhaseFinished { node: self.node.name.clone(), phase, error });
    }
}
