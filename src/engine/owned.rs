//! A phase that the node owns: launched once, followed by byte offset over as many connections as it takes.

use super::context::Events;
use super::tail::Tail;
use crate::attached::{fresh_nonce, no_shell};
use crate::model::{
    Diagnosis, Kind, Level, Node, NodeName, Phase, PhaseNote, StepKind, StepNote, StepStatus, mask_secrets,
};
use crate::parse::{Lines, Mark, Marks, Part, diagnosis, join_progress, reason};
use crate::plan::{FOLLOW_STEP, PhaseScript, STALE, follow, launch};
use crate::shell::{NOTHING, REFUSED, Script};
use crate::transport::{Session, SessionError};
use std::collections::VecDeque;

/// How a phase ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PhaseEnd {
    /// Its last mark was seen.
    Done,
    /// A required step failed.
    Failed {
        /// Which, and what was seen.
        why: String,
        /// Why a join failed; `None` where another step did.
        diagnosis: Option<Diagnosis>,
    },
    /// A guard said no.
    Refused(String),
    /// It was not started at all.
    NotStarted(String),
    /// It was not started, and the node is to be looked at again: it is not as it was, or the launch never got there.
    Stale(String),
    /// It ended between two steps, because somebody asked it to.
    Halted {
        /// Where, and who asked.
        why: String,
        /// No step was left.
        done: bool,
    },
    /// It ended without its last mark (stopped, killed).
    Vanished(String),
    /// It was cut off by a boot of the node.
    Rebooted(String),
}

/// One following of the phase's output ended.
pub(super) enum Followed {
    /// The phase is over.
    Over(PhaseEnd),
    /// The connection is gone; the phase may still run.
    Lost(String),
}

/// The phase as it is seen from here.
pub(super) struct Owned<'a> {
    note: PhaseNote,
    node: &'a NodeName,
    user: &'a str,
    events: &'a Events,
    /// Where it was or will be launched; empty where that is not known.
    boot_id: String,
    marks: Marks,
    script: Option<Script>,
    offset: u64,
    /// Its first mark was seen.
    greeted: bool,
    lines: Lines,
    shown: usize,
    /// How many steps have begun.
    begun: usize,
    step: Option<usize>,
    step_lines: VecDeque<String>,
    last_error: Option<String>,
    refused: bool,
    diagnosis: Option<Diagnosis>,
    armed: Option<bool>,
    end: Option<PhaseEnd>,
    tail: Tail,
}

/// Lines of output that become events in one phase; the rest only pass through the tail.
const MOST_LINES: usize = 5000;
/// Bytes of the launcher's own words that are kept.
const LONGEST_COMPLAINT: usize = 2000;
/// Lines of one step that are kept to say why it failed.
const STEP_LINES: usize = 200;

impl<'a> Owned<'a> {
    /// Ready to be launched by `who` as `run`'s phase `id`, which is unique on the node, where the node still has this boot id
    /// and stamp; each is empty where it is not known.
    pub(super) fn new(
        phase: &PhaseScript,
        node: &'a Node,
        (id, run, who): (&str, &str, &str),
        (boot_id, stamp): (String, String),
        events: &'a Events,
        tail: Tail,
    ) -> Self {
        let nonce = fresh_nonce();
        let noted = phase.note(id, run, who, node, &nonce);
        let script = launch(&noted, phase.render(&nonce), &stamp);
        Self { script: Some(script), ..Self::noted(noted, node, boot_id, events, tail) }
    }

    /// Ready to be followed from its first byte, launched by whomever in the boot `boot_id`.
    pub(super) fn noted(noted: PhaseNote, node: &'a Node, boot_id: String, events: &'a Events, tail: Tail) -> Self {
        let arms = noted.steps.iter().any(|step| step.kind == StepKind::ArmsFirewall);
        Self {
            marks: Marks::new(&noted.nonce),
            note: noted,
            node: &node.name,
            user: &node.access.user,
            events,
            boot_id,
            script: None,
            offset: 0,
            greeted: false,
            lines: Lines::default(),
            shown: 0,
            begun: 0,
            step: None,
            step_lines: VecDeque::new(),
            last_error: None,
            refused: false,
            diagnosis: None,
            armed: if arms { None } else { Some(false) },
            end: None,
            tail,
        }
    }

