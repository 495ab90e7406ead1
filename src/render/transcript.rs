//! What happened on one node, for people who read it later.

use super::sentence::{report_words, sentence, step_line};
use super::tally::{NodeState, Tally};
use super::text::clock;
use crate::model::{Event, Kind, NodeName, clean};

/// Makes lines of events: all that `-vv` shows, with the time since the run began.
#[derive(Debug, Default)]
pub struct Transcript {
    tally: Tally,
    run: String,
}

impl Transcript {
    /// The event as a line for the node that it is about; for all that are being worked on where it is about the run.
    pub fn lines(&mut self, event: &Event) -> Vec<(NodeName, String)> {
        self.tally.apply(event);
        if let Kind::RunStarted { run, .. } = &event.kind {
            self.run = clean(run);
        }
        let said = match &event.kind {
            Kind::NodeStarted { node } => {
                Some(format!("{node}: kfleet {}, run {}, begins", clean(self.tally.command()), self.run))
            }
            Kind::StepStarted { node, step } => Some(step_line(&self.tally, node, *step, "begins")),
            Kind::NodeFinished { report } => Some(report_words(&self.tally, report)),
            _ => sentence(&self.tally, event).map(|(_, text)| text),
        };
        let Some(said) = said else { return Vec::new() };
        let line = format!("{:>11}  {said}", precise(event.at_ms));
        match event.kind.node() {
            Some(node) => vec![(node.clone(), line)],
            None => self.active().map(|node| (node.clone(), line.clone())).collect(),
        }
    }

    /// Nodes whose story is not over, and whether their turn had come, in the run's order.
    pub(super) fn open(&self) -> impl Iterator<Item = (&NodeName, bool)> {
        self.tally.nodes().iter().filter_map(|node| match node.state {
            NodeState::Queued => Some((&node.name, false)),
            NodeState::Active(_) => Some((&node.name, true)),
            NodeState::Finished(_) => None,
        })
    }

    fn active(&self) -> impl Iterator<Item = &NodeName> {
        self.open().filter(|(_, begun)| *begun).map(|(name, _)| name)
    }
}

/// `0:14.203`.
fn precise(ms: u64) -> String {
    format!("{}.{:03}", clock(ms), ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{name, story};

    #[test]
    fn each_node_has_its_own_lines_and_those_of_the_run_while_it_is_worked_on() {
        let mut transcript = Transcript::default();
        let lines: Vec<(NodeName, String)> = story().iter().flat_map(|event| transcript.lines(event)).collect();
        let of = |node: &str| {
            let lines = lines.iter().filter(|(name, _)| name.as_str() == node).map(|(_, line)| line.as_str());
            lines.collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!("transcript", format!("{}\n\n{}\n\n{}", of("node1"), of("node2"), of("node3")));
        assert!(lines.iter().all(|(_, line)| !line.chars().any(crate::model::is_unsafe)));
        assert!(of("node2").contains("stopping") && !of("node1").contains("stopping"));
        assert_eq!(transcript.open().count(), 0, "{:?}", name("node1"));
    }
}
