//! Looking at the node: a probe, the control plane's word, and what follows from both.

use super::context::Task;
use super::node::Driver;
use super::probing::measure;
use crate::attached::NoAnswer;
use crate::diagnose::{Clean, Scope, Standing, busy, clean, findings, forbidden};
use crate::escalate::{Input, Seen};
use crate::model::{ClockOffset, Fact, Level, NodeObject, Phase};
use crate::plan::Count;
use crate::transport::Transport;
use std::time::{Duration, Instant};

/// Phases of its own that a node is seen to be at, one after the other: a run has no more, even where all are lost.
const MOST_FOLLOWED: u32 = 8;

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
                && !self.context.dry_run
                && (self.changed_since_probe || self.protected_before.is_none());
            let count = if counting { Count::All } else { Count::Top };
            let before = self.context.now_unix_ms();
            match measure(&session, self.node, &self.context.run, count, self.context.patience.probe).await {
                Ok(facts) => {
                    self.session = Some(session);
                    self.facts = facts;
                    let offset = |clock| ClockOffset::between(clock, before, self.context.now_unix_ms());
                    self.facts.clock_offset = self.facts.clock.clone().map(offset);
                    self.changed_since_probe = false;
                    if counting {
                        self.protected_now = self.facts.protected.clone();
                    }
                    if self.phases == 0 && self.protected_before.is_none() {
                        self.protected_before = self.facts.protected.known().cloned();
                    }
                    self.ask_control_plane().await;
                    self.found.get_or_insert_with(|| findings(&self.facts));
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
        let Some(name) = self.node_name().filter(|_| self.facts.has_joined() == Some(true)) else { return };
        if self.phases == 0 && self.facts.hostname.known() != Some(&name) {
            self.joining.name = Some(name.clone());
        }
        self.facts.cluster_node_object = control_plane.node_object(&name).await;
        let answers = self.facts.cluster_node_object.known().is_some();
        if !answers {
            return;
        }
        // A Node of its name does not tell whose member it is.
        let identity = control_plane.identity().await;
        self.facts.cluster_pins = match &identity {
            Ok(command) => Fact::Known(command.ca_hashes.clone()),
            Err(why) => Fact::Unknown(why.clone()),
        };
        if !matches!(self.context.task, Task::Status) && self.joining.wanted.is_none() {
            self.joining.wanted = identity.ok();
        }
    }

    /// Whether the control plane of the inventory has a Node that is this machine.
    pub(super) fn is_in_cluster(&self) -> bool {
        let id = self.facts.machine_id.known();
        let ours = |object: &NodeObject| Some(&object.machine_id) == id;
        self.facts.cluster_node_object.is_known_and(|object| object.as_ref().is_some_and(ours))
    }

    pub(super) async fn probe(&mut self) -> Input {
        self.phase_started(Phase::Probe, None, Vec::new());
        let start = Instant::now();
        let seen = loop {
            if let Err(why) = self.measure().await {
                self.trouble = Some(why.clone());
                self.phase_finished(Phase::Probe, Some(why));
                return Input::Unprobed;
            }
            if self.follow_ours().await {
                if self.ladder.is_over() {
                    self.phase_finished(Phase::Probe, None);
                    return Input::Stop; // what was followed has decided it
                }
                continue;
            }
            if let Some(seen) = self.hands_off() {
                break seen;
            }
            if let Task::Reset { scope, .. } = self.context.task {
                break self.judge_clean(scope);
            }
            let standing = self.standing();
            let hasty = self.context.dry_run || self.context.stop.is_cancelled();
            if hasty || start.elapsed() >= self.patience(&standing) {
                break self.outlook(standing).await;
            }
            self.waiting(format!("waiting for the Node to be ready: {}", standing.why()));
            tokio::time::sleep(Duration::from_secs(2)).await;
        };
        self.phase_finished(Phase::Probe, None);
        Input::Probed(seen)
    }

    /// How long a standing that is not good is looked at again, as it may change by itself.
    pub(super) fn patience(&self, standing: &Standing) -> Duration {
        let patience = &self.context.patience;
        let kubelet_runs = self.kubelet_is("active") || self.kubelet_is("activating");
        match standing {
            Standing::Healthy | Standing::Apart | Standing::Elsewhere(_) | Standing::SomebodyElses(_) => Duration::ZERO,
            Standing::WaitsForCni => patience.cni,
            _ if self.last_done == Some(Phase::Join) => patience.ready,
            // One that does not come up is no better for more waiting.
            Standing::Asleep(_) if self.last_done == Some(Phase::Restart) && !self.kubelet_is("active") => {
                patience.answer
            }
            _ if self.last_done == Some(Phase::Restart) => patience.settle,
            Standing::Stale(_) | Standing::NotReady(_) if kubelet_runs => patience.settle,
            Standing::Unclear(_) => patience.answer,
            // A kubelet that was started a moment ago has not registered yet.
            Standing::Asleep(_) if kubelet_runs => patience.answer,
            Standing::Asleep(_) | Standing::Stale(_) | Standing::NotReady(_) | Standing::WithoutCertificate => {
                Duration::ZERO
            }
        }
    }

    fn kubelet_is(&self, state: &str) -> bool {
        self.facts.kubelet.is_known_and(|unit| unit.active == state)
    }

    /// What is not to be touched at all, or not now.
    fn hands_off(&mut self) -> Option<Seen> {
        if let Some(why) = forbidden(&self.facts, self.context.allow) {
            self.trouble = Some(why);
            return Some(Seen::Forbidden);
        }
        let why = busy(&self.facts)?;
        self.trouble = Some(why);
        // Our own could not be followed to its end, and nothing can begin beside it; somebody else's is theirs.
        Some(if self.ours_runs() { Seen::Hopeless } else { Seen::Forbidden })
    }

    /// Whether a phase of this run is at work, after a connection that was lost for long, or one of those that it goes on
    /// with.
    fn ours_runs(&self) -> bool {
        let ours = |what: &String| {
            let mut runs = self.context.resumes.iter().chain([&self.context.run]);
            runs.any(|run| what.contains(run))
        };
        self.facts.running.is_known_and(|what| what.as_ref().is_some_and(ours))
    }

    /// Whether `run` is this one, or one that it goes on with.
    pub(super) fn is_ours(&self, run: &str) -> bool {
        run == self.context.run || self.context.resumes.iter().any(|resumed| resumed == run)
    }

    /// Follows a phase of this run to its end whose end was not seen, or that is still at work, each once; false where there is
    /// none, or none that can be followed.
    async fn follow_ours(&mut self) -> bool {
        let unseen = self.unseen.take();
        if self.context.dry_run || self.followed >= MOST_FOLLOWED || !(self.ours_runs() || unseen.is_some()) {
            return false;
        }
        self.followed += 1;
        let over = if let Some(unseen) = unseen {
            self.phase_finished(Phase::Probe, None);
            Ok(self.see_through(unseen).await)
        } else {
            match self.ask_phase().await {
                Ok(Some(found)) if found.running => {
                    self.phase_finished(Phase::Probe, None);
                    self.go_on_with(found).await
                }
                Ok(_) => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    return true; // it has ended since
                }
                Err(why) => {
                    self.trouble = Some(why);
                    return false;
                }
            }
        };
        self.phase_started(Phase::Probe, None, Vec::new());
        over.unwrap_or_else(|why| {
            self.trouble = Some(why);
            false
        })
    }

    fn judge_clean(&mut self, scope: Scope) -> Seen {
        // What has run must have done all that it promises, whatever was asked for at first.
        let scope = if self.ladder.level() >= Some(Level::Aggressive) { Scope::Everything } else { scope };
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
}
