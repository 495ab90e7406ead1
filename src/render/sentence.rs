//! An event as one line of plain words.

use super::status_table;
use super::tally::{Activity, NodeState, Tally};
use super::text::{clock, count};
use super::totals::totals;
use crate::model::clean;
use crate::model::{Event, Kind, Level, NodeName, NodeReport, Outcome, Phase, StepStatus};

/// How much an event matters to who watches; each view shows up to a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Outcomes and failures: shown always, above the bars too.
    Important,
    /// What nodes are doing: plain output has no bars to show it.
    Routine,
    /// Each step (`-v`).
    Step,
    /// Each line that a node prints (`-vv`).
    Output,
}

impl Weight {
    /// The least important weight that plain output shows.
    pub(crate) fn at(verbose: u8) -> Self {
        match verbose {
            0 => Self::Routine,
            1 => Self::Step,
            _ => Self::Output,
        }
    }
}

/// The event's sentence, read together with all that came before it and with itself already in the tally.
pub(crate) fn sentence(tally: &Tally, event: &Event) -> Option<(Weight, String)> {
    let said = match &event.kind {
        Kind::RunStarted { run, command, nodes, .. } => {
            (Weight::Routine, format!("kfleet {}: {}, run {}", clean(command), count(nodes.len(), "node"), clean(run)))
        }
        Kind::Waiting { node, what } => (Weight::Routine, format!("{node}: {}", clean(what))),
        Kind::PhaseStarted { node, phase, attempt, level, .. } => {
            (Weight::Routine, format!("{node}: {}{}", attempt_words(*attempt), phase_words(*phase, *level)))
        }
        Kind::StepFinished { node, step, status } => (Weight::Step, step_words(tally, node, *step, *status)),
        Kind::Output { node, line } => (Weight::Output, format!("{node} | {}", clean(line))),
        Kind::PhaseFinished { node, phase, error: None } => (Weight::Step, format!("{node}: {phase} done")),
        Kind::PhaseFinished { node, phase, error: Some(error) } => {
            (Weight::Important, format!("{node}: {phase} failed: {}", first_line(error)))
        }
        Kind::Measured { status } if status.error.is_some() => return None, // its end says why
        Kind::Measured { status } => (Weight::Routine, format!("{}: {}", status.node, status_table::verdict(status))),
        Kind::Rehearsed { rehearsal } if rehearsal.outcome.is_some() => return None, // as above
        Kind::Rehearsed { rehearsal } => {
            (Weight::Routine, format!("{}: would {}", rehearsal.node, clean(&rehearsal.verdict)))
        }
        // Why was said when the brake fell, once for all of them.
        Kind::NodeFinished { report } if report.outcome == Outcome::NotStarted => {
            (Weight::Routine, format!("{}: {}", report.node, report.outcome))
        }
        Kind::NodeFinished { report } => (Weight::Important, report_words(tally, report)),
        Kind::Braked { why, nodes } => {
            (Weight::Important, format!("kfleet: {} not started: {}", count(nodes.len(), "node"), clean(why)))
        }
        Kind::Warned { what } => (Weight::Important, format!("kfleet: {}", clean(what))),
        Kind::Stopping => {
            let text = "kfleet: stopping: no new phase starts, running ones are followed to their end; Ctrl-C once more leaves at once";
            (Weight::Important, text.to_owned())
        }
        Kind::RunFinished if tally.reports().next().is_none() => return None, // ended before any node was
        Kind::RunFinished => (Weight::Routine, format!("kfleet: {}", totals(tally.reports()))),
        Kind::Left => (Weight::Routine, "kfleet: left at once; what nodes run goes on".to_owned()),
        Kind::NodeStarted { .. } | Kind::StepStarted { .. } | Kind::Unknown => return None,
    };
    Some(said)
}

/// The first line that says anything, made safe.
pub(crate) fn first_line(text: &str) -> String {
    text.lines().map(clean).find(|line| !line.trim().is_empty()).unwrap_or_default()
}

fn attempt_words(attempt: u32) -> String {
    if attempt == 0 { String::new() } else { format!("attempt {attempt}: ") }
}

fn phase_words(phase: Phase, level: Option<Level>) -> String {
    let word = match phase {
        Phase::Probe => "probing",
        Phase::Reset => "resetting",
        Phase::Join => "joining",
        Phase::Restart => "restarting the kubelet",
        Phase::Restore => "putting back",
        Phase::Reboot => return "booting the machine anew".to_owned(),
    };
    level.map_or_else(|| word.to_owned(), |level| format!("{word} ({level})"))
}

/// `node3: step 3/9 unmount below /var/lib/kubelet: done`.
fn step_words(tally: &Tally, node: &NodeName, step: usize, status: StepStatus) -> String {
    let status = match status {
        StepStatus::Done => "done",
        StepStatus::Nothing => "nothing to do",
        StepStatus::Tolerated => "did not succeed, which is tolerated",
        StepStatus::Failed => "failed",
        StepStatus::Refused => "refused by its guard",
    };
    step_line(tally, node, step, status)
}

/// The same with any word for how it stands.
pub(super) fn step_line(tally: &Tally, node: &NodeName, step: usize, status: &str) -> String {
    let number = step.saturating_add(1);
    let steps = match tally.node(node).map(|node| &node.state) {
        Some(NodeState::Active(work)) => match &work.activity {
            Activity::Phase { steps, .. } => steps.as_slice(),
            Activity::Waiting(_) => &[],
        },
        _ => &[],
    };
    match steps.get(step) {
        Some(title) => format!("{node}: step {number}/{} {}: {status}", steps.len(), clean(title)),
        None => format!("{node}: step {number}: {status}"),
    }
}

/// `node3: failed after 2 attempts, 1:03: kubelet did not start`; the error only where its last phase has not said it.
pub(super) fn report_words(tally: &Tally, report: &NodeReport) -> String {
    let NodeReport { node, outcome, .. } = report;
    let attempts = match report.attempts {
        0 => String::new(),
        n => format!(" after {n} attempt{}", if n == 1 { "" } else { "s" }),
    };
    let mut words = format!("{node}: {outcome}{attempts}, {}", clock(report.elapsed_ms));
    let said = tally.node(node).and_then(|node| node.last_error.as_deref());
    if let Some(error) = report.error.as_deref().filter(|error| said.map(first_line) != Some(first_line(error))) {
        words.push_str(": ");
        words.push_str(&first_line(error));
    }
    words
}