    /// Launches the phase, or follows it from where the last connection was lost. Nothing is ever launched twice: the
    /// second call only follows, and finds no output where the first never got through.
    pub(super) async fn advance<S: Session>(&mut self, session: &S) -> Followed {
        let launching = self.script.is_some();
        let script = self.script.take().unwrap_or_else(|| follow(&self.note.id, &self.boot_id, self.offset));
        let outer_nonce = fresh_nonce();
        let mut reader = match session.start(&script.render(&outer_nonce)).await {
            Ok(reader) => reader,
            Err(SessionError::Lost(why)) => return Followed::Lost(why),
            Err(other) if launching => return Followed::Over(PhaseEnd::NotStarted(other.to_string())),
            Err(other) => return Followed::Lost(other.to_string()),
        };
        let mut outer = Outer::new(outer_nonce.as_str());
        while let Some(bytes) = reader.next().await {
            for part in outer.marks.feed(&bytes) {
                outer.take(part, |bytes| self.feed(bytes));
            }
            if let Some(end) = self.end.take() {
                return Followed::Over(end);
            }
        }
        match reader.end() {
            Err(SessionError::Lost(why)) => Followed::Lost(why),
            Err(other) => Followed::Lost(other.to_string()),
            Ok(exit) if !outer.hello && !launching => Followed::Lost(no_shell(self.user, &exit.stderr, exit.status)),
            Ok(exit) if !outer.hello => {
                Followed::Over(PhaseEnd::NotStarted(no_shell(self.user, &exit.stderr, exit.status)))
            }
            Ok(_) if outer.stale => {
                Followed::Over(PhaseEnd::Stale(outer.complaint.unwrap_or_else(|| "it was not started".to_owned())))
            }
            Ok(_) if launching && outer.started && !self.greeted => {
                self.offset = 0; // what came was the launcher's
                Followed::Lost(outer.complaint.unwrap_or_else(|| "what it prints could not be read".to_owned()))
            }
            Ok(_) if launching && !self.greeted => {
                let said = outer.complaint.unwrap_or_else(|| "it printed nothing".to_owned());
                Followed::Over(PhaseEnd::NotStarted(format!(
                    "the {} did not start on the node: {said}",
                    self.note.phase
                )))
            }
            Ok(_) => {
                let at = self
                    .step
                    .and_then(|i| self.note.steps.get(i))
                    .map_or_else(|| "between steps".to_owned(), |step| format!("in step `{}`", step.title));
                Followed::Over(match outer.complaint {
                    Some(said) if !launching => {
                        PhaseEnd::Rebooted(format!("the {} was cut off {at}: {said}", self.note.phase))
                    }
                    _ => PhaseEnd::Vanished(format!(
                        "the {} ended {at} without saying so (stopped or killed?)",
                        self.note.phase
                    )),
                })
            }
        }
    }

    /// `aggressive reset`.
    pub(super) fn what(&self) -> String {
        self.note.what()
    }

    pub(super) fn phase(&self) -> Phase {
        self.note.phase
    }

    pub(super) fn level(&self) -> Option<Level> {
        self.note.level
    }

    /// One title per step.
    pub(super) fn titles(&self) -> Vec<String> {
        self.note.steps.iter().map(|step| step.title.clone()).collect()
    }

    /// The boot that it belongs to; empty where that is not known.
    pub(super) fn boot_id(&self) -> &str {
        &self.boot_id
    }

    /// Whether the node's firewall timer was armed; `None` where its step was not seen to end.
    pub(super) fn armed(&self) -> Option<bool> {
        self.armed
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        for part in self.marks.feed(bytes) {
            match part {
                Part::Bytes(bytes) => {
                    for line in self.lines.feed(&bytes) {
                        self.line(&line);
                    }
                }
                Part::Mark(mark) => self.mark(mark),
            }
        }
    }

    fn line(&mut self, line: &str) {
        if self.step_lines.len() == STEP_LINES {
            self.step_lines.pop_front(); // the error is at the end
        }
        self.step_lines.push_back(line.to_owned());
        // What is told of it is seen by others: kubeadm and what it calls may print a token.
        let line = mask_secrets(line);
        self.tail.push(line.clone());
        if self.shown == MOST_LINES {
            return;
        }
        self.shown += 1;
        if let Some(what) = self.step.and_then(|step| self.waits_for(step, &line)) {
            self.events.send(Kind::Waiting { node: self.node.clone(), what: what.to_owned() });
        }
        self.events.send(Kind::Output { node: self.node.clone(), line });
    }

