//! Phases that somebody else started, or this run on a connection that it has lost: asked for, followed, asked to end.

use super::changing::Ended;
use super::connecting::RECONNECT_PAUSE;
use super::node::Driver;
use super::owned::Owned;
use crate::escalate::{Input, Ran, Run};
use crate::model::{Cure, Diagnosis, Level, Outcome, Phase, PhaseOnNode};
use crate::parse::phase_on_node;
use crate::plan::{ask_phase, halt_phase};
use crate::shell::Script;
use crate::transport::Transport;
use std::time::{Duration, Instant};

/// For the answer to what runs.
const ANSWER: Duration = Duration::from_secs(60);

/// How a phase ended that was taken up.
pub(super) struct Taken {
    pub(super) ran: Ran,
    pub(super) why: Option<String>,
    /// Why it failed, where it was a join.
    diagnosis: Option<Diagnosis>,
    /// Whether it is known to be over.
    over: bool,
}

impl<'a, T: Transport> Driver<'a, T> {
    /// `kfleet attach`: to the end of what runs; of what ran last, where nothing does.
    pub(super) async fn attach(&mut self) -> Outcome {
        let found = match self.ask_phase().await {
            Ok(Some(found)) => found,
            Ok(None) => return self.idle("no phase has run on it since it booted"),
            Err(why) => return self.unknown(why),
        };
        let of = |found: &PhaseOnNode| match &found.note {
            Ok(note) => format!("the {} that {} started, {}", note.what(), note.who, note.id),
            Err(_) => format!("the phase {}", found.id),
        };
        let (running, of) = (found.running, of(&found));
        match self.take_up(found).await {
            Ok(Taken { ran: Ran::Done | Ran::DoneAndHalted, .. }) => {
                let how = if running { "came" } else { "had come" };
                let more = if running { "" } else { "nothing runs; " };
                let look = format!("`kfleet status {}` tells what it brought", self.node.name);
                self.notes.insert(0, format!("{more}{of}, {how} to its end; {look}"));
                if running { Outcome::Followed } else { Outcome::Idle }
            }
            Ok(taken) if running => self.ended_otherwise(taken),
            Ok(Taken { why, .. }) => {
                self.idle(&format!("nothing runs; {of}, had not ended well: {}", why.unwrap_or_default()))
            }
            Err(why) if running => self.unknown(why),
            Err(why) => self.idle(&format!("nothing runs; {of}, cannot be shown: {why}")),
        }
    }

    /// `kfleet stop`: asks what runs to end at its next step, and sees that it does.
    pub(super) async fn halt(&mut self) -> Outcome {
        let found = match self.ask_phase().await {
            Ok(Some(found)) if found.running => found,
            Ok(_) => {
                return self.idle(
                    "no phase runs on it; a run that is between two of them goes on, and ends with Ctrl-C there",
                );
            }
            Err(why) => return self.unknown(why),
        };
        // That one and no other: it may end before this is heard, and another may begin.
        let asked = self.ask(&halt_phase(self.node, &found.id, &self.context.who)).await;
        let found = match asked {
            Ok(Some(asked)) if asked.id == found.id => asked,
            Ok(_) => return self.unknown(format!("{} was asked to end, and how it stands was not told", found.what)),
            Err(why) => return self.unknown(why),
        };
        self.waiting("waiting for the step to end that runs".to_owned());
        if found.note.is_err() {
            return self.await_end(&found).await;
        }
        match self.take_up(found).await {
            Ok(Taken { ran: Ran::Halted, why, .. }) => {
                self.notes.extend(why);
                Outcome::Stopped
            }
            Ok(Taken { ran: Ran::Done | Ran::DoneAndHalted, .. }) => {
                self.notes.push(format!(
                    "it came to its end before it could be stopped; `kfleet status {}` tells what it brought",
                    self.node.name
                ));
                Outcome::Followed
            }
            Ok(taken) => self.ended_otherwise(taken),
            Err(why) => self.unknown(why),
        }
    }

    /// Asks which phase the node runs, or ran last.
    pub(super) async fn ask_phase(&mut self) -> Result<Option<PhaseOnNode>, String> {
        self.ask(&ask_phase(self.node)).await
    }

    async fn ask(&mut self, script: &Script) -> Result<Option<PhaseOnNode>, String> {
        let mut answer = self.answer(script, ANSWER).await?;
        phase_on_node(&answer.steps.remove(&0).ok_or("the node did not say what it runs")?)
    }

    /// Follows a phase that was started before to its end, from its first byte. It goes on where the connection is lost, like
    /// any. `Err` where it cannot be followed.
    async fn take_up(&mut self, found: PhaseOnNode) -> Result<Taken, String> {
        let PhaseOnNode { note, boot_id, since, running, .. } = found;
        let note = note?;
        let (phase, level, who) = (note.phase, note.level, note.who.clone());
        let mine = self.is_ours(&note.run) || who == self.context.who;
        self.copies_of.clone_from(&note.run);
        if running {
            self.waiting(format!("following what {who} started at {since}"));
        }
        self.tail.clear();
        let mut owned = Owned::noted(note, self.node, boot_id, &self.context.events, self.tail.clone());
        self.phase_started(phase, level, owned.titles());
        let (ended, armed) = self.until_its_end(&mut owned).await;
        let boots = phase == Phase::Reboot && running && matches!(ended.ran, Ran::Done | Ran::Lost);
        let (ran, why) = if boots {
            self.await_boot(owned.boot_id()).await
        } else if mine {
            self.settled(ended.ran, ended.why, armed).await // also of one that ended: its kfleet may be gone
        } else {
            // That this workstation gets in says nothing of the other one, whose way in a new rule may have closed.
            if running && armed == Some(true) {
                let changed = "it changed the firewall: the node takes that back unless the kfleet of";
                self.notes.push(format!("{changed} {who} comes back over a new connection"));
            }
            (ended.ran, ended.why)
        };
        Ok(self.close(phase, ended.rebooted, (ran, why, ended.diagnosis)))
    }

