//! How it ended, node by node.

use super::findings::{codes_in_short, paint};
use super::sentence::first_line;
use super::style::{Paint, Style};
use super::table::{Cell, Row, table};
use super::text::{clock, columns, count, fit, hang, longest_word};
use super::totals::totals;
use crate::model::{Finding, NodeReport, Outcome, Severity};
use crate::model::{clean, clean_lines};

const HEADER: [&str; 7] = ["NODE", "OUTCOME", "ATTEMPTS", "LEVEL", "TIME", "FINDINGS", "REMARK"];
/// What these columns say of a node that has nothing there. Where that is all that they say, a terminal does not show them.
const NOTHING: [(usize, &str); 3] = [(2, "0"), (3, "-"), (5, "-")];
/// The longest remark of a row. What is longer stands below the table.
const REMARK: usize = 60;
/// The longest word of a note in a row: it cannot be broken, and would leave no room for the rest.
const WORD: usize = 20;
/// So many names stand before what several nodes have in common; the table has them all.
const ALIKE: usize = 4;

/// A table of all nodes in the given order, then what did not fit in it: for each node that did not succeed its whole
/// error, what was found before anything was changed and its last lines, then the totals. `width` is the terminal's;
/// `None` for a pipe, where nothing is wrapped.
pub fn summary(reports: &[NodeReport], width: Option<u16>, style: Style) -> String {
    let mut text = String::new();
    if !reports.is_empty() {
        let rows: Vec<Row> = reports.iter().map(|report| row(report, width.is_some())).collect();
        // For programs each column has its place.
        let (header, rows) = if width.is_some() { telling(rows) } else { (HEADER.to_vec(), rows) };
        text.push_str(&table(&header, &rows, width, style));
        text.push('\n');
    }
    for report in reports {
        let below = if report.outcome.is_success() { notes(report, width) } else { failure(report, width, style) };
        let Some(alike) = alike(report, reports) else { continue };
        if !below.is_empty() {
            let verdict = format!("{alike}: {}", report.outcome);
            text.push_str(&format!("{}\n{below}\n", outcome_paint(report.outcome).on(&verdict, style)));
        }
    }
    text.push_str(&totals(reports.iter()));
    text.push('\n');
    text
}

/// The columns that say something.
fn telling(mut rows: Vec<Row>) -> (Vec<&'static str>, Vec<Row>) {
    let mut header = HEADER.to_vec();
    for (column, nothing) in NOTHING.into_iter().rev() {
        if rows.iter().all(|row| row.cells[column].text == nothing) {
            header.remove(column);
            for row in &mut rows {
                row.cells.remove(column);
            }
        }
    }
    (header, rows)
}

fn row(report: &NodeReport, narrow: bool) -> Row {
    let acted_on: Vec<&Finding> = acted_on(report).collect();
    let findings = if acted_on.is_empty() { "-".to_owned() } else { codes_in_short(&acted_on, narrow) };
    let cells = [
        report.node.to_string(),
        report.outcome.to_string(),
        report.attempts.to_string(),
        report.level.map_or_else(|| "-".to_owned(), |level| level.to_string()),
        clock(report.elapsed_ms),
        findings,
        remark(report),
    ];
    let mut cells: Vec<Cell> = cells.into_iter().map(Cell::from).collect();
    cells[1].paint = outcome_paint(report.outcome);
    Row { cells, height: has_error(report).then_some(2) }
}

/// Whose end is told with this report's: nodes that were not started for one reason are told of once, with the first of
/// them.
fn alike(report: &NodeReport, reports: &[NodeReport]) -> Option<String> {
    if report.outcome != Outcome::NotStarted {
        return Some(report.node.to_string());
    }
    let same = |other: &&NodeReport| other.outcome == report.outcome && other.error == report.error;
    let names: Vec<&str> = reports.iter().filter(same).map(|report| report.node.as_str()).collect();
    if names.first() != Some(&report.node.as_str()) {
        return None;
    }
    let more = names.len().saturating_sub(ALIKE);
    let shown = names[..names.len() - more].join(", ");
    Some(if more > 0 { format!("{shown} and {}", count(more, "other node")) } else { shown })
}

/// The error, without the word that the outcome says already.
fn error(report: &NodeReport) -> Option<&str> {
    let said = report.error.as_deref()?;
    let word = (report.outcome == Outcome::NotStarted).then(|| said.strip_prefix("not started: ")).flatten();
    Some(word.unwrap_or(said))
}

fn outcome_paint(outcome: Outcome) -> Paint {
    match outcome {
        Outcome::NotStarted | Outcome::Interrupted | Outcome::Unknown => Paint::Warn,
        outcome if outcome.is_success() => Paint::Good,
        _ => Paint::Bad,
    }
}

