//! Phases that somebody else started, or this run on a connection that it has lost: asked for, followed, asked to end.

use super::connecting::RECONNECT_PAUSE;
use super::node::Driver;
use super::owned::Owned;
use crate::attached::{NoAnswer, attached};
use crate::escalate::{Input, Ran, Run};
use crate::model::{Outcome, Phase, PhaseOnNode};
use crate::parse::phase_on_node;
use crate::plan::{ASKED_STEP, ask_phase};
use crate::transport::Transport;
use std::time::{Duration, Instant};

/// For the answer to what runs.
const ANSWER: Duration = Duration::from_secs(60);

impl<T: Transport> Driver<'_, T> {
    /// `kfleet attach`: to the end of what runs; of what ran last, where nothing does.
    pub(super) async fn attach(&mut self) -> Outcome {
        let found = match self.ask_phase(None).await {
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
            Ok((Ran::Done, _)) => {
                self.notes.push(if running {
                    format!("{of}, ended well")
                } else {
                    format!("nothing runs; {of}, had ended well")
                });
                Outcome::Followed
            }
            Ok((ran, why)) => self.ended_otherwise(ran, why),
            Err(why) if running => self.unknown(why),
            Err(why) => self.idle(&format!("nothing runs; {of}, cannot be shown: {why}")),
        }
    }

    /// `kfleet stop`: asks what runs to end at its next step, and sees that it does.
    pub(super) async fn halt(&mut self) -> Outcome {
        let found = match self.ask_phase(Some(&self.context.who)).await {
            Ok(Some(found)) if found.running => found,
            Ok(_) => return self.idle("no phase runs on it"),
            Err(why) => return self.unknown(why),
        };
        self.waiting("waiting for the step to end that runs".to_owned());
        if found.note.is_err() {
            return self.await_end(&found).await;
        }
        match self.take_up(found).await {
            Ok((Ran::Halted, why)) => {
                self.notes.extend(why);
                Outcome::Stopped
            }
            Ok((Ran::Done, _)) => {
                self.notes.push("it came to its end before it could be stopped".to_owned());
                Outcome::Followed
            }
            Ok((ran, why)) => self.ended_otherwise(ran, why),
            Err(why) => self.unknown(why),
        }
    }

    /// Asks which phase the node runs, or ran last; `halted_by` names who wants it to end.
    pub(super) async fn ask_phase(&mut self, halted_by: Option<&str>) -> Result<Option<PhaseOnNode>, String> {
        let script = ask_phase(self.node, halted_by);
        for last_try in [false, true] {
            let session = self.session().await?;
            match attached(&session, self.node, &script, ANSWER).await {
                Ok(mut answer) => {
                    self.session = Some(session);
                    let said = answer.steps.remove(&ASKED_STEP).ok_or("the node did not say what it runs")?;
                    return phase_on_node(&said);
                }
                Err(NoAnswer::Lost(_)) if !last_try => {}
                Err(why) => return Err(why.to_string()),
            }
        }
        unreachable!("the last try returns")
    }

    /// Follows a phase that was started before to its end, from its first byte. It goes on where the connection is lost, like
    /// any. `Err` where it cannot be followed.
    pub(super) async fn take_up(&mut self, found: PhaseOnNode) -> Result<(Ran, Option<String>), String> {
        let PhaseOnNode { note, boot_id, since, running, .. } = found;
        let note = note?;
        let (phase, level) = (note.phase, note.level);
        let titles = note.steps.iter().map(|step| step.title.clone()).collect();
        self.changed_since_probe = true;
        self.phase_started(phase, level, titles);
        if running {
            self.waiting(format!("following what {} started at {since}", note.who));
        }
        self.tail.clear();
        let mut owned = Owned::noted(note, self.node, boot_id, &self.context.events, self.tail.clone());
        let limit = self.limit(phase);
        let (ended, armed) = self.follow_in_time(&mut owned, limit).await;
        let (ran, why) = self.settled(ended.ran, ended.why, armed.map(|armed| armed && running)).await;
        self.phase_finished(phase, why.clone());
        Ok((ran, why))
    }

    /// The same of a phase that counts as this run's own.
    pub(super) async fn go_on_with(&mut self, found: PhaseOnNode) -> Result<(), String> {
        let what = found.note.as_ref().ok().map(|note| (note.phase, note.level));
        let (ran, _) = self.take_up(found).await?;
        let run = match what {
            Some((Phase::Join, _)) => Some(Run::Join),
            Some((Phase::Restart, _)) => Some(Run::Restart),
            Some((Phase::Reset | Phase::Reboot, Some(level))) => Some(Run::Reset(level)),
            _ => None,
        };
        if let Some(run) = run {
            self.ladder.on(Input::TookUp(run, ran));
        }
        self.phases += 1;
        self.last_done = what.map(|(phase, _)| phase).filter(|_| ran == Ran::Done);
        Ok(())
    }

    /// Without a note there are no marks to read: only that the unit is gone is seen.
    async fn await_end(&mut self, found: &PhaseOnNode) -> Outcome {
        let start = Instant::now();
        loop {
            match self.ask_phase(None).await {
                Ok(Some(still)) if still.running && still.id == found.id => {}
                Ok(_) => {
                    self.notes
                        .push(format!("{} has ended; what it printed is in /run/kfleet/{}.out", found.what, found.id));
                    return Outcome::Stopped;
                }
                Err(why) => return self.unknown(why),
            }
            if start.elapsed() > self.context.patience.reset {
                return self.unknown(format!("{} was asked to end and still runs", found.what));
            }
            tokio::time::sleep(RECONNECT_PAUSE * 2).await;
        }
    }

    fn ended_otherwise(&mut self, ran: Ran, why: Option<String>) -> Outcome {
        self.trouble = why;
        match ran {
            Ran::Refused => Outcome::Refused,
            Ran::Halted => Outcome::Interrupted,
            Ran::Lost => Outcome::Lost,
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
