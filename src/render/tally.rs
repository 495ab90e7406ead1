//! What is known at this moment, folded from events: the model behind every view.

use crate::model::{Event, Kind, Level, NodeName, NodeReport, Outcome, Phase};
use std::collections::HashMap;

/// All nodes of a run and what each is doing.
///
/// Events are taken as they come: those of unknown nodes add the node, those that fit no state are ignored, so a
/// recording with a hole or from a newer version still shows what can be shown.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    command: String,
    nodes: Vec<NodeView>,
    index: HashMap<NodeName, usize>,
    stopping: bool,
}

/// One node, as far as the events told.
#[derive(Clone, Debug)]
pub struct NodeView {
    /// Its name.
    pub name: NodeName,
    /// Whether its turn has come, or gone.
    pub state: NodeState,
    /// What the last phase that failed gave as its error.
    pub last_error: Option<String>,
}

/// Where a node's story stands.
#[derive(Clone, Debug)]
pub enum NodeState {
    /// Waits for a slot.
    Queued,
    /// Being worked on.
    Active(Work),
    /// Over.
    Finished(Box<NodeReport>),
}

/// What is being done on an active node.
#[derive(Clone, Debug)]
pub struct Work {
    /// When its work began, in milliseconds since the run began.
    pub started_ms: u64,
    /// The join attempt that the last phase belonged to; 0 before the first and where nothing is joined.
    pub attempt: u32,
    /// What it is busy with.
    pub activity: Activity,
    /// The script in whose middle it waits: for a lost connection, for what a step tells to wait for.
    paused: Option<Activity>,
}

/// What an active node is busy with.
#[derive(Clone, Debug)]
pub enum Activity {
    /// Something without steps, as a participle.
    Waiting(String),
    /// A script.
    Phase {
        /// Which.
        phase: Phase,
        /// The reset level, for resets.
        level: Option<Level>,
        /// One title per step.
        steps: Vec<String>,
        /// The step that runs, or ran last, from 0.
        step: Option<usize>,
    },
}

/// How many nodes are where; they add up to the number of nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting for a slot.
    pub queued: usize,
    /// Being worked on.
    pub active: usize,
    /// Finished with what was asked for.
    pub ok: usize,
    /// Finished without.
    pub failed: usize,
    /// Never begun, as others failed or the time was up.
    pub not_started: usize,
    /// Ended by the user.
    pub interrupted: usize,
}

impl Counts {
    /// Nodes whose story is over.
    pub fn done(self) -> usize {
        self.ok + self.failed + self.not_started + self.interrupted
    }

    /// All nodes.
    pub fn total(self) -> usize {
        self.queued + self.active + self.done()
    }
}

impl Tally {
    /// Takes one event in.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            Kind::RunStarted { command, nodes, .. } => {
                self.command.clone_from(command);
                self.order(nodes);
            }
            Kind::NodeStarted { node } => {
                self.work(node, event.at_ms);
            }
            Kind::Waiting { node, what } => {
                if let Some(work) = self.work(node, event.at_ms) {
                    let before = std::mem::replace(&mut work.activity, Activity::Waiting(what.clone()));
                    if let Activity::Phase { .. } = before {
                        work.paused = Some(before);
                    }
                }
            }
            Kind::PhaseStarted { node, phase, attempt, level, steps } => {
                if let Some(work) = self.work(node, event.at_ms) {
                    work.attempt = *attempt;
                    let (phase, level, steps) = (*phase, *level, steps.clone());
                    work.activity = Activity::Phase { phase, level, steps, step: None };
                    work.paused = None;
                }
            }
            Kind::StepStarted { node, step: now } | Kind::StepFinished { node, step: now, .. } => {
                let Some(work) = self.work(node, event.at_ms) else { return };
                if let Some(goes_on) = work.paused.take() {
                    work.activity = goes_on;
                }
                if let Activity::Phase { step, .. } = &mut work.activity {
                    *step = Some(*now);
                }
            }
            Kind::PhaseFinished { node, error: Some(error), .. } => {
                self.entry(node).last_error = Some(error.clone());
            }
            Kind::NodeFinished { report } => {
                self.entry(&report.node).state = NodeState::Finished(Box::new(report.clone()));
            }
            Kind::Stopping => self.stopping = true,
            // A phase that ended stays shown until the next thing begins: an empty line would only flicker.
            Kind::Output { .. }
            | Kind::PhaseFinished { error: None, .. }
            | Kind::Measured { .. }
            | Kind::Rehearsed { .. }
            | Kind::Braked { .. }
            | Kind::Left
            | Kind::Warned { .. }
            | Kind::RunFinished
            | Kind::Unknown => {}
        }
    }

    /// What the run does: `join`, `reset`, `status`; empty before the first event.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// All nodes, in the inventory's order.
    pub fn nodes(&self) -> &[NodeView] {
        &self.nodes
    }

    /// The node of that name.
    pub fn node(&self, name: &NodeName) -> Option<&NodeView> {
        self.index.get(name).map(|&i| &self.nodes[i])
    }

    /// Whether the user asked to stop.
    pub fn stopping(&self) -> bool {
        self.stopping
    }

    /// The reports of finished nodes, in the inventory's order.
    pub fn reports(&self) -> impl Iterator<Item = &NodeReport> {
        self.nodes.iter().filter_map(|node| match &node.state {
            NodeState::Finished(report) => Some(&**report),
            NodeState::Queued | NodeState::Active(_) => None,
        })
    }

    /// How many nodes are where.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for node in &self.nodes {
            *match &node.state {
                NodeState::Queued => &mut counts.queued,
                NodeState::Active(_) => &mut counts.active,
                NodeState::Finished(report) if report.outcome.is_success() => &mut counts.ok,
                NodeState::Finished(report) if report.outcome == Outcome::NotStarted => &mut counts.not_started,
                NodeState::Finished(report) if report.outcome == Outcome::Interrupted => &mut counts.interrupted,
                NodeState::Finished(_) => &mut counts.failed,
            } += 1;
        }
        counts
    }

    /// Puts the run's nodes first, in their order; nodes that only events named stay behind them.
    fn order(&mut self, names: &[NodeName]) {
        let place: HashMap<&NodeName, usize> = names.iter().rev().zip((0..names.len()).rev()).collect();
        for name in names {
            self.entry(name);
        }
        self.nodes.sort_by_key(|node| place.get(&node.name).copied().unwrap_or(usize::MAX));
        self.index = self.nodes.iter().enumerate().map(|(i, node)| (node.name.clone(), i)).collect();
    }

    fn entry(&mut self, name: &NodeName) -> &mut NodeView {
        let i = *self.index.entry(name.clone()).or_insert_with(|| {
            self.nodes.push(NodeView { name: name.clone(), state: NodeState::Queued, last_error: None });
            self.nodes.len() - 1
        });
        &mut self.nodes[i]
    }

    /// The node's work, begun now if it was not; `None` where its story is over.
    fn work(&mut self, name: &NodeName, at_ms: u64) -> Option<&mut Work> {
        let node = self.entry(name);
        if matches!(node.state, NodeState::Queued) {
            let activity = Activity::Waiting("starting".to_owned());
            node.state = NodeState::Active(Work { started_ms: at_ms, attempt: 0, activity, paused: None });
        }
        match &mut node.state {
            NodeState::Active(work) => Some(work),
            NodeState::Queued | NodeState::Finished(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
