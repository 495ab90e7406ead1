//! How it ended, node by node.

use super::sentence::first_line;
use super::style::Style;
use super::table::{Cell, Row, table};
use super::text::clock;
use super::totals::totals;
use crate::model::clean;
use crate::model::clean_lines;
use crate::model::{NodeReport, Outcome};
use std::fmt::Write as _;

const HEADER: [&str; 6] = ["NODE", "OUTCOME", "ATTEMPTS", "LEVEL", "TIME", "LAST ERROR"];

/// A table of all nodes in the given order, then for each that did not succeed its last lines and its whole error, then
/// the totals. `width` is the terminal's; `None` for a pipe, where nothing is wrapped.
pub fn summary(reports: &[NodeReport], width: Option<u16>) -> String {
    let mut text = String::new();
    if !reports.is_empty() {
        text.push_str(&table(&HEADER, &reports.iter().map(row).collect::<Vec<_>>(), width, Style::default()));
        text.push('\n');
    }
    for report in reports.iter().filter(|report| !report.outcome.is_success()) {
        failure(&mut text, report);
    }
    text.push_str(&totals(reports.iter()));
    text.push('\n');
    text
}

fn row(report: &NodeReport) -> Row {
    let cells = vec![
        report.node.to_string(),
        report.outcome.to_string(),
        report.attempts.to_string(),
        report.level.map_or_else(|| "-".to_owned(), |level| level.to_string()),
        clock(report.elapsed_ms),
        remark(report),
    ];
    // An error may be cut, it follows in full below the table; notes of a success stand nowhere else.
    let cut = report.error.is_some() && !report.outcome.is_success();
    Row { cells: cells.into_iter().map(Cell::from).collect(), height: cut.then_some(2) }
}

/// The error's first line; a success may have notes instead.
fn remark(report: &NodeReport) -> String {
    match &report.error {
        Some(error) => first_line(error),
        None if report.notes.is_empty() => "-".to_owned(),
        None => format!("note: {}", report.notes.iter().map(clean).collect::<Vec<_>>().join("; ")),
    }
}

/// What a person needs to go on by hand: the last that the node said, and what kfleet makes of it.
fn failure(text: &mut String, report: &NodeReport) {
    let NodeReport { node, outcome, error, notes, tail, .. } = report;
    if *outcome == Outcome::Interrupted && error.is_none() && tail.is_empty() {
        return; // the row has said it all
    }
    let _ = writeln!(text, "{node}: {outcome}"); // writing to a String cannot fail, here and below
    for line in tail {
        let _ = writeln!(text, "  {node} | {}", clean(line));
    }
    for line in error.iter().flat_map(|error| clean_lines(error)) {
        let _ = writeln!(text, "  {line}");
    }
    for note in notes {
        let _ = writeln!(text, "  note: {}", clean(note));
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::reports;

    #[test]
    fn a_terminal_wraps_the_last_column() {
        insta::assert_snapshot!("summary_80", summary(&reports(), Some(80)));
        insta::assert_snapshot!("summary_50", summary(&reports(), Some(50)));
    }

    #[test]
    fn a_pipe_wraps_nothing() {
        insta::assert_snapshot!("summary_pipe", summary(&reports(), None));
    }

    #[test]
    fn no_width_and_no_text_breaks_it() {
        for width in [0, 1, 10, 40, 71, 72, 300] {
            assert!(
                summary(&reports(), Some(width))
                    .ends_with("5 nodes: 1 joined, 1 already joined, 1 failed, 1 unreachable, 1 interrupted\n")
            );
        }
        assert_eq!(summary(&[], Some(80)), "0 nodes\n");
    }
}
