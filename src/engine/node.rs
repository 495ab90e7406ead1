//! One node: carries out what its ladder says, over as many connections as it takes. The only timers are here.

use super::context::{Context, Task};
use super::owned::{Followed, Owned, PhaseEnd};
use super::probing::measure;
use super::status::row;
use crate::attached::NoAnswer;
use crate::diagnose::{Clean, Membership, Scope, clean, findings, forbidden, membership};
use crate::escalate::{Action, Bounds, End, Escalation, Goal, Input, Ran, Seen};
use crate::model::{Fact, Facts, Kind, Level, Node, NodeReport, Outcome, Phase};
use crate::plan::{PhaseScript, ResetRequest, join, reset};
use crate::transport::{ConnectError, Transport};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Lost runs that are repeated; a node that loses more has another trouble.
const LOSSES: u32 = 2;

/// Before the first try to reconnect; doubled with each further one.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// Works on `node` to the end of its story.
pub(super) async fn drive<T: Transport>(context: &Context<T>, node: &Node) -> NodeReport {
    let start = Instant::now();
    let mut driver = Driver {
        context,
        node,
        session: None,
        ladder: Escalation::new(bounds(context)),
        facts: Facts::default(),
        verify: false,
        phases: 0,
        trouble: None,
        notes: Vec::new(),
        tail: VecDeque::new(),
        waiting_for: RefCell::default(),
    };
    let outcome = driver.story().await;
    NodeReport {
        node: node.name.clone(),
        outcome,
        attempts: driver.ladder.attempts(),
        level: driver.ladder.level(),
        elapsed_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        error: if outcome.is_success() { None } else { driver.trouble },
        notes: if outcome.is_success() { driver.notes } else { Vec::new() },
        tail: if outcome.is_success() { Vec::new() } else { driver.tail.into() },
    }
}

fn bounds<T: Transport>(context: &Context<T>) -> Bounds {
    let (goal, start, ceiling) = match context.task {
        Task::Reset { start, ceiling, .. } => (Goal::Reset, start, ceiling),
        Task::Join | Task::Status => (Goal::Join, context.policy.start, context.policy.ceiling),
    };
    Bounds { goal, start, ceiling, attempts: context.policy.attempts, losses: LOSSES }
}

struct Driver<'a, T: Transport> {
    context: &'a Context<T>,
    node: &'a Node,
    session: Option<T::Session>,
    ladder: Escalation,
    facts: Facts,
    /// The last phase was a join that ended well: its Node object may take a while.
    verify: bool,
    phases: u32,
    /// What the report says where the end is no success.
    trouble: Option<String>,
    notes: Vec<String>,
    tail: VecDeque<String>,
    /// What was last said to be waited for: a wait is told once, not at each look.
    waiting_for: RefCell<String>,
}

