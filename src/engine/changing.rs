//! Changing the node: a reset, a join or a restart of its kubelet, owned by the node and followed to its end.

use super::connecting::RECONNECT_PAUSE;
use super::context::{Context, KEEPING, PATIENT};
use super::node::Driver;
use super::owned::{Followed, Owned, PhaseEnd};
use crate::diagnose::{Standing, control_plane_sign};
use crate::escalate::{Input, Ran};
use crate::model::{BACKUPS, Cause, Cure, Diagnosis, Fact, Level, Phase, Role};
use crate::plan::{JoinRequest, PhaseScript, ResetRequest, Step, join, reset, restart_kubelet};
use crate::transport::Transport;
use std::time::Duration;

/// A note that holds as long as nothing else was needed.
const RESTARTED: &str = "its kubelet was restarted; it was not joined anew";

impl<T: Transport> Driver<'_, T> {
    pub(super) async fn reset(&mut self, level: Level) -> Input {
        let of_control_plane = self.node.role == Role::ControlPlane
            || self.facts.files.known().is_none()
            || control_plane_sign(&self.facts).is_some();
        if of_control_plane && self.context.allow.control_plane {
            let first = self.context.control_plane_reset.get_or_init(|| self.node.name.clone());
            if *first != self.node.name {
                self.trouble = Some(format!(
                    "refused: one run resets one control-plane node at most, and this one resets {first}"
                ));
                return Input::Ran(Ran::Refused);
            }
        }
        if let (Some(name), true, Fact::Known(Some(object))) =
            (self.node_name(), self.is_in_cluster(), self.facts.cluster_node_object.clone())
            && let Err(diagnosis) = self.drain(&name, &object).await
        {
            self.explain(&diagnosis);
            let undrained_yet_well = self.standing() == Standing::Healthy;
            self.reopen(undrained_yet_well).await;
            return Input::Ran(Ran::NotStarted);
        }
        if self.context.stop.is_cancelled() {
            return Input::Ran(Ran::NotStarted);
        }
        self.notes.retain(|note| note != RESTARTED);
        let request = ResetRequest { level, run: &self.context.run, facts: &self.facts, allow: self.context.allow };
        match reset(self.node, &request) {
            Ok(script) if level == Level::Reboot => self.reboot(script).await,
            Ok(script) => self.run(script).await,
            Err(refusal) => {
                self.trouble = Some(refusal.to_string());
                Input::Ran(Ran::Refused)
            }
        }
    }

    pub(super) async fn restart(&mut self) -> Input {
        self.joining.before = self.facts.node_object().known().cloned().flatten();
        let input = self.run(restart_kubelet(self.node, &self.context.run)).await;
        if input == Input::Ran(Ran::Done) {
            self.notes.push(RESTARTED.to_owned());
        }
        input
    }

    pub(super) async fn join(&mut self) -> Input {
        let Some(mut command) = self.joining.command.clone() else { return Input::Ran(Ran::NotStarted) };
        if command.node_name.is_none() {
            command.node_name = self.joining.name.clone(); // the one that the reset has made it forget
        }
        let request = JoinRequest {
            run: &self.context.run,
            command: &command,
            facts: &self.facts,
            allow: self.context.allow,
            limit: self.context.patience.join,
        };
        let script = match join(self.node, &request) {
            Ok(script) => script,
            Err(refusal) => {
                self.cause = Some(Cause::Preflight);
                self.trouble = Some(refusal.to_string());
                return Input::Ran(Ran::NotStarted);
            }
        };
        if let Err(diagnosis) = self.free_name().await {
            self.explain(&diagnosis);
            return Input::Ran(Ran::NotStarted);
        }
        if self.context.stop.is_cancelled() {
            return Input::Ran(Ran::NotStarted);
        }
        self.run(script).await
    }

    /// What follows from why a join failed: a token or a name is made good here, the rest is the ladder's.
    pub(super) async fn after_failed_join(&mut self, mut diagnosis: Diagnosis) -> (Ran, String) {
        if diagnosis.cause == Cause::BootstrapPending {
            diagnosis.said = self.with_requests(diagnosis.said).await;
        }
        let said = diagnosis.to_string();
        self.cause = Some(diagnosis.cause);
        match diagnosis.cause.cure() {
            Cure::Reset if self.is_used_up(diagnosis.cause.cured_at_most_by()) => (Ran::Hopeless, said),
            Cure::Reset => (Ran::Failed, said),
            Cure::Nothing => (Ran::Hopeless, said),
            Cure::NewToken => match self.joining.command.clone() {
                Some(dead) => match self.renew(&dead).await {
                    Some(Ok(_)) => (Ran::Again, said),
                    Some(Err(why)) => (Ran::Hopeless, format!("{said}; {why}")),
                    None => (Ran::Hopeless, said),
                },
                None => (Ran::Hopeless, said),
            },
            Cure::FreeName => match self.free_name().await {
                Ok(()) => (Ran::Again, said),
                Err(diagnosis) => (Ran::Hopeless, diagnosis.to_string()),
            },
        }
    }

    /// Whether what a reset of `level` cures at most is not cured by any that is left. A boot may be what it needed to work.
    fn is_used_up(&self, level: Level) -> bool {
        let boots = self.context.policy.ceiling == Level::Reboot && self.ladder.level() < Some(Level::Reboot);
        self.ladder.level() >= Some(level) && !boots
    }

    /// Names the certificate requests that wait for somebody.
    async fn with_requests(&mut self, said: String) -> String {
        let (Some(control_plane), Some(name)) = (&self.context.control_plane, self.node_name()) else { return said };
        match control_plane.pending_requests(&name).await {
            Ok(requests) if requests.is_empty() => said,
            Ok(requests) => format!("{said}; waiting for a decision: {}", requests.join(", ")),
            Err(why) => format!("{said}; {why}"),
        }
    }

    /// Has the node run a phase, and follows it to its end through lost connections.
    pub(super) async fn run(&mut self, script: PhaseScript) -> Input {
        let (ran, why) = self.carry_out(&script).await;
        self.last_done = matches!(ran, Ran::Done | Ran::DoneAndHalted).then_some(script.phase);
        let changes_config = |step: &Step| matches!(step, Step::ApplyContainerdConfig { .. });
        if ran == Ran::Done && script.phase == Phase::Join && script.steps.iter().any(changes_config) {
            let run = &self.context.run;
            self.notes.push(format!(
                "containerd's config was changed for the join; the old one is in {BACKUPS}/{run} on the node"
            ));
        }
        self.phase_finished(script.phase, why.clone().filter(|_| ran != Ran::DoneAndHalted));
        self.trouble = why;
        Input::Ran(ran)
    }

    /// The same up to how it ended, which is not told yet.
    pub(super) async fn carry_out(&mut self, script: &PhaseScript) -> (Ran, Option<String>) {
        self.last_done = None;
        self.cause = None;
        self.copies_of.clone_from(&self.context.run);
        self.changed_since_probe = true;
        self.tail.clear();
        self.phases += 1;
        self.phase_started(script.phase, script.level, script.titles());
        // Whoever resumes this run has to know that it was begun, or a healthy member would be replaced twice.
        let replaces = self.context.replaces(&self.node.name);
        if !self.context.events.kept(if replaces { PATIENT } else { KEEPING }).await && replaces {
            let why = "nothing was begun: the journal of this run does not get to the disk, and a member is replaced only where that is written down before; give the same command again";
            return (Ran::NotStarted, Some(why.to_owned()));
        }
        let Context { run, who, events, .. } = self.context;
        let id = format!("{run}-{}", self.phases);
        let known = |fact: &Fact<String>| fact.known().cloned().unwrap_or_default();
        let seen = (known(&self.facts.boot_id), known(&self.facts.stamp));
        let mut owned = Owned::new(script, self.node, (&id, run, who), seen, events, self.tail.clone());
        let (ended, armed) = self.until_its_end(&mut owned).await;
        self.unseen = ended.unseen.then_some(owned);
        let (ran, why) = match ended {
            Ended { diagnosis: Some(diagnosis), .. } => {
                let (ran, why) = self.after_failed_join(diagnosis).await;
                (ran, Some(why))
            }
            Ended { ran: Ran::Refused, why, .. } if self.phases > 1 => {
                (Ran::Refused, why.map(|why| format!("{why}; what had been done before stays done")))
            }
            Ended { ran, why, .. } => (ran, why),
        };
        self.settled(ran, why, armed).await
    }

    /// Follows a phase to its end; also whether it has armed the firewall's timer, where that was seen.
    pub(super) async fn follow_in_time(&mut self, owned: &mut Owned<'_>, limit: Duration) -> (Ended, Option<bool>) {
        let what = owned.what();
        self.context.at_work.begin(&self.node.name, what.clone());
        let followed = tokio::time::timeout(limit, self.follow(owned)).await;
        let ended = match followed {
            Ok(Ok(end)) => Ended::from(end),
            Ok(Err(why)) => Ended::lost(format!(
                "the connection was lost during the {what} and did not come back; the node goes on by itself, and \
                 `kfleet attach {}` follows it: {why}",
                self.node.name
            )),
            Err(_) => Ended::lost(format!(
                "the {what} did not end within {} minutes; it may still run on the node as kfleet.service, and \
                 `kfleet stop {}` ends it at its next step",
                limit.as_secs() / 60,
                self.node.name
            )),
        };
        if ended.ran != Ran::Lost || ended.rebooted {
            self.context.at_work.end(&self.node.name);
        }
        (ended, owned.armed())
    }

    /// How a phase ended, once it was seen to it that a node whose firewall it changed can still be reached.
    pub(super) async fn settled(
        &mut self,
        ran: Ran,
        why: Option<String>,
        armed: Option<bool>,
    ) -> (Ran, Option<String>) {
        self.armed = armed.unwrap_or(ran == Ran::Lost);
        if self.armed { self.after_firewall(ran, why).await } else { (ran, why) }
    }

    /// A join may also change containerd's config; kubeadm itself is bounded on the node.
    pub(super) fn limit(&self, phase: Phase) -> Duration {
        let patience = &self.context.patience;
        if phase == Phase::Join { patience.join + patience.probe } else { patience.reset }
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
}

