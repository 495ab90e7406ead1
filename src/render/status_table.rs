//! What was measured, node by node.

use super::findings::{Reasons, codes, paint, worst};
use super::status_cells::{COLUMNS, WIDE, cells, measured, wide_cells};
use super::style::{Paint, Style};
use super::table::{Cell, Row, table};
use super::text::{columns, hang, pad};
use crate::model::clean;
use crate::model::{Fact, Facts, NodeStatus, Severity};
use std::cmp::Reverse;

/// A table with the worst nodes first; below it what could not be measured and why, and every finding with its cause
/// and remedy. `width` is the terminal's; `None` for a pipe, where nothing is wrapped. `wide` adds what else a node is.
pub fn status_table(rows: &[NodeStatus], wide: bool, width: Option<u16>, style: Style) -> String {
    let sorted = worst_first(rows);
    let header: Vec<&str> = COLUMNS.iter().chain(WIDE.iter().filter(|_| wide)).copied().collect();
    let shown: Vec<Row> = sorted.iter().map(|status| row(status, wide, width.is_some())).collect();
    let mut text = table(&header, &shown, width, style);
    let name = sorted.iter().map(|status| columns(status.node.as_str())).max().unwrap_or(0);
    let below: String = sorted.iter().map(|status| below(status, wide, name, width, style)).collect();
    if !below.is_empty() {
        text.push('\n');
        text.push_str(&below);
    }
    text
}

/// The verdict in one phrase: `error KF002, KF005`.
pub(crate) fn verdict(status: &NodeStatus) -> String {
    match worst(&status.findings) {
        None => "nothing wrong found".to_owned(),
        Some(severity) => format!("{} {}", severity.word(), codes(&status.findings)),
    }
}

/// Not reached, then by the worst finding, then with unknowns; equals keep the inventory's order.
pub(crate) fn worst_first(rows: &[NodeStatus]) -> Vec<&NodeStatus> {
    let badness = |status: &NodeStatus| -> (bool, Option<Severity>, bool) {
        let unknown = measured(status).iter().any(|(_, fact)| fact.known().is_none());
        (status.error.is_some(), worst(&status.findings), unknown)
    };
    let mut sorted: Vec<&NodeStatus> = rows.iter().collect();
    sorted.sort_by_key(|status| Reverse(badness(status)));
    sorted
}

fn row(status: &NodeStatus, wide: bool, narrow: bool) -> Row {
    let mut cells = cells(status, narrow, wide);
    if wide {
        let known = |fact: &Fact<String>| Cell::from(fact.known().map_or_else(|| "?".to_owned(), clean));
        let nothing = Facts::default();
        let facts = status.facts.as_deref().unwrap_or(&nothing);
        cells.extend(wide_cells(facts).iter().map(|(_, fact)| known(fact)));
    }
    Row { cells, height: None }
}

/// Why the row has `?`, and what was found. Of a node that was not reached nothing can be known, so only that is said.
fn below(status: &NodeStatus, wide: bool, name: usize, width: Option<u16>, style: Style) -> String {
    let mut text = String::new();
    let mut line = |head: &str, dress: Paint, words: &str| {
        let first = pad(status.node.as_str(), name);
        let used = name + 2 + columns(head);
        text.push_str(&format!("{first}  {}{}\n", dress.on(head, style), hang(words, used, name + 2, width)));
    };
    if let Some(why) = &status.error {
        line("not reached: ", Paint::Bad, &clean(why));
        return text;
    }
    for sentence in unknown(status, wide).sentences() {
        line("", Paint::Plain, &sentence);
    }
    for finding in &status.findings {
        let head = format!("{} {}: ", finding.code, finding.severity.word());
        let words = format!("{} — {}", clean(&finding.cause), clean(&finding.remedy));
        line(&head, paint(finding.severity), &words);
    }
    text
}

/// Why the row has `?`.
fn unknown(status: &NodeStatus, wide: bool) -> Reasons<'static> {
    let mut reasons = Reasons::default();
    for (name, fact) in measured(status) {
        if let Fact::Unknown(why) = fact {
            reasons.add(name, why);
        }
    }
    for (name, fact) in status.facts.iter().filter(|_| wide).flat_map(|facts| wide_cells(facts)) {
        if let Fact::Unknown(why) = fact {
            reasons.add(name, &why);
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{fleet, statuses};

    fn shown(rows: &[NodeStatus], width: Option<u16>) -> String {
        status_table(rows, false, width, Style::default())
    }

    #[test]
    fn worst_first_with_every_reason_below() {
        insta::assert_snapshot!("status_pipe", shown(&statuses(), None));
        insta::assert_snapshot!("status_120", shown(&statuses(), Some(120)));
        insta::assert_snapshot!("status_80", shown(&statuses(), Some(80)));
        insta::assert_snapshot!("status_50", shown(&statuses(), Some(50)));
    }

    #[test]
    fn what_real_nodes_say_fits_eighty_columns() {
        let text = shown(&fleet(), Some(80));
        insta::assert_snapshot!("status_fleet_80", text);
        let table = text.lines().take_while(|line| !line.is_empty());
        assert!(table.clone().count() > 5 && table.clone().all(|line| columns(line) <= 80));
        insta::assert_snapshot!("status_fleet_120", shown(&fleet(), Some(120)));
    }

    #[test]
    fn a_wide_one_tells_what_else_a_node_is() {
        insta::assert_snapshot!("status_wide_pipe", status_table(&fleet(), true, None, Style::default()));
        insta::assert_snapshot!("status_wide_80", status_table(&fleet(), true, Some(80), Style::default()));
    }

    #[test]
    fn colours_are_a_second_voice() {
        let colored = status_table(&fleet(), false, Some(80), Style { color: true });
        assert!(colored.contains("\x1b[1;31mKF002 error: \x1b[0m") && colored.contains("\x1b[38;5;2mnone"));
        let plain = console::strip_ansi_codes(&colored).into_owned();
        let trimmed = plain.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>();
        assert_eq!(trimmed, shown(&fleet(), Some(80)));
        assert!(!status_table(&fleet(), true, None, Style::default()).contains('\x1b'));
    }

    #[test]
    fn no_width_breaks_a_word() {
        let whole = shown(&fleet(), Some(500));
        let words: Vec<&str> = whole.split_whitespace().collect();
        for width in 0..200 {
            let text = shown(&fleet(), Some(width));
            let broken = text.split_whitespace().find(|word| !words.contains(word));
            assert_eq!(broken, None, "{width}: {text}");
        }
    }

    #[test]
    fn a_verdict_is_a_phrase() {
        let verdicts: Vec<String> = statuses().iter().map(verdict).collect();
        assert_eq!(verdicts[0], "nothing wrong found");
        assert_eq!(verdicts[1], "error KF002, KF005");
    }
}