    fn waits_for(&self, step: usize, line: &str) -> Option<&'static str> {
        let joins = self.note.steps.get(step).is_some_and(|step| step.kind == StepKind::Joins);
        join_progress(line).filter(|_| joins)
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(line) = self.lines.take() {
            self.line(&line);
        }
        match mark {
            // The steps of the phase, each once and in order: a node that prints others makes no events of them.
            Mark::Begin(step) if step < self.begun || step >= self.note.steps.len() => self.step = None,
            Mark::Begin(step) => {
                self.begun = step + 1;
                self.step = Some(step);
                self.step_lines.clear();
                self.events.send(Kind::StepStarted { node: self.node.clone(), step });
            }
            Mark::End(step, status) if self.step == Some(step) => self.step_ended(step, status),
            Mark::Hello => self.greeted = true,
            Mark::End(..) => {}
            Mark::Stop(_) => {
                let why = self.last_error.take().unwrap_or_else(|| "a step failed".to_owned());
                self.end = Some(if self.refused {
                    PhaseEnd::Refused(why)
                } else {
                    PhaseEnd::Failed { why, diagnosis: self.diagnosis.take() }
                });
            }
            Mark::Halt(next) => {
                let asked = self.step_lines.back().map(|line| mask_secrets(line));
                let asked = asked.as_deref().map_or("asked to end", |line| line.trim_start_matches("kfleet: "));
                let before = self.note.steps.get(next).map_or_else(
                    || "after its last step".to_owned(),
                    |step| format!("before step {}/{}, `{}`", next + 1, self.note.steps.len(), step.title),
                );
                self.end = Some(PhaseEnd::Halted {
                    why: format!("the {} ended {before}: {asked}", self.note.what()),
                    done: next == self.note.steps.len(),
                });
            }
            Mark::Bye => self.end = Some(PhaseEnd::Done),
        }
    }

    fn step_ended(&mut self, step: usize, status: i32) {
        let Some(StepNote { title, required, kind }) = self.note.steps.get(step).cloned() else { return };
        if kind == StepKind::ArmsFirewall {
            self.armed = Some(status == 0);
        }
        let status_word = match status {
            0 => StepStatus::Done,
            NOTHING => StepStatus::Nothing,
            REFUSED => StepStatus::Refused,
            _ if required => StepStatus::Failed,
            _ => StepStatus::Tolerated,
        };
        if matches!(status_word, StepStatus::Failed | StepStatus::Refused) {
            let lines = self.step_lines.make_contiguous();
            self.diagnosis = (kind == StepKind::Joins && status_word == StepStatus::Failed).then(|| diagnosis(lines));
            let why = self.diagnosis.as_ref().map_or_else(|| reason(lines), ToString::to_string);
            self.last_error = Some(match status_word {
                StepStatus::Refused => format!("`{title}` was {why}"),
                _ if status == 124 => format!("`{title}` did not end in time: {why}"),
                _ => format!("`{title}` ended with status {status}: {why}"),
            });
        }
        self.events.send(Kind::StepFinished { node: self.node.clone(), step, status: status_word });
        self.step = None;
        self.refused |= status == REFUSED;
    }
}

/// The launcher's own stream, around the phase's.
struct Outer {
    marks: Marks,
    step: Option<usize>,
    said: Lines,
    complaint: Option<String>,
    hello: bool,
    /// The phase is known not to begin any more.
    stale: bool,
    /// The phase was started over this very connection.
    started: bool,
}

impl Outer {
    fn new(nonce: &str) -> Self {
        let (said, step, complaint) = (Lines::default(), None, None);
        Self { marks: Marks::new(nonce), step, said, complaint, hello: false, stale: false, started: false }
    }

    fn take(&mut self, part: Part, mut feed: impl FnMut(&[u8])) {
        match part {
            Part::Bytes(bytes) if self.step == Some(FOLLOW_STEP) => feed(&bytes),
            Part::Bytes(bytes) => {
                for line in self.said.feed(&bytes) {
                    let line = line.strip_prefix("kfleet: ").map_or(line.clone(), str::to_owned);
                    self.complaint = Some(match self.complaint.take() {
                        Some(before) if before.len() < LONGEST_COMPLAINT => format!("{before}; {line}"),
                        Some(before) => before,
                        None => line,
                    });
                }
            }
            Part::Mark(Mark::Hello) => self.hello = true,
            Part::Mark(Mark::Begin(step)) => self.step = Some(step),
            Part::Mark(Mark::End(step, status)) => {
                self.stale |= step < FOLLOW_STEP && status == STALE;
                self.started |= step + 1 == FOLLOW_STEP && status == 0;
                self.step = None;
            }
            Part::Mark(_) => self.step = None,
        }
    }
}

#[cfg(test)]
mod tests;
