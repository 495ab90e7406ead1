//! Keeps the journal of a run, on a thread of its own: neither a display nor a disk that hangs holds up the other.

use crate::engine::{Events, Kept};
use crate::journal::{Claim, Masking, Writer, prune};
use crate::model::{Event, Kind, RunRecord};
use crate::render::{Transcript, tell};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// The longest that the end of a run waits for its journal.
const LAST: Duration = Duration::from_secs(5);
/// So many events are written before the disk is asked to keep them, where they come one after the other.
const BATCH: usize = 256;

/// A journal that is being written.
pub(super) struct Keeping(Receiver<bool>);

impl Keeping {
    /// Writes what comes from `receiver` until the run is over, below `folder`, where the newest `keep` runs stay. Where there
    /// can be no journal, those of the runs that it goes on with, `resumed`, say that they do not know all.
    pub(super) fn begin(
        receiver: Receiver<Kept>,
        record: RunRecord,
        (folder, keep): (Result<PathBuf, String>, usize),
        resumed: Option<Arc<[Claim]>>,
        events: Events,
    ) -> Self {
        let (ended, end) = channel();
        let sender = events.clone();
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            let Ok(first) = receiver.recv() else { return }; // what is told of the journal comes after that the run began
            let mut journal = Journal::begin(&record, folder, keep, &events);
            if journal.writer.is_none() {
                resumed.iter().flat_map(|claims| claims.iter()).for_each(|claim| journal.doubt(claim));
            }
            let is_there = keep_all(journal, first, &receiver);
            let _ = ended.send(is_there); // who waits may have gone on
        });
        if let Err(e) = thread {
            sender.send(Kind::Warned { what: lost(&format!(" (no thread for it: {e})")) });
        }
        Self(end)
    }

    /// Waits until the last event is on the disk; whether there is a journal that can be gone on with.
    pub(super) fn end(self) -> bool {
        let ended = self.0.recv_timeout(LAST);
        if ended == Err(RecvTimeoutError::Timeout) {
            // The run is over all the same.
            tell("kfleet: the journal of this run is not on the disk yet; its end may be missing from `kfleet runs`");
        }
        ended.unwrap_or(false)
    }
}

/// What is said where there is no journal, or not all of it.
fn lost(why: &str) -> String {
    format!(
        "the journal of this run cannot be written{why}; the run goes on, but `kfleet runs` will not show all of it, and `kfleet join --resume` may not know all that was begun"
    )
}

fn keep_all(mut journal: Journal<'_>, first: Kept, receiver: &Receiver<Kept>) -> bool {
    let mut next = Some(first);
    while let Some(first) = next {
        let mut asked = Vec::new();
        let mut over = false;
        for kept in std::iter::once(first).chain(receiver.try_iter().take(BATCH)) {
            match kept {
                Kept::Event(event) => {
                    over |= matches!(event.kind, Kind::RunFinished);
                    journal.event(&event);
                }
                Kept::Asked(answer) => asked.push(answer),
            }
        }
        journal.sync(!asked.is_empty());
        for answer in asked.into_iter().filter(|_| journal.is_honest()) {
            let _ = answer.send(()); // who asked may not wait any more
        }
        next = if over { None } else { receiver.recv().ok() };
    }
    journal.writer.is_some()
}

struct Journal<'a> {
    folder: Option<PathBuf>,
    writer: Option<Writer>,
    events: &'a Events,
    masking: Masking,
    transcript: Transcript,
    /// Something has to be on the disk before work goes on.
    boundary: bool,
    warned: bool,
    /// A run that this one goes on with is not written on, and does not say so.
    hides: bool,
}

impl<'a> Journal<'a> {
    fn begin(record: &RunRecord, folder: Result<PathBuf, String>, keep: usize, events: &'a Events) -> Self {
        let masking = Masking::new(&record.nodes);
        let mut journal = Self {
            folder: None,
            writer: None,
            events,
            masking,
            transcript: Transcript::default(),
            boundary: false,
            warned: false,
            hides: false,
        };
        match folder {
            Err(why) => journal.warn(&why),
            Ok(folder) => {
                journal.folder = Some(folder.clone());
                match Writer::begin(&folder, record) {
                    Err(e) => journal.warn(&e.to_string()),
                    Ok(writer) => {
                        journal.writer = Some(writer);
                        journal.prune(&folder, keep);
                    }
                }
            }
        }
        journal
    }

    fn event(&mut self, event: &Event) {
        let event = self.masking.mask(event);
        let lines = self.transcript.lines(&event);
        self.boundary |= Writer::is_boundary(&event);
        let Some(writer) = &mut self.writer else { return };
        let mut result = writer.event(&event);
        for (node, line) in lines {
            result = result.and(writer.line(&node, &line));
        }
        self.told(result);
    }

    fn sync(&mut self, asked: bool) {
        if !std::mem::take(&mut self.boundary) && !asked {
            return;
        }
        if let Some(writer) = &self.writer {
            let result = writer.sync();
            self.told(result);
        }
    }

    fn prune(&self, folder: &Path, keep: usize) {
        if let Err(e) = prune(folder, keep) {
            let folder = folder.display();
            let what = format!("runs that are to be kept no longer could not be removed from {folder}: {e}");
            self.events.send(Kind::Warned { what });
        }
    }

    /// Whether a reader knows all, or knows that he does not.
    fn is_honest(&self) -> bool {
        !self.hides && self.writer.as_ref().is_none_or(Writer::is_honest)
    }

    fn doubt(&mut self, claim: &Claim) {
        if let Err(e) = claim.doubt() {
            self.hides = true;
            let what = format!("nor could a run that this one goes on with be marked as not fully known: {e}");
            self.events.send(Kind::Warned { what });
        }
    }

    fn told(&mut self, result: io::Result<()>) {
        if let Err(e) = result {
            self.warn(&e.to_string());
        }
    }

    /// Once: what is lost by it does not become more by being told again.
    fn warn(&mut self, why: &str) {
        if std::mem::replace(&mut self.warned, true) {
            return;
        }
        let place = self.folder.as_ref().map(|folder| format!(" in {}", folder.display())).unwrap_or_default();
        let what = lost(&format!("{place} ({why})"));
        self.events.send(Kind::Warned { what });
    }
}

#[cfg(test)]
mod tests;
