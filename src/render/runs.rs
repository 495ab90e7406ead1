//! Runs that are over, or going on elsewhere.

use super::style::{Paint, Style};
use super::table::{Cell, Row, table};
use super::text::{clock, hang};
use super::transcript::Transcript;
use crate::model::{Event, NodeName, NodeReport, RunId, RunRecord, clean};
use serde::Serialize;
use std::collections::HashMap;

/// A run, ready to be listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunRow {
    /// Its id.
    pub run: String,
    /// What it did; `None` where that cannot be read.
    pub command: Option<String>,
    /// When it began, by this machine's clock and in its time zone.
    pub began: Option<String>,
    /// How long it took, or has taken so far.
    pub took_ms: Option<u64>,
    /// How many nodes it had.
    pub nodes: Option<usize>,
    /// "all well", "2 failed", "interrupted", "cut off", "running"; or why it cannot be read.
    pub ended: String,
}

/// A table for people.
pub fn runs_table(rows: &[RunRow], width: Option<u16>, style: Style) -> String {
    if rows.is_empty() {
        return "no run was kept yet\n".to_owned();
    }
    let rows: Vec<Row> = rows.iter().map(row).collect();
    table(&["RUN", "COMMAND", "BEGAN", "TOOK", "NODES", "ENDED"], &rows, width, style)
}

fn row(run: &RunRow) -> Row {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let cells = [
        run.run.clone(),
        or_dash(run.command.as_ref().map(clean)),
        or_dash(run.began.clone()),
        or_dash(run.took_ms.map(clock)),
        or_dash(run.nodes.map(|n| n.to_string())),
        clean(&run.ended),
    ];
    let mut cells: Vec<Cell> = cells.into_iter().map(Cell::from).collect();
    cells[5].paint = match run.ended.as_str() {
        "all well" => Paint::Good,
        ended if ended.contains(" failed") => Paint::Bad,
        "running" => Paint::Plain,
        _ => Paint::Warn,
    };
    Row { cells, height: None }
}

/// One JSON object per line, for programs.
pub fn runs_json(rows: &[RunRow]) -> String {
    rows.iter().map(|row| serde_json::json!(row).to_string() + "\n").collect()
}

/// A node whose story a run did not end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// The node.
    pub node: NodeName,
    /// When the last thing was seen of it, in milliseconds since the run began.
    pub at_ms: Option<u64>,
    /// What that was; `None` where its turn had not come.
    pub seen: Option<String>,
}

/// Finds the nodes that were left where they were, event by event.
#[derive(Debug, Default)]
pub struct LastSeen {
    transcript: Transcript,
    seen: HashMap<NodeName, (u64, String)>,
}

impl LastSeen {
    /// Takes one event in.
    pub fn event(&mut self, event: &Event) {
        for (node, line) in self.transcript.lines(event) {
            if event.kind.node().is_some() {
                let line = line.trim_start();
                let said = line.split_once("  ").map_or(line, |(_, said)| said);
                self.seen.insert(node, (event.at_ms, said.to_owned()));
            }
        }
    }

    /// The nodes whose stories are not over, in the run's order.
    pub fn unfinished(mut self) -> Vec<Unfinished> {
        let open = self.transcript.open().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        open.into_iter()
            .map(|node| match self.seen.remove(&node) {
                Some((at_ms, seen)) => Unfinished { node, at_ms: Some(at_ms), seen: Some(seen) },
                None => Unfinished { node, at_ms: None, seen: None },
            })
            .collect()
    }
}

/// All that is known of one run.
#[derive(Clone, Debug, Serialize)]
pub struct RunStory {
    /// Its line of the list.
    #[serde(flatten)]
    pub row: RunRow,
    /// What was written down before it began.
    pub record: RunRecord,
    /// Whether all that happened could be written down.
    pub whole: bool,
    /// Lines that cannot be read.
    pub unread: usize,
    /// How its nodes ended.
    pub reports: Vec<NodeReport>,
    /// Those that did not.
    pub unfinished: Vec<Unfinished>,
}

/// What stands above the summary.
pub fn run_heading(story: &RunStory, width: Option<u16>) -> String {
    let RunStory { row, record, .. } = story;
    let mut lines = vec![format!(
        "{}: kfleet {} on {}, {}",
        row.run,
        clean(&record.command),
        super::text::count(record.nodes.len(), "node"),
        clean(&row.ended)
    )];
    let who = record.who.as_ref().map(|who| format!(" by {}", clean(who))).unwrap_or_default();
    let took = row.took_ms.map(|ms| format!(", {} long", clock(ms))).unwrap_or_default();
    lines.push(format!(
        "begun {}{who}{took}, by kfleet {}",
        row.began.as_deref().unwrap_or_default(),
        clean(&record.kfleet)
    ));
    lines.push(format!("inventory {}{}", clean(&record.inventory), options(record)));
    lines.extend(record.resumes.as_ref().map(|run| format!("goes on with run {run}")));
    if !story.whole {
        lines.push("not all that happened could be written down: a disk was full, or failed".to_owned());
    }
    if story.unread > 0 {
        let lines_of = super::text::count(story.unread, "line");
        lines.push(format!("{lines_of} of it cannot be read: cut off, or of a newer kfleet"));
    }
    lines.iter().map(|line| hang(line, 0, 4, width) + "\n").collect()
}

fn options(record: &RunRecord) -> String {
    let options = &record.options;
    let mut words: Vec<String> = [
        (options.replace, "--replace"),
        (options.drain, "--drain"),
        (options.force_rejoin, "--force-rejoin"),
        (options.allow_shared_runtime, "--allow-shared-runtime"),
        (record.join_command_given, "--join-command (not kept)"),
    ]
    .into_iter()
    .filter(|(given, _)| *given)
    .map(|(_, word)| word.to_owned())
    .collect();
    let order = record.order.as_ref().unwrap_or(&options.order);
    let seconds = |ms: u64| format!("{}s", ms / 1000);
    let values = [
        ("--wait", options.wait_ms.map(seconds)),
        ("--parallel", options.parallel.map(|n| n.to_string())),
        ("--batch", order.batch.map(|share| share.to_string())),
        ("--canary", order.canary.map(|n| n.to_string())),
        ("--max-failures", order.max_failures.map(|share| share.to_string())),
        ("--node-deadline", order.node_deadline_ms.map(seconds)),
        ("--deadline", order.deadline_ms.map(seconds)),
    ];
    words.extend(values.into_iter().filter_map(|(word, value)| Some(format!("{word} {}", value?))));
    if words.is_empty() { String::new() } else { format!(", with {}", words.join(" ")) }
}

/// What stands below the summary: nodes without an end.
pub fn run_unfinished(unfinished: &[Unfinished], width: Option<u16>) -> String {
    if unfinished.is_empty() {
        return String::new();
    }
    let mut text = "\nNot finished, with the last that was seen of them:\n".to_owned();
    for node in unfinished {
        let line = match (&node.seen, node.at_ms) {
            (Some(seen), Some(at_ms)) => format!("{} (at {})", clean(seen), clock(at_ms)),
            _ => format!("{}: its turn had not come", node.node),
        };
        text.push_str(&format!("  {}\n", hang(&line, 2, 6, width)));
    }
    text
}

/// The same for programs, as one line.
pub fn run_json(story: &RunStory) -> String {
    serde_json::json!(story).to_string() + "\n"
}

/// What was written down of one node, as one object: each line of it is a text.
pub fn transcript_json(run: &RunId, node: &NodeName, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    serde_json::json!({"run": run, "node": node, "lines": lines}).to_string() + "\n"
}

#[cfg(test)]
mod tests;
