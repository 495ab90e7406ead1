//! The events of a run, line by line, and what they come to.

use super::LONGEST;
use crate::model::{Event, Kind, NodeName, NodeReport};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, Read};

/// What the events of a run come to.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The ends of nodes, in the order of the run's nodes.
    pub reports: Vec<NodeReport>,
    /// Nodes on which a phase that changes them had begun.
    pub begun: BTreeSet<NodeName>,
    /// The run came to its own end.
    pub finished: bool,
    /// Its user left it before.
    pub left: bool,
    /// When the last thing happened, in milliseconds since the run began.
    pub last_ms: u64,
    /// Lines that could not be read.
    pub unread: usize,
}

impl Story {
    /// Reads `events.ndjson` of a run on these nodes.
    pub fn read(reader: &mut impl BufRead, nodes: &[NodeName]) -> io::Result<Self> {
        let (mut story, mut reports) = (Self::default(), BTreeMap::new());
        lines(reader, |line| {
            if let Some(at_ms) = time_of_output(line) {
                story.last_ms = story.last_ms.max(at_ms);
                return;
            }
            let Ok(event) = serde_json::from_slice::<Event>(line) else {
                story.unread += 1;
                story.begun.extend(unknown_phase(line));
                return;
            };
            story.last_ms = story.last_ms.max(event.at_ms);
            match event.kind {
                Kind::PhaseStarted { node, phase, .. } if phase.changes() => {
                    story.begun.insert(node);
                }
                Kind::NodeFinished { report } => {
                    reports.insert(report.node.clone(), report);
                }
                Kind::RunFinished => story.finished = true,
                Kind::Left => story.left = true,
                _ => {}
            }
        })?;
        story.reports = nodes.iter().filter_map(|node| reports.remove(node)).collect();
        Ok(story)
    }
}

/// Gives `take` each event, in the order in which they happened; the number of lines that could not be read.
pub fn read_events(reader: &mut impl BufRead, mut take: impl FnMut(Event)) -> io::Result<usize> {
    let mut unread = 0;
    lines(reader, |line| match serde_json::from_slice(line) {
        Ok(event) => take(event),
        Err(_) => unread += 1,
    })?;
    Ok(unread)
}

fn lines(reader: &mut impl BufRead, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line != b"\n" {
            take(&line);
        }
    }
}

/// When a node printed a line, where the event is that. Told from how it begins and ends: these lines are nearly all there
/// are in a long journal.
fn time_of_output(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(br#"{"at_ms":"#).filter(|rest| rest.ends_with(b"}\n"))?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    rest[digits..].starts_with(br#","event":"output","#).then_some(())?;
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// The node on which a phase of a newer kfleet's begins: what it does is not known, so it may change the node.
fn unknown_phase(line: &[u8]) -> Option<NodeName> {
    let value: Value = serde_json::from_slice(line).ok()?;
    (value["event"] == "phase_started").then(|| NodeName::new(value["node"].as_str()?).ok()).flatten()
}
