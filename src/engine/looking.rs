//! Looking at the node: a probe, the control plane's word, and what follows from both.

use super::context::Task;
use super::node::Driver;
use super::probing::measure;
use crate::attached::NoAnswer;
use crate::diagnose::{Clean, Membership, Scope, busy, clean, forbidden, membership};
use crate::escalate::{Input, Seen};
use crate::model::{Fact, Level, Phase};
use crate::plan::Count;
use crate::transport::Transport;
use std::time::{Duration, Instant};

impl<T: Transport> Driver<'_, T> {
    pub(super) async fn measure(&mut self) -> Result<(), String> {
        if self.armed
            && let Some(fired) = self.take_timer_back().await?
        {
            return Err(fired); // a second try would lock the node in the same way
        }
        for last_try in [false, true] {
            let session = self.session().await?;
            // All that is in them once before anything is changed, and once after each change.
            let counting = !matches!(self.context.task, Task::Status)
                && (self.changed_since_probe || self.protected_before.is_none());
            let count = if counting { Count::All } else { Count::Top };
            match measure(&session, self.node, &self.context.run, count, self.context.patience.probe).await {
                Ok(facts) => {
                    self.session = Some(session);
                    self.facts = facts;
                    self.changed_since_probe = false;
                    if counting {
                        self.protected_now = self.facts.protected.clone();
                    }
                    if self.phases == 0 && self.protected_before.is_none() {
                        self.protected_before = self.facts.protected.known().cloned();
                    }
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
        if matches!(self.context.task, Task::Reset { .. } | Task::Restore(_)) {
            return;
        }
        if let (Some(true), Fact::Known(hostname)) = (self.facts.has_joined(), &self.facts.hostname) {
            let given = self.context.join_command.as_ref().and_then(|c| c.node_name.as_deref());
            self.facts.cluster_node_object = control_plane.node_object(given.unwrap_or(hostname)).await;
        }
    }

    pub(super) async fn probe(&mut self) -> Input {
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
        if let Some(why) = forbidden(&self.facts, self.context.allow) {
            self.trouble = Some(why);
            return Seen::Forbidden;
        }
        if let Some(why) = busy(&self.facts) {
            self.trouble = Some(why);
            // Our own, after a connection that was lost for long, is followed by no other; somebody else's is theirs.
            let ours =
                self.facts.running.is_known_and(|what| what.as_ref().is_some_and(|w| w.contains(&self.context.run)));
            return if ours { Seen::Unclear } else { Seen::Forbidden };
        }
        match self.context.task {
            Task::Reset { scope, .. } => self.judge_clean(scope),
            Task::Join | Task::Restore(_) | Task::Status => self.judge_membership(),
        }
    }

    fn judge_clean(&mut self, scope: Scope) -> Seen {
        // What has run must have done all that it promises, whatever was asked for at first.
        let scope = if self.ladder.level() == Some(Level::Aggressive) { Scope::Everything } else { scope };
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

    /// The API server of the join command, where the user gave one.
    fn wanted(&self) -> Option<&str> {
        self.context.join_command.as_ref().map(|command| command.endpoint.as_str())
    }
}
