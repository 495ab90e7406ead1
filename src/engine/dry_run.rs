//! A dry run: the look that every run begins with, and in place of what follows it the story of that.
//!
//! The verdict is the ladder's own answer to the look, so it cannot differ from what a run would do. Two things are not
//! done for it that a run does: nothing is waited for, and no token is made.

use super::context::Task;
use super::node::Driver;
use crate::attached::fresh_nonce;
use crate::diagnose::{Standing, findings};
use crate::escalate::{Action, End, Input};
use crate::model::{Kind, Level, Outcome, Phase, Rehearsal, Rehearsed};
use crate::plan::{JoinRequest, PhaseScript, Refusal, ResetRequest, join, reset, restart_kubelet, restore};
use crate::transport::Transport;
use std::time::Duration;

const FIRST: &str = "first";

impl<T: Transport> Driver<'_, T> {
    /// Looks, tells what would follow, and changes nothing.
    pub(super) async fn rehearse(&mut self) -> Outcome {
        let mut told = Rehearsal::new(self.node.name.clone());
        match self.first_connection().await {
            Err(outcome) => told.outcome = Some(outcome),
            Ok(()) => self.look_and_tell(&mut told).await,
        }
        let trouble = self.trouble.as_deref().unwrap_or_default();
        let trouble = trouble.strip_prefix("refused: ").unwrap_or(trouble);
        match told.outcome {
            None | Some(Outcome::AlreadyJoined | Outcome::AlreadyClean) => {}
            Some(Outcome::Refused) => told.verdict = format!("refused: {trouble}"),
            Some(Outcome::Failed) => {
                let unclear = trouble.strip_prefix("nothing was done, as ");
                let why = unclear.map_or_else(|| format!("no reset cures this: {trouble}"), str::to_owned);
                told.verdict = format!("nothing, as {why}");
            }
            Some(other) => told.verdict = format!("{other}: {trouble}"),
        }
        let outcome = told.outcome.unwrap_or(Outcome::Measured);
        self.context.events.send(Kind::Rehearsed { rehearsal: told });
        outcome
    }

    async fn look_and_tell(&mut self, told: &mut Rehearsal) {
        let action = match self.first_action().await {
            Ok(action) => action,
            Err(outcome) => {
                told.outcome = Some(outcome);
                return;
            }
        };
        told.findings = findings(&self.facts);
        told.stands = self.stands();
        if let Action::End(end) = action {
            told.verdict = format!("nothing, as {}", told.stands.clone().unwrap_or_default());
            told.outcome = Some(self.outcome(end));
            return;
        }
        if matches!(self.context.task, Task::Join) && self.joining.command.is_none() {
            self.joining.command = self.pretended().await.ok(); // a kubelet is restarted without one
        }
        if let (Task::Join, Action::Reset(_)) = (&self.context.task, action)
            && let Some(diagnosis) = self.name_of_another().await
        {
            self.notes.push(format!("the join after the reset would not begin: {diagnosis}"));
        }
        told.verdict = self.verdict(action);
        told.notes.append(&mut self.notes);
        told.phases = self.phases(action);
        let refused = told.phases.first().and_then(|first| Some((first.phase, first.refusal.clone()?)));
        if let Some((phase, why)) = refused {
            self.trouble = Some(why);
            // As a run ends where it finds that: a join that cannot begin has failed, a reset is refused.
            told.outcome = Some(if phase == Phase::Join { Outcome::Failed } else { Outcome::Refused });
            told.phases.clear();
        }
    }

    /// What the ladder answers to the first look. `Err` where there was no look, or none that a ladder is asked about.
    async fn first_action(&mut self) -> Result<Action, Outcome> {
        if let Task::Restore(_) = self.context.task {
            self.look_once().await?;
            self.trouble = self.untouchable();
            return if self.trouble.is_some() { Err(Outcome::Refused) } else { Ok(Action::Wait) };
        }
        self.ladder.on(Input::Start);
        let input = self.probe().await;
        if input == Input::Unprobed {
            return Err(Outcome::Unreachable);
        }
        match self.ladder.clone().on(input) {
            // Right before kubeadm a run looks once more whether the name is free.
            join @ Action::Join(_) => match self.name_of_another().await {
                Some(diagnosis) => {
                    self.explain(&diagnosis);
                    Ok(Action::End(End::Failed))
                }
                None => Ok(join),
            },
            action => Ok(action),
        }
    }

    /// How the node stands, in the words of what the look was for.
    fn stands(&self) -> Option<String> {
        match self.context.task {
            Task::Join => {
                let standing = self.standing();
                let waits = self.patience(&standing);
                let again = match standing {
                    Standing::WaitsForCni => Duration::ZERO, // good already
                    _ => waits,
                };
                let more = format!("; a run would look again for up to {} s, as that may change", again.as_secs());
                Some(standing.why() + if again.is_zero() { "" } else { &more })
            }
            Task::Reset { .. } => Some(self.trouble.clone().unwrap_or_else(|| "it is clean already".to_owned())),
            Task::Restore(_) | Task::Status | Task::Attach | Task::Halt => None,
        }
    }

    fn verdict(&self, action: Action) -> String {
        let how = |level: Level| match level {
            Level::Gentle => "reset it gently",
            Level::Aggressive => "reset it aggressively",
            Level::Reboot => "boot it anew",
        };
        let joins = matches!(self.context.task, Task::Join);
        let drained = if self.context.rejoin.drain && self.is_in_cluster() { "drain its Node, " } else { "" };
        match action {
            Action::Join(_) => "join it".to_owned(),
            Action::Reset(level) if joins => format!("{drained}{}, then join it", how(level)),
            Action::Reset(level) => how(level).to_owned(),
            Action::Restart => "restart its kubelet; reset and join it only where that does not help".to_owned(),
            Action::Probe | Action::Wait | Action::End(_) => "put back what the earlier run has changed".to_owned(),
        }
    }

    /// What it may get, beginning with `action`.
    fn phases(&self, action: Action) -> Vec<Rehearsed> {
        let (context, node) = (self.context, self.node);
        let policy = &context.policy;
        let mut phases = Vec::new();
        let levels = |from: Level, to: Level| Level::ALL.into_iter().filter(move |level| (from..=to).contains(level));
        match (&context.task, action) {
            (Task::Restore(from), _) => {
                phases.push(told(FIRST, Phase::Restore, None, Ok(restore(node, &context.run, from))));
            }
            (Task::Join, Action::Join(_)) => {
                phases.extend(self.told_join(FIRST));
                let resets = levels(policy.start, policy.ceiling).map(|level| self.told_reset(level));
                phases.extend(after("where that fails by something that a reset cures", resets));
            }
            (Task::Join, first) => {
                if first == Action::Restart {
                    phases.push(told(FIRST, Phase::Restart, None, Ok(restart_kubelet(node, &context.run))));
                }
                let begin = if let Action::Reset(level) = first { level } else { policy.start };
                let needed = if first == Action::Restart { "where that does not help" } else { FIRST };
                let mut resets = after(needed, levels(begin, policy.ceiling).map(|level| self.told_reset(level)));
                phases.extend(resets.next());
                phases.extend(self.told_join("then"));
                phases.extend(resets);
            }
            (Task::Reset { ceiling, .. }, Action::Reset(level)) => {
                phases.extend(after(FIRST, levels(level, *ceiling).map(|level| self.told_reset(level))));
            }
            (Task::Reset { .. } | Task::Status | Task::Attach | Task::Halt, _) => {}
        }
        phases
    }

    fn told_reset(&self, level: Level) -> Rehearsed {
        let request = ResetRequest { level, run: &self.context.run, facts: &self.facts, allow: self.context.allow };
        told("where the level below did not help", level.phase(), Some(level), reset(self.node, &request))
    }

    fn told_join(&self, when: &str) -> Option<Rehearsed> {
        let request = JoinRequest {
            run: &self.context.run,
            command: self.joining.command.as_ref()?,
            facts: &self.facts,
            allow: self.context.allow,
            limit: self.context.patience.join,
        };
        Some(told(when, Phase::Join, None, join(self.node, &request)))
    }
}

/// `phases`, of which the first comes on another condition.
fn after(when: &str, mut phases: impl Iterator<Item = Rehearsed>) -> impl Iterator<Item = Rehearsed> {
    let first = phases.next().map(|phase| Rehearsed { when: when.to_owned(), ..phase });
    first.into_iter().chain(phases)
}

fn told(when: &str, phase: Phase, level: Option<Level>, script: Result<PhaseScript, Refusal>) -> Rehearsed {
    let (steps, refusal, script) = match script {
        Ok(script) => (script.titles(), None, script.render(&fresh_nonce()).masked().to_owned()),
        Err(refusal) => (Vec::new(), Some(refusal.to_string()), String::new()),
    };
    Rehearsed { when: when.to_owned(), phase, level, steps, refusal, script }
}
