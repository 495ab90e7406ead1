//! Which nodes of a run may start: a state machine without IO, one input → who starts and who is given up.
//!
//! Nodes start in their order, so those that wait are always the last ones. A batch starts when all before it have ended;
//! the canary is made of the first nodes and is a batch of its own. Once the brake has fallen nothing starts any more.

use crate::model::Policy;
use std::collections::BTreeSet;
use std::ops::Range;

#[cfg(test)]
mod tests;

/// How the nodes of one run are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rules {
    /// How many nodes there are.
    pub(super) total: usize,
    /// The most at work at once, at least 1.
    pub(super) parallel: usize,
    /// The most in one batch, at least 1.
    pub(super) batch: usize,
    /// How many go before all others.
    pub(super) canary: usize,
    /// How many may end badly before no other is started.
    pub(super) max_failures: usize,
}

impl Rules {
    /// Shares become numbers: a batch is rounded up, what may fail is rounded down.
    pub(super) fn new(policy: &Policy, total: usize) -> Self {
        Self {
            total,
            parallel: policy.parallel.max(1),
            batch: policy.batch.at_least(total),
            canary: policy.canary,
            max_failures: policy.max_failures.at_most(total),
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The run begins.
    Begin,
    /// A node has ended.
    Ended {
        /// By its place.
        node: usize,
        /// It got what was asked for.
        well: bool,
    },
    /// The user wants to stop.
    Stop,
    /// The time of the run is up.
    TimeUp,
}

/// Why nodes that wait are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Brake {
    /// A node of the canary ended badly.
    Canary,
    /// More nodes ended badly than may.
    Failures,
    /// The user wants to stop.
    Stop,
    /// The time of the run is up.
    TimeUp,
}

/// What follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// These start now.
    pub(super) start: Range<usize>,
    /// These will never start, and why.
    pub(super) given_up: Option<(Range<usize>, Brake)>,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Order {
    rules: Rules,
    /// The first node that waits.
    next: usize,
    /// The first node behind the batch that is being taken.
    batch_end: usize,
    at_work: BTreeSet<usize>,
    failed: BTreeSet<usize>,
    brake: Option<Brake>,
}

impl Order {
    /// Nobody has started.
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, next: 0, batch_end: 0, at_work: BTreeSet::new(), failed: BTreeSet::new(), brake: None }
    }

    /// Those that ended badly so far.
    pub(super) fn failed(&self) -> impl Iterator<Item = usize> {
        self.failed.iter().copied()
    }

    /// Whether somebody has begun and not ended.
    pub(super) fn has_nodes_at_work(&self) -> bool {
        !self.at_work.is_empty()
    }

    /// Whether every node has ended or was given up.
    pub(super) fn is_over(&self) -> bool {
        self.at_work.is_empty() && self.next == self.rules.total
    }

    /// One input, one answer. The end of a node that is not at work changes nothing.
    pub(super) fn on(&mut self, input: Input) -> Answer {
        let brake = match input {
            Input::Begin => None,
            Input::Ended { node, well } => {
                if self.at_work.remove(&node) && !well {
                    self.failed.insert(node);
                }
                self.judge()
            }
            Input::Stop => Some(Brake::Stop),
            Input::TimeUp => Some(Brake::TimeUp),
        };
        self.brake = self.brake.or(brake);
        match self.brake {
            None => Answer { start: self.fill(), given_up: None },
            Some(brake) => {
                let waiting = self.next..self.rules.total;
                self.next = self.rules.total;
                Answer { start: 0..0, given_up: (!waiting.is_empty()).then_some((waiting, brake)) }
            }
        }
    }

    /// Whether what has ended badly is too much.
    fn judge(&self) -> Option<Brake> {
        if self.failed.first().is_some_and(|first| *first < self.rules.canary) {
            return Some(Brake::Canary);
        }
        (self.failed.len() > self.rules.max_failures).then_some(Brake::Failures)
    }

    /// Starts as many as there is room for.
    fn fill(&mut self) -> Range<usize> {
        let first = self.next;
        if first == self.batch_end && self.at_work.is_empty() {
            let border = if first < self.rules.canary { self.rules.canary } else { usize::MAX };
            self.batch_end = first.saturating_add(self.rules.batch).min(border).min(self.rules.total);
        }
        let room = self.rules.parallel.saturating_sub(self.at_work.len());
        self.next = self.batch_end.min(first.saturating_add(room));
        self.at_work.extend(first..self.next);
        first..self.next
    }
}
