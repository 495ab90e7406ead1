//! Changing the node: a reset, a join or a restart of its kubelet, owned by the node and followed to its end.

use super::connecting::RECONNECT_PAUSE;
use super::node::Driver;
use super::owned::{Followed, Owned, PhaseEnd};
use crate::diagnose::{Standing, control_plane_sign};
use crate::escalate::{Input, Ran};
use crate::model::{BACKUPS, Cause, Cure, Diagnosis, Fact, Level, Phase, Role};
use crate::plan::{JoinRequest, PhaseScript, ResetRequest, Step, join, reset, restart_kubelet};
use crate::transport::Transport;

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
    async fn after_failed_join(&mut self, mut diagnosis: Diagnosis) -> (Ran, String) {
        if diagnosis.cause == Cause::BootstrapPending {
            diagnosis.said = self.with_requests(diagnosis.said).await;
        }
        let said = diagnosis.to_string();
        self.cause = Some(diagnosis.cause);
        match diagnosis.cause.cure() {
            Cure::Reset if self.ladder.level().is_some_and(|level| level >= diagnosis.cause.cured_at_most_by()) => {
                (Ran::Hopeless, said)
            }
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
        self.last_done = None;
        self.cause = None;
        self.changed_since_probe = true;
        self.tail.clear();
        self.phases += 1;
        self.phase_started(script.phase, script.level, script.titles());
        let id = format!("{}-{}", self.context.run, self.phases);
        let mut tail = std::mem::take(&mut self.tail);
        let mut owned = Owned::new(&script, self.node, id, &self.context.events, &mut tail);
        let limit = self.limit(script.phase);
        let followed = tokio::time::timeout(limit, self.follow(&mut owned)).await;
        let armed = owned.armed();
        self.tail = tail;
        let (ran, why) = match followed {
            Err(_) => {
                let minutes = limit.as_secs() / 60;
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
            Ok(Ok(PhaseEnd::Failed { why, diagnosis: None })) => (Ran::Failed, Some(why)),
            Ok(Ok(PhaseEnd::Failed { why: _, diagnosis: Some(diagnosis) })) => {
                let (ran, why) = self.after_failed_join(diagnosis).await;
                (ran, Some(why))
            }
            Ok(Ok(PhaseEnd::NotStarted(why))) => (Ran::NotStarted, Some(why)),
            Ok(Ok(PhaseEnd::Refused(why))) if self.phases > 1 => {
                (Ran::Refused, Some(format!("{why}; what had been done before stays done")))
            }
            Ok(Ok(PhaseEnd::Refused(why))) => (Ran::Refused, Some(why)),
            Ok(Ok(PhaseEnd::Vanished(why))) => (Ran::Lost, Some(why)),
        };
        self.armed = armed.unwrap_or(ran == Ran::Lost);
        let (ran, why) = if self.armed { self.after_firewall(ran, why).await } else { (ran, why) };
        self.last_done = (ran == Ran::Done).then_some(script.phase);
        let changes_config = |step: &Step| matches!(step, Step::ApplyContainerdConfig { .. });
        if ran == Ran::Done && script.phase == Phase::Join && script.steps.iter().any(changes_config) {
            let run = &self.context.run;
            self.notes.push(format!(
                "containerd's config was changed for the join; the old one is in {BACKUPS}/{run} on the node"
            ));
        }
        self.phase_finished(script.phase, why.clone());
        self.trouble = why;
        Input::Ran(ran)
    }

    /// A join may also change containerd's config; kubeadm itself is bounded on the node.
    fn limit(&self, phase: Phase) -> std::time::Duration {
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