/// What a node had that needs something to be done about it.
fn acted_on(report: &NodeReport) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| finding.severity > Severity::Note)
}

fn has_error(report: &NodeReport) -> bool {
    report.error.is_some() && !report.outcome.is_success()
}

/// The beginning of the error; a success may have notes instead.
fn remark(report: &NodeReport) -> String {
    match error(report) {
        Some(error) if has_error(report) => fit(&first_line(error), REMARK),
        _ if report.notes.is_empty() => "-".to_owned(),
        _ if notes_fit(report) => format!("note: {}", joined(&report.notes)),
        _ => format!("{}, below", count(report.notes.len(), "note")),
    }
}

fn joined(notes: &[String]) -> String {
    notes.iter().map(clean).collect::<Vec<_>>().join("; ")
}

fn notes_fit(report: &NodeReport) -> bool {
    let notes = joined(&report.notes);
    columns(&notes) <= REMARK && longest_word(&notes) <= WORD
}

/// What the row of a success had no room for.
fn notes(report: &NodeReport, width: Option<u16>) -> String {
    let long = report.notes.iter().filter(|_| !notes_fit(report));
    long.map(|note| format!("  note: {}\n", hang(&clean(note), 8, 8, width))).collect()
}

/// What a person needs to go on by hand: what kfleet makes of it, what was found, and the last that the node said.
fn failure(report: &NodeReport, width: Option<u16>, style: Style) -> String {
    let NodeReport { node, notes, tail, .. } = report;
    let error = error(report);
    let mut text = String::new();
    if error.is_none() && notes.is_empty() && tail.is_empty() {
        return text; // the row has said it all
    }
    for line in error.into_iter().flat_map(clean_lines) {
        text.push_str(&format!("  {}\n", hang(&line, 2, 2, width)));
    }
    for finding in acted_on(report) {
        let code = format!("{} {}", finding.code, finding.severity.word());
        let cause = hang(&clean(&finding.cause), columns(&code) + 11, 9, width);
        text.push_str(&format!("  found  {}  {cause}\n", paint(finding.severity).on(&code, style)));
    }
    for note in notes {
        text.push_str(&format!("  note: {}\n", hang(&clean(note), 8, 8, width)));
    }
    if !tail.is_empty() {
        text.push_str(&format!("  last lines of {node}:\n"));
        text.extend(tail.iter().map(|line| format!("    {}\n", clean(line))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{report, reports};

    fn shown(width: Option<u16>) -> String {
        summary(&reports(), width, Style::default())
    }

    #[test]
    fn a_terminal_wraps_and_cuts_the_last_column() {
        insta::assert_snapshot!("summary_120", shown(Some(120)));
        insta::assert_snapshot!("summary_80", shown(Some(80)));
        insta::assert_snapshot!("summary_50", shown(Some(50)));
    }

    #[test]
    fn a_pipe_wraps_nothing() {
        insta::assert_snapshot!("summary_pipe", shown(None));
    }

    #[test]
    fn an_error_is_there_once_in_short_and_once_in_full() {
        for width in [None, Some(80), Some(200)] {
            let text = shown(width).replace("\n  ", " ");
            assert_eq!(text.matches("so nothing was deleted").count(), 1, "{text}");
        }
    }

    #[test]
    fn nodes_that_were_not_started_are_told_of_once() {
        let held = |i: usize| NodeReport {
            error: Some(
                "not started: node1 failed, and max-failures 0 allows no more; run it again for the rest".to_owned(),
            ),
            elapsed_ms: 0,
            attempts: 0,
            ..report(&format!("node{i}"), Outcome::NotStarted)
        };
        let of = |last| (3..=last).map(held).collect::<Vec<_>>();
        insta::assert_snapshot!("summary_not_started", summary(&of(9), Some(100), Style::default()));
        let few = summary(&of(5), None, Style::default());
        assert!(few.contains("\nnode3, node4, node5: not started\n  node1 failed, "), "{few}");
        assert!(few.ends_with("\n3 nodes: 3 not started\n"), "{few}");
    }

    #[test]
    fn no_width_and_no_text_breaks_it() {
        let totals = "5 nodes: 1 joined, 1 already joined, 1 failed, 1 unreachable, 1 interrupted\n";
        for width in [0, 1, 10, 40, 71, 72, 300] {
            assert!(shown(Some(width)).ends_with(totals));
        }
        assert_eq!(summary(&[], Some(80), Style::default()), "0 nodes\n");
        let colored = summary(&reports(), Some(80), Style { color: true });
        assert_eq!(console::strip_ansi_codes(&colored), shown(Some(80)));
    }
}
