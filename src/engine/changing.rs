//! Changing the node: a reset or a join, owned by the node and followed to its end.

use super::connecting::RECONNECT_PAUSE;
use super::node::Driver;
use super::owned::{Followed, Owned, PhaseEnd};
use crate::diagnose::control_plane_sign;
use crate::escalate::{Input, Ran};
use crate::model::{Cure, Fact, Level, Role};
use crate::plan::{PhaseScript, ResetRequest, join, reset};
use crate::transport::Transport;
use std::time::{Duration, Instant};

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
        let request = ResetRequest { level, run: &self.context.run, facts: &self.facts, allow: self.context.allow };
        match reset(self.node, &request) {
            Ok(script) => self.run(script).await,
            Err(refusal) => {
                self.trouble = Some(refusal.to_string());
                Input::Ran(Ran::Refused)
            }
        }
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

    pub(super) async fn join(&mut self) -> Input {
        if self.facts.has_joined() == Some(false)
            && let Err(why) = self.await_free_name().await
        {
            self.trouble = Some(why);
            return Input::Ran(Ran::NotStarted);
        }
        match self.context.join_command().await {
            Ok(_) if self.context.stop.is_cancelled() => Input::Ran(Ran::NotStarted),
            Ok(command) => {
                let script = match join(self.node, &self.context.run, &command, &self.facts) {
                    Ok(script) => script,
                    Err(refusal) => {
                        self.trouble = Some(refusal.to_string());
                        return Input::Ran(Ran::NotStarted);
                    }
                };
                let input = self.run(script).await;
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
    pub(super) async fn run(&mut self, script: PhaseScript) -> Input {
        self.verify = false;
        self.changed_since_probe = true;
        self.tail.clear();
        self.phases += 1;
        self.phase_started(script.phase, script.level, script.titles());
        let id = format!("{}-{}", self.context.run, self.phases);
        let mut tail = std::mem::take(&mut self.tail);
        let mut owned = Owned::new(&script, self.node, id, &self.context.events, &mut tail);
        let followed = tokio::time::timeout(self.context.patience.phase, self.follow(&mut owned)).await;
        let armed = owned.armed();
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
            Ok(Ok(PhaseEnd::Failed { why, diagnosis })) => {
                let hopeless = diagnosis.is_some_and(|diagnosis| diagnosis.cause.cure() != Cure::Reset);
                (if hopeless { Ran::Hopeless } else { Ran::Failed }, Some(why))
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
}
