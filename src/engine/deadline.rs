//! When time is up: a node is followed no more, and its report keeps what is known. What runs on it goes on by itself.

use super::context::Task;
use super::node::Driver;
use crate::escalate::{Input, Ran};
use crate::model::{Kind, Level, Outcome, Phase, Rehearsal, duration_words};
use crate::transport::Transport;
use std::time::{Duration, Instant};

/// Until when, and what says so.
#[derive(Clone, Debug)]
pub(super) struct Deadline {
    pub(super) at: Instant,
    /// "the run's time (deadline 1h)".
    pub(super) rule: String,
}

impl Deadline {
    /// For the whole run, which begins now.
    pub(super) fn of_run(limit: Option<Duration>) -> Option<Self> {
        Self::after(limit, "the run's time", "deadline")
    }

    /// For a node that starts now: its own, or that of the run where it comes first.
    pub(super) fn of_node(limit: Option<Duration>, run: Option<&Self>) -> Option<Self> {
        let own = Self::after(limit, "the node's time", "node-deadline");
        own.into_iter().chain(run.cloned()).min_by_key(|deadline| deadline.at)
    }

    fn after(limit: Option<Duration>, whose: &str, option: &str) -> Option<Self> {
        let limit = limit?;
        // One that no clock can tell never comes.
        let at = Instant::now().checked_add(limit)?;
        Some(Self { at, rule: format!("{whose} ({option} {})", duration_words(limit)) })
    }

    pub(super) fn is_past(&self) -> bool {
        self.at <= Instant::now()
    }

    /// Comes at that time.
    pub(super) async fn passed(&self) {
        tokio::time::sleep_until(self.at.into()).await;
    }
}

impl<T: Transport> Driver<'_, T> {
    /// The node's story, as far as there is time for it.
    pub(super) async fn in_time(&mut self, deadline: Option<&Deadline>) -> Outcome {
        let Some(deadline) = deadline else { return self.whole().await };
        tokio::select! {
            biased;
            outcome = self.whole() => return outcome,
            () = deadline.passed() => {}
        }
        self.out_of_time(deadline).await;
        Outcome::OutOfTime
    }

    async fn whole(&mut self) -> Outcome {
        if self.context.dry_run { self.rehearse().await } else { self.story().await }
    }

    /// Says what was under way. Asks nobody: whatever hung would hang again.
    async fn out_of_time(&mut self, deadline: &Deadline) {
        let under_way = self.under_way.take();
        let phase = under_way.filter(|(phase, _)| *phase != Phase::Probe);
        if phase.is_none() {
            self.ladder.on(Input::Ran(Ran::NotStarted)); // what was decided on and has not begun does not count
        }
        let name = &self.node.name;
        let waiting = self.waiting_for.take();
        let at = match under_way {
            Some((phase, level)) => {
                let level = level.filter(|_| phase == Phase::Reset); // of a reboot it says nothing more
                let level = level.map(|level| format!(" ({level})")).unwrap_or_default();
                let waiting = if waiting.is_empty() { waiting } else { format!(", {waiting}") };
                format!("during the {phase}{level}{waiting}")
            }
            None if waiting.is_empty() => "between two phases".to_owned(),
            None => format!("while {waiting}"),
        };
        let mut said = format!("{} is up {at}; ", deadline.rule);
        said += &match phase {
            Some(_) => format!(
                "where it has begun on the node it goes on by itself, as kfleet.service: `kfleet attach {name}` follows it, \
                 `kfleet stop {name}` ends it at its next step"
            ),
            None if self.phases == 0 => "nothing was changed on the node".to_owned(),
            None => "nothing more is begun, and what was done before stays done".to_owned(),
        };
        if self.phases > 0 {
            said += "; whether protected paths are as they were was not looked at";
        }
        if matches!(phase, Some((Phase::Reset, Some(level))) if level >= Level::Aggressive) {
            said += "; where it has changed the firewall and kfleet has not confirmed that, the node puts the old rules back";
        }
        if let Some(trouble) = self.trouble.take() {
            said += &format!("; last seen: {trouble}");
        }
        self.trouble = Some(said);
        self.reopen(false).await;
        let trouble = self.trouble.clone().unwrap_or_default();
        if self.context.dry_run {
            let verdict = format!("{}: {trouble}", Outcome::OutOfTime);
            let outcome = Some(Outcome::OutOfTime);
            let rehearsal = Rehearsal { verdict, outcome, ..Rehearsal::new(name.clone()) };
            self.context.events.send(Kind::Rehearsed { rehearsal });
        } else if matches!(self.context.task, Task::Status) {
            self.measured(Err(trouble));
        }
    }
}
