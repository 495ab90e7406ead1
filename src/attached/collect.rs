//! What the steps of an attached script printed, collected within bounds.
//!
//! The node that prints it may not be what it was given to run: a flood costs the step that it is in, never the memory,
//! and not the other steps either.

use crate::model::{ANSWER_BYTES, STEP_BYTES, TooMuch};
use crate::parse::{Mark, Marks, Part, SectionOutput};
use crate::shell::Nonce;
use std::collections::BTreeMap;

/// After so many bytes of one answer nothing more is read: the node prints without end.
pub const DRAINED_BYTES: usize = 256 << 20;

/// Bytes that are looked through at once: what they are taken apart into is in memory beside them.
const PIECE: usize = 64 << 10;

/// The reader of one script's output: bytes in, in any chunks. Of what is printed it keeps at most [`STEP_BYTES`] per step
/// and [`ANSWER_BYTES`] in all.
#[derive(Debug)]
pub struct Collect {
    marks: Marks,
    /// How many steps the script has; there is no answer to more.
    count: usize,
    steps: BTreeMap<usize, SectionOutput>,
    current: Option<Current>,
    kept: usize,
    drained: usize,
    hello: bool,
    bye: bool,
}

/// The step that runs.
#[derive(Debug)]
struct Current {
    step: usize,
    bytes: Vec<u8>,
    /// How many it printed, kept or not.
    printed: usize,
    too_much: Option<TooMuch>,
}

impl Collect {
    /// For a script of `count` steps that was rendered with `nonce`.
    pub fn new(nonce: &Nonce, count: usize) -> Self {
        Self {
            marks: Marks::new(nonce.as_str()),
            count,
            steps: BTreeMap::new(),
            current: None,
            kept: 0,
            drained: 0,
            hello: false,
            bye: false,
        }
    }

    /// Takes the next bytes in. False once more was printed than is ever read.
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        for piece in bytes.chunks(PIECE) {
            self.drained = self.drained.saturating_add(piece.len());
            if self.drained > DRAINED_BYTES {
                return false;
            }
            for part in self.marks.feed(piece) {
                match part {
                    Part::Bytes(bytes) => self.print(&bytes),
                    Part::Mark(mark) => self.mark(mark),
                }
            }
        }
        true
    }

    /// Whether the script said that it runs.
    pub fn said_hello(&self) -> bool {
        self.hello
    }

    /// Whether the script came to its end.
    pub fn said_bye(&self) -> bool {
        self.bye
    }

    /// Whether any step came to its end.
    pub fn has_steps(&self) -> bool {
        !self.steps.is_empty()
    }

    /// What the steps printed that came to their end.
    pub fn into_steps(self) -> BTreeMap<usize, SectionOutput> {
        self.steps
    }

    fn print(&mut self, bytes: &[u8]) {
        let Some(current) = &mut self.current else { return };
        current.printed = current.printed.saturating_add(bytes.len());
        // The newline before the end mark is the mark's own.
        if current.printed > STEP_BYTES + 1 {
            current.too_much = Some(TooMuch::InStep);
        } else if current.too_much.is_none() && self.kept + bytes.len() > ANSWER_BYTES {
            current.too_much = Some(TooMuch::InAll);
        }
        if current.too_much.is_some() {
            self.kept -= std::mem::take(&mut current.bytes).len();
        } else {
            self.kept += bytes.len();
            current.bytes.extend_from_slice(bytes);
        }
    }

    fn mark(&mut self, mark: Mark) {
        match mark {
            Mark::Hello => self.hello = true,
            Mark::Bye => self.bye = true,
            Mark::Stop(_) | Mark::Halt(_) => {}
            Mark::Begin(step) => {
                self.drop_current();
                let is_new = step < self.count && !self.steps.contains_key(&step);
                self.current = is_new.then(|| Current { step, bytes: Vec::new(), printed: 0, too_much: None });
            }
            Mark::End(step, status) => match self.current.take_if(|current| current.step == step) {
                Some(Current { mut bytes, too_much, .. }) => {
                    self.kept -= usize::from(bytes.pop().is_some()); // the newline that belongs to the mark
                    self.steps.insert(step, SectionOutput { bytes, status, too_much });
                }
                None => self.drop_current(),
            },
        }
    }

    /// A step that never ended has no answer.
    fn drop_current(&mut self) {
        if let Some(current) = self.current.take() {
            self.kept -= current.bytes.len();
        }
    }
}

#[cfg(test)]
mod tests;