/// How a phase ended, for the ladder and for people.
pub(super) struct Ended {
    pub(super) ran: Ran,
    pub(super) why: Option<String>,
    /// Why a join failed.
    pub(super) diagnosis: Option<Diagnosis>,
    /// The node has booted since it began.
    pub(super) rebooted: bool,
    /// Nobody has seen it end.
    pub(super) unseen: bool,
}

impl Ended {
    fn lost(why: String) -> Self {
        Self { ran: Ran::Lost, why: Some(why), diagnosis: None, rebooted: false, unseen: true }
    }
}

impl From<PhaseEnd> for Ended {
    fn from(end: PhaseEnd) -> Self {
        let rebooted = matches!(end, PhaseEnd::Rebooted(_));
        let (ran, why, diagnosis) = match end {
            PhaseEnd::Done => (Ran::Done, None, None),
            PhaseEnd::Failed { why, diagnosis } => (Ran::Failed, Some(why), diagnosis),
            PhaseEnd::NotStarted(why) => (Ran::NotStarted, Some(why), None),
            PhaseEnd::Stale(why) => (Ran::Stale, Some(why), None),
            PhaseEnd::Refused(why) => (Ran::Refused, Some(why), None),
            PhaseEnd::Halted { why, done: false } => (Ran::Halted, Some(why), None),
            PhaseEnd::Halted { why, done: true } => (Ran::DoneAndHalted, Some(why), None),
            PhaseEnd::Vanished(why) | PhaseEnd::Rebooted(why) => (Ran::Lost, Some(why), None),
        };
        Self { ran, why, diagnosis, rebooted, unseen: false }
    }
}
