//! What was measured, node by node.

use super::table::{Row, table};
use crate::model::clean;
use crate::model::{Fact, Finding, NodeStatus, Severity};
use std::cmp::Reverse;
use std::fmt::Write as _;

const HEADER: [&str; 8] = ["NODE", "REACH", "JOINED", "KUBELET", "RUNTIME", "CRI", "IMAGE FILESYSTEM", "FINDINGS"];

/// A table with the worst nodes first; below it what could not be measured and why, and every finding with its cause
/// and remedy. `width` is the terminal's; `None` for a pipe, where nothing is wrapped.
pub fn status_table(rows: &[NodeStatus], width: Option<u16>) -> String {
    let mut sorted: Vec<&NodeStatus> = rows.iter().collect();
    sorted.sort_by_key(|status| Reverse(badness(status)));
    let mut text = table(&HEADER, &sorted.iter().map(|status| row(status)).collect::<Vec<_>>(), width);
    let mut below = String::new();
    for status in sorted {
        unmeasured(&mut below, status);
        for finding in &status.findings {
            let _ = writeln!(below, "{}  {}", status.node, finding_words(finding)); // a String cannot fail
        }
    }
    if !below.is_empty() {
        text.push('\n');
        text.push_str(&below);
    }
    text
}

/// The verdict in one phrase: `error KF002, KF005`.
pub(crate) fn verdict(status: &NodeStatus) -> String {
    match (&status.error, worst(status)) {
        (Some(why), _) => format!("not reached: {}", clean(why)),
        (None, None) => "nothing wrong found".to_owned(),
        (None, Some(severity)) => format!("{} {}", severity.word(), codes(status)),
    }
}

/// Not reached, then by the worst finding, then with unknowns; equals keep the inventory's order.
fn badness(status: &NodeStatus) -> (bool, Option<Severity>, bool) {
    let unknown = facts(status).iter().any(|(_, fact)| fact.known().is_none());
    (status.error.is_some(), worst(status), unknown)
}

fn worst(status: &NodeStatus) -> Option<Severity> {
    status.findings.iter().map(|finding| finding.severity).max()
}

fn codes(status: &NodeStatus) -> String {
    status.findings.iter().map(|finding| finding.code.to_string()).collect::<Vec<_>>().join(", ")
}

fn facts(status: &NodeStatus) -> [(&'static str, &Fact<String>); 5] {
    [
        ("joined", &status.joined),
        ("kubelet", &status.kubelet),
        ("runtime", &status.runtime),
        ("cri", &status.cri),
        ("image filesystem", &status.image_filesystem),
    ]
}

fn row(status: &NodeStatus) -> Row {
    let reach = if status.error.is_none() { "yes" } else { "no" };
    let mut cells = vec![status.node.to_string(), reach.to_owned()];
    cells.extend(facts(status).map(|(_, fact)| fact.known().map_or_else(|| "?".to_owned(), clean)));
    cells.push(match (status.error.is_none(), worst(status)) {
        (_, Some(severity)) => format!("{} {}", severity.word(), codes(status)),
        (true, None) => "none".to_owned(),
        (false, None) => "?".to_owned(),
    });
    Row { cells, height: usize::MAX }
}

/// Why the row has `?`: facts that are unknown for the same reason share a line. Of a node that was not reached
/// nothing can be known, so only that is said.
fn unmeasured(text: &mut String, status: &NodeStatus) {
    if let Some(why) = &status.error {
        let _ = writeln!(text, "{}  not reached: {}", status.node, clean(why));
        return;
    }
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, fact) in facts(status) {
        if let Fact::Unknown(why) = fact {
            let why = clean(why);
            match reasons.iter_mut().find(|(reason, _)| *reason == why) {
                Some((_, names)) => names.push(name),
                None => reasons.push((why, vec![name])),
            }
        }
    }
    for (why, names) in reasons {
        let _ = writeln!(text, "{}  {} unknown: {why}", status.node, names.join(", "));
    }
}

/// `KF002 error: cause — remedy`.
fn finding_words(finding: &Finding) -> String {
    format!("{} {}: {} — {}", finding.code, finding.severity.word(), clean(&finding.cause), clean(&finding.remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::statuses;

    #[test]
    fn worst_first_with_every_reason_below() {
        insta::assert_snapshot!("status_pipe", status_table(&statuses(), None));
        insta::assert_snapshot!("status_120", status_table(&statuses(), Some(120)));
        insta::assert_snapshot!("status_80", status_table(&statuses(), Some(80)));
    }

    #[test]
    fn no_width_breaks_it() {
        for width in [0, 1, 10, 40, 71, 72, 300] {
            assert!(status_table(&statuses(), Some(width)).contains("KF002 error"));
        }
    }

    #[test]
    fn a_verdict_is_a_phrase() {
        let verdicts: Vec<String> = statuses().iter().map(verdict).collect();
        assert_eq!(verdicts[0], "nothing wrong found");
        assert_eq!(verdicts[1], "error KF002, KF005");
        assert!(verdicts[2].starts_with("not reached: "));
    }
}