impl<T: Transport> Driver<'_, T> {
    async fn story(&mut self) -> Outcome {
        if let Err(outcome) = self.first_connection().await {
            return outcome;
        }
        if matches!(self.context.task, Task::Status) {
            return self.look().await;
        }
        let mut action = self.ladder.on(Input::Start);
        loop {
            let input = match action {
                Action::Probe => self.probe().await,
                Action::Reset(level) => self.reset(level).await,
                Action::Join(_) => self.join().await,
                Action::End(end) => return self.outcome(end),
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

    fn outcome(&mut self, end: End) -> Outcome {
        match (end, &self.context.task) {
            (End::Good, Task::Reset { .. }) if self.ladder.changed_something() => Outcome::Reset,
            (End::Good, Task::Reset { .. }) => Outcome::AlreadyClean,
            (End::Good, _) if self.ladder.ended_with_a_join() => Outcome::Joined,
            (End::Good, _) => Outcome::AlreadyJoined,
            (End::Failed, _) => Outcome::Failed,
            (End::Refused, _) => Outcome::Refused,
            (End::Lost, _) => Outcome::Lost,
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

    async fn first_connection(&mut self) -> Result<(), Outcome> {
        self.waiting(format!("connecting to {}:{}", self.node.access.host, self.node.access.port));
        let connected = tokio::select! {
            connected = self.context.transport.connect(self.node) => connected,
            () = self.context.stop.cancelled() => {
                self.trouble = Some("stopped while connecting; nothing was done to it".to_owned());
                return Err(Outcome::Interrupted);
            }
        };
        match connected {
            Ok(session) => {
                self.session = Some(session);
                Ok(())
            }
            Err(error) => {
                self.trouble = Some(error.to_string());
                Err(Outcome::Unreachable)
            }
        }
    }

    /// Takes the session out, or makes a new one within the patience for lost connections.
    async fn session(&mut self) -> Result<T::Session, String> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let deadline = Instant::now() + self.context.patience.reconnect;
        let mut pause = RECONNECT_PAUSE;
        loop {
            self.waiting("reconnecting".to_owned());
            match self.context.transport.connect(self.node).await {
                Ok(session) => return Ok(session),
                Err(error) if !ConnectError::is_transient(&error) || Instant::now() + pause > deadline => {
                    return Err(error.to_string());
                }
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(8));
        }
    }

    async fn measure(&mut self) -> Result<(), String> {
        for last_try in [false, true] {
            let session = self.session().await?;
            match measure(&session, self.node, &self.context.run, self.context.patience.probe).await {
                Ok(facts) => {
                    self.session = Some(session);
                    self.facts = facts;
                    self.ask_control_plane().await;
                    return Ok(());
                }
                Err(NoAnswer::Lost(_)) if !last_try => {}
                Err(why) => return Err(why.to_string()),
            }
        }
        unreachable!("the last try returns")
    }

    /// The control plane's word about the Node counts more than what the node itself could ask.
    async fn ask_control_plane(&mut self) {
        let Some(control_plane) = &self.context.control_plane else { return };
        if matches!(self.context.task, Task::Reset { .. }) {
            return;
        }
        if let (Some(true), Fact::Known(hostname)) = (self.facts.has_joined(), &self.facts.hostname) {
            let given = self.context.join_command.as_ref().and_then(|c| c.node_name.as_deref());
            self.facts.cluster_node_object = control_plane.node_object(given.unwrap_or(hostname)).await;
        }
    }

    async fn probe(&mut self) -> Input {
        self.phase_started(Phase::Probe, None, Vec::new());
        let start = Instant::now();
        loop {
            if let Err(why) = self.measure().await {
                self.trouble = Some(why.clone());
                self.phase_finished(Phase::Probe, Some(why));
                return Input::Unprobed;
            }
            let seen = self.judge();
            let good_enough = !matches!(seen, Seen::Bad | Seen::Unclear) || self.context.stop.is_cancelled();
            if good_enough || start.elapsed() >= self.patience() {
                self.phase_finished(Phase::Probe, None);
                return Input::Probed(seen);
            }
            self.waiting("waiting for the Node to be ready".to_owned());
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }

    /// How long a verdict that is not good is looked at again, as it may change by itself.
    fn patience(&self) -> Duration {
        let patience = self.context.patience;
        let kubelet_runs =
            self.facts.kubelet.is_known_and(|unit| matches!(unit.active.as_str(), "active" | "activating"));
        let known_to_api = match (self.facts.node_object(), &self.facts.machine_id) {
            (Fact::Known(Some(object)), Fact::Known(id)) => object.machine_id == *id,
            _ => false,
        };
        match (&self.context.task, self.facts.has_joined()) {
            (Task::Join, _) if self.verify => patience.node_object,
            (Task::Join, Some(true)) if kubelet_runs && known_to_api => patience.settle,
            (Task::Join, Some(true)) => patience.unclear,
            _ => Duration::ZERO,
        }
    }

    fn judge(&mut self) -> Seen {
        if let Some(why) = forbidden(&self.facts) {
            self.trouble = Some(why);
            return Seen::Forbidden;
        }
        match self.context.task {
            Task::Reset { scope, .. } => self.judge_clean(scope),
            Task::Join | Task::Status => self.judge_membership(),
        }
    }

    fn judge_clean(&mut self, scope: Scope) -> Seen {
        match clean(&self.facts, scope) {
            Clean::Yes => {
                if let Clean::No(left) = clean(&self.facts, Scope::Residue) {
                    self.notes = vec![format!("left, and removed by --aggressive: {}", left.join(", "))];
                }
                Seen::Good
            }
            Clean::No(left) => {
                self.trouble.get_or_insert_with(|| format!("still there: {}", left.join(", ")));
                Seen::Bad
            }
            Clean::Unknown(what) => {
                self.trouble
                    .get_or_insert_with(|| format!("whether it is clean could not be told: {}", what.join("; ")));
                Seen::Unclear
            }
        }
    }

    fn judge_membership(&mut self) -> Seen {
        match membership(&self.facts, self.wanted()) {
            Membership::Healthy => Seen::Good,
            Membership::WaitsForCni => {
                self.notes = vec!["registered; waits for the pod network (CNI)".to_owned()];
                Seen::Good
            }
            Membership::No(why) => {
                if self.verify {
                    self.trouble = Some(format!("`kubeadm join` ended well, but {why}"));
                }
                Seen::Bad
            }
            Membership::Unclear(why) => {
                self.trouble = Some(if self.verify {
                    format!("`kubeadm join` ended well, but that could not be proven: {why}")
                } else {
                    format!("nothing was done, as it may be healthy: {why}")
                });
                Seen::Unclear
            }
        }
    }

    async fn reset(&mut self, level: Level) -> Input {
        let request = ResetRequest { level, run: &self.context.run, facts: &self.facts };
        match reset(self.node, &request) {
            Ok(script) => self.run(script).await,
            Err(refusal) => {
                self.trouble = Some(refusal.to_string());
                Input::Ran(Ran::Refused)
            }
        }
    }

    /// The API server of the join command, where the user gave one.
    fn wanted(&self) -> Option<&str> {
        self.context.join_command.as_ref().map(|command| command.endpoint.as_str())
    }

    /// After a reset the API server takes up to 50 s (its node-monitor-grace-period) to see that the Node is gone, and
    /// kubeadm refuses to join under the name of a Ready Node. `Err` where the name is another machine's.
    async fn await_free_name(&mut self) -> Result<(), String> {
        let (Some(control_plane), Fact::Known(hostname)) = (&self.context.control_plane, &self.facts.hostname) else {
            return Ok(());
        };
        let start = Instant::now();
        while start.elapsed() < self.context.patience.settle && !self.context.stop.is_cancelled() {
            match control_plane.node_object(hostname).await {
                Fact::Known(Some(object)) if object.ready == "True" => {
                    if !self.facts.machine_id.is_known_and(|id| *id == object.machine_id) {
                        return Err(format!(
                            "a Node called {hostname} is Ready and belongs to another machine; give this one another hostname"
                        ));
                    }
                }
                _ => return Ok(()),
            }
            self.waiting("waiting until the API server sees that the old Node is gone".to_owned());
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        Ok(()) // kubeadm will say what it thinks of it
    }

    async fn join(&mut self) -> Input {
        if self.facts.has_joined() == Some(false)
            && let Err(why) = self.await_free_name().await
        {
            self.trouble = Some(why);
            return Input::Ran(Ran::NotStarted);
        }
        match self.context.join_command().await {
            Ok(_) if self.context.stop.is_cancelled() => Input::Ran(Ran::NotStarted),
            Ok(command) => {
                let input = self.run(join(self.node, &self.context.run, &command)).await;
                self.verify = input == Input::Ran(Ran::Done);
                input
            }
            Err(why) => {
                self.trouble = Some(why);
                Input::Ran(Ran::NotStarted)
            }
        }
    }

    /// Has the node run a phase, and follows it to its end through lost connections.
    async fn run(&mut self, script: PhaseScript) -> Input {
        self.verify = false;
        self.tail.clear();
        self.phases += 1;
        self.phase_started(script.phase, script.level, script.titles());
        let id = format!("{}-{}", self.context.run, self.phases);
        let mut tail = std::mem::take(&mut self.tail);
        let mut owned = Owned::new(&script, self.node, id, &self.context.events, &mut tail);
        let followed = tokio::time::timeout(self.context.patience.phase, self.follow(&mut owned)).await;
        self.tail = tail;
        let (ran, why) = match followed {
            Err(_) => {
                let minutes = self.context.patience.phase.as_secs() / 60;
                (
                    Ran::Lost,
                    Some(format!(
                        "the {} did not end within {minutes} minutes; it may still run on the node as kfleet.service",
                        script.phase
                    )),
                )
            }
            Ok(Err(why)) => (
                Ran::Lost,
                Some(format!(
                    "the connection was lost during the {} and did not come back; the node goes on by itself: {why}",
                    script.phase
                )),
            ),
            Ok(Ok(PhaseEnd::Done)) => (Ran::Done, None),
            Ok(Ok(PhaseEnd::Failed { why, hopeless: false })) => (Ran::Failed, Some(why)),
            Ok(Ok(PhaseEnd::Failed { why, hopeless: true })) => (Ran::Hopeless, Some(why)),
            Ok(Ok(PhaseEnd::NotStarted(why))) => (Ran::NotStarted, Some(why)),
            Ok(Ok(PhaseEnd::Refused(why))) => (Ran::Refused, Some(why)),
            Ok(Ok(PhaseEnd::Vanished(why))) => (Ran::Lost, Some(why)),
        };
        self.phase_finished(script.phase, why.clone());
        self.trouble = why;
        Input::Ran(ran)
    }

    async fn follow(&mut self, owned: &mut Owned<'_>) -> Result<PhaseEnd, String> {
        loop {
            let session = self.session().await?;
            match owned.advance(&session).await {
                Followed::Over(end) => {
                    self.session = Some(session);
                    return Ok(end);
                }
                Followed::Lost(why) => {
                    self.waiting(format!("connection lost ({why}); the node goes on by itself"));
                    tokio::time::sleep(RECONNECT_PAUSE).await;
                }
            }
        }
    }

    async fn look(&mut self) -> Outcome {
        self.phase_started(Phase::Probe, None, Vec::new());
        let result = self.measure().await;
        self.phase_finished(Phase::Probe, result.as_ref().err().cloned());
        let status =
            row(&self.node.name, result.as_ref().map(|()| &self.facts).map_err(Clone::clone), findings(&self.facts));
        self.context.events.send(Kind::Measured { status });
        match result {
            Ok(()) => Outcome::Measured,
            Err(why) => {
                self.trouble = Some(why);
                Outcome::Unreachable
            }
        }
    }

    fn waiting(&self, what: String) {
        if self.waiting_for.replace(what.clone()) == what {
            return; // said already
        }
        self.context.events.send(Kind::Waiting { node: self.node.name.clone(), what });
    }

    fn phase_started(&self, phase: Phase, level: Option<Level>, steps: Vec<String>) {
        self.waiting_for.take();
        let attempt = match (&self.context.task, phase) {
            (Task::Join, Phase::Join) => self.ladder.attempts(),
            (Task::Join, Phase::Probe) if self.verify => self.ladder.attempts(),
            // It prepares the next one, as far as there is one.
            (Task::Join, _) => (self.ladder.attempts() + 1).min(self.context.policy.attempts),
            (Task::Reset { .. } | Task::Status, _) => 0,
        };
        self.context.events.send(Kind::PhaseStarted { node: self.node.name.clone(), phase, attempt, level, steps });
    }

    fn phase_finished(&self, phase: Phase, error: Option<String>) {
        self.context.events.send(Kind::PhaseFinished { node: self.node.name.clone(), phase, error });
    }
}
