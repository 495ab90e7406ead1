//! All that is known of what is wrong with a node, finding by finding.

use super::findings::{Reasons, cure, paint, worst};
use super::status_table::worst_first;
use super::style::{Paint, Style};
use super::text::{columns, count, hang};
use crate::model::{Fact, Facts, Finding, NodeStatus, clean};

/// Lines of evidence that are shown; one more stands for the rest.
const EVIDENCE: usize = 8;
/// Where the words behind `seen`, `do`, `cure` and `more` begin.
const INDENT: usize = 9;
/// In the reason of what was not tried: a status asks neither what only a join needs nor for the Node of who has not joined.
const NOT_TRIED: &str = " was not asked";

/// Each node with its findings: cause, what it was told from, remedy and cure; the worst node first. `width` is the
/// terminal's; `None` for a pipe, where nothing is wrapped or cut.
pub fn diagnosis(rows: &[NodeStatus], width: Option<u16>, style: Style) -> String {
    let nodes: Vec<String> = worst_first(rows).into_iter().map(|status| node(status, width, style)).collect();
    nodes.join("\n")
}

fn node(status: &NodeStatus, width: Option<u16>, style: Style) -> String {
    let mut text = heading(status, width, style);
    for finding in &status.findings {
        text.push_str(&of_finding(finding, width, style));
    }
    if let Some(facts) = &status.facts {
        for sentence in unknown(facts) {
            text.push_str(&format!("{}\n", hang(&sentence, 0, INDENT, width)));
        }
    }
    text
}

/// `node2: error, 2 findings`.
fn heading(status: &NodeStatus, width: Option<u16>, style: Style) -> String {
    let name = status.node.as_str();
    let (verdict, dress) = match (&status.error, worst(&status.findings)) {
        (Some(why), _) => (format!("not measured: {}", clean(why)), Paint::Bad),
        (None, None) => ("nothing wrong found".to_owned(), Paint::Good),
        (None, Some(severity)) => {
            (format!("{}, {}", severity.word(), count(status.findings.len(), "finding")), paint(severity))
        }
    };
    let verdict = hang(&verdict, columns(name) + 2, 2, width);
    format!("{}: {}\n", Paint::Strong.on(name, style), dress.on(&verdict, style))
}

fn of_finding(finding: &Finding, width: Option<u16>, style: Style) -> String {
    let code = format!("{} {}", finding.code, finding.severity.word());
    let cause = hang(&clean(&finding.cause), columns(&code) + 2, INDENT, width);
    let mut text = format!("{}  {cause}\n", paint(finding.severity).on(&code, style));
    let mut line = |name: &str, words: &str| text.push_str(&format!("  {name:INDENT$}{words}\n", INDENT = INDENT - 2));
    for seen in finding.evidence.iter().take(EVIDENCE) {
        line("seen", &hang(&clean(seen), INDENT, INDENT, width));
    }
    if let Some(rest) = finding.evidence.len().checked_sub(EVIDENCE).filter(|rest| *rest > 0) {
        line("", &format!("and {rest} more"));
    }
    line("do", &hang(&clean(&finding.remedy), INDENT, INDENT, width));
    line("cure", cure(finding));
    line("more", &format!("kfleet explain {}", finding.code));
    text
}

/// What could not be measured, by reason; what nobody has tried to measure is none of it. The facts are gone through as JSON has them, so that none is forgotten here.
fn unknown(facts: &Facts) -> Vec<String> {
    let Ok(serde_json::Value::Object(facts)) = serde_json::to_value(facts) else { return Vec::new() };
    let Fact::Unknown(untried) = Fact::<()>::default() else { return Vec::new() };
    let names: Vec<(String, &str)> = facts
        .iter()
        .filter_map(|(name, fact)| Some((name, fact.get("unknown")?.as_str()?)))
        .filter(|(_, why)| *why != untried && !why.contains(NOT_TRIED))
        .map(|(name, why)| (name.replace('_', " "), why))
        .collect();
    let mut reasons = Reasons::default();
    for (name, why) in &names {
        reasons.add(name, why);
    }
    reasons.sentences()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::fleet;

    #[test]
    fn each_finding_with_what_it_was_told_from() {
        insta::assert_snapshot!("diagnosis_80", diagnosis(&fleet(), Some(80), Style::default()));
        insta::assert_snapshot!("diagnosis_pipe", diagnosis(&fleet(), None, Style::default()));
    }

    #[test]
    fn no_line_is_cut() {
        for width in 40..100 {
            let text = diagnosis(&fleet(), Some(width), Style::default());
            let long = text.lines().find(|line| columns(line) > usize::from(width));
            assert_eq!(long, None, "{width}");
        }
        let piped = diagnosis(&fleet(), None, Style::default());
        assert!(!piped.contains('…') && !piped.contains('\x1b'));
        let colored = diagnosis(&fleet(), None, Style { color: true });
        assert_eq!(console::strip_ansi_codes(&colored), piped);
    }
}