    /// Follows it, and waits until the node is up again where a boot has cut it off.
    pub(super) async fn until_its_end(&mut self, owned: &mut Owned<'_>) -> (Ended, Option<bool>) {
        self.changed_since_probe = true;
        let (ended, armed) = self.follow_in_time(owned, self.limit(owned.phase())).await;
        if ended.rebooted && owned.phase() != Phase::Reboot {
            self.after_cut_off(owned.boot_id()).await;
        }
        (ended, armed)
    }

    /// Tells how it ended.
    fn close(
        &self,
        phase: Phase,
        rebooted: bool,
        (ran, why, diagnosis): (Ran, Option<String>, Option<Diagnosis>),
    ) -> Taken {
        self.phase_finished(phase, why.clone().filter(|_| ran != Ran::DoneAndHalted));
        let over = rebooted || ran != Ran::Lost;
        Taken { ran, why, diagnosis, over }
    }

    /// Follows a phase of an earlier run that this one goes on with, or of this one: it counts as the ladder's own. False where
    /// its end was not seen.
    pub(super) async fn go_on_with(&mut self, found: PhaseOnNode) -> Result<bool, String> {
        let (phase, level) = match &found.note {
            Ok(note) if note.node != self.node.name => return Err(format!("it is that of {}", note.node)),
            Ok(note) if !self.is_ours(&note.run) => return Err(format!("it is that of run {}", note.run)),
            Ok(note) => (note.phase, note.level),
            Err(why) => return Err(why.clone()),
        };
        let taken = self.take_up(found).await?;
        self.phases += 1;
        Ok(self.count(phase, level, taken).await)
    }

    /// Goes on following the last phase, whose end was not seen, from where its connection was lost.
    pub(super) async fn see_through(&mut self, mut owned: Owned<'a>) -> bool {
        let (phase, level) = (owned.phase(), owned.level());
        self.phase_started(phase, level, owned.titles());
        let (ended, armed) = self.until_its_end(&mut owned).await;
        let Ended { ran, why, diagnosis, rebooted, unseen } = ended;
        self.unseen = unseen.then_some(owned);
        let (ran, why) = self.settled(ran, why, armed).await;
        let taken = self.close(phase, rebooted, (ran, why, diagnosis));
        self.count(phase, level, taken).await
    }

    async fn count(&mut self, phase: Phase, level: Option<Level>, taken: Taken) -> bool {
        let Taken { mut ran, mut why, diagnosis, over } = taken;
        if let Some(diagnosis) = diagnosis.filter(|_| ran == Ran::Failed) {
            (ran, why) = if diagnosis.cause.cure() == Cure::NewToken {
                (Ran::Again, Some(diagnosis.to_string())) // this run has one of its own
            } else {
                let (ran, why) = self.after_failed_join(diagnosis).await;
                (ran, Some(why))
            };
        }
        self.last_done = matches!(ran, Ran::Done | Ran::DoneAndHalted).then_some(phase);
        self.trouble = why;
        if let Some(run) = Run::of(phase, level) {
            self.ladder.on(Input::TookUp(run, ran));
        }
        over
    }

    /// Without a note there are no marks to read: only that the unit is gone is seen.
    async fn await_end(&mut self, found: &PhaseOnNode) -> Outcome {
        let start = Instant::now();
        loop {
            match self.ask_phase().await {
                Ok(Some(still)) if still.running && still.id == found.id => {}
                Ok(_) => {
                    self.notes.push(format!(
                        "{} has ended; whether early could not be told, and what it printed is in /run/kfleet/{}.out",
                        found.what, found.id
                    ));
                    return Outcome::Followed;
                }
                Err(why) => return self.unknown(why),
            }
            if start.elapsed() > self.context.patience.reset {
                return self.unknown(format!("{} was asked to end and still runs", found.what));
            }
            tokio::time::sleep(RECONNECT_PAUSE * 2).await;
        }
    }

    fn ended_otherwise(&mut self, taken: Taken) -> Outcome {
        self.trouble = taken.why;
        match taken.ran {
            Ran::Refused => Outcome::Refused,
            Ran::Halted => Outcome::Halted,
            Ran::Lost => Outcome::Lost,
            Ran::Gone => Outcome::Gone,
            _ => Outcome::Failed,
        }
    }

    fn idle(&mut self, note: &str) -> Outcome {
        self.notes.push(note.to_owned());
        Outcome::Idle
    }

    fn unknown(&mut self, why: String) -> Outcome {
        self.trouble = Some(why);
        Outcome::Failed
    }
}
