//! What a run would do, node by node.

use super::findings::paint;
use super::style::{Paint, Style};
use super::text::{columns, hang};
use crate::model::{Outcome, Phase, Rehearsal, Rehearsed, clean};

/// Where the words behind `stands` and `found` begin.
const INDENT: usize = 10;

/// Each node with its verdict, how it stands, what was found, and the steps of all that it may get; `scripts` are added
/// as they would be sent, secrets masked. `width` is the terminal's; `None` for a pipe, where nothing is wrapped.
pub fn rehearsal(nodes: &[Rehearsal], scripts: bool, width: Option<u16>, style: Style) -> String {
    nodes.iter().map(|told| node(told, scripts, width, style)).collect::<Vec<_>>().join("\n")
}

fn node(told: &Rehearsal, scripts: bool, width: Option<u16>, style: Style) -> String {
    let name = told.node.as_str();
    let dress = match told.outcome {
        None => Paint::Warn,
        Some(Outcome::AlreadyJoined | Outcome::AlreadyClean) => Paint::Good,
        Some(_) => Paint::Bad,
    };
    let verdict = hang(&clean(&told.verdict), columns(name) + 2, 2, width);
    let mut text = format!("{}: {}\n", Paint::Strong.on(name, style), dress.on(&verdict, style));
    let mut line = |title: &str, words: &str| text.push_str(&format!("  {title:width$}{words}\n", width = INDENT - 2));
    if let Some(stands) = told.stands.as_ref().filter(|stands| !told.verdict.contains(*stands)) {
        line("stands", &hang(&clean(stands), INDENT, INDENT, width));
    }
    for finding in &told.findings {
        let code = format!("{} {}", finding.code, finding.severity.word());
        let cause = hang(&clean(&finding.cause), INDENT + columns(&code) + 2, INDENT, width);
        line("found", &format!("{}  {cause}", paint(finding.severity).on(&code, style)));
    }
    if told.stands.is_some() && told.findings.is_empty() {
        line("found", "nothing wrong");
    }
    for note in &told.notes {
        line("note", &hang(&clean(note), INDENT, INDENT, width));
    }
    for phase in &told.phases {
        text.push_str(&of_phase(phase, scripts, width));
    }
    text
}

/// `first: reset (gentle)` and its steps by number.
fn of_phase(told: &Rehearsed, scripts: bool, width: Option<u16>) -> String {
    let level = told.level.map(|level| format!(" ({level})")).unwrap_or_default();
    let what = match told.phase {
        Phase::Restart => "restart the kubelet".to_owned(),
        Phase::Restore => "put back".to_owned(),
        phase => format!("{phase}{level}"),
    };
    let refusal = told.refusal.as_ref().map(|why| format!(", which would be {}", refused(&clean(why))));
    let heading = format!("{}: {what}{}", told.when, refusal.unwrap_or_default());
    let mut text = format!("  {}\n", hang(&heading, 2, 4, width));
    for (i, step) in told.steps.iter().enumerate() {
        text.push_str(&format!("  {:4}  {}\n", i + 1, hang(&clean(step), 8, 8, width)));
    }
    if scripts && told.refusal.is_none() {
        text.push_str(&told.script);
    }
    text
}

fn refused(why: &str) -> String {
    if why.starts_with("refused") { why.to_owned() } else { format!("refused: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Level;
    use crate::render::samples::{name, statuses};

    fn nodes() -> Vec<Rehearsal> {
        let phase = |when: &str, phase, level, steps: &[&str]| Rehearsed {
            when: when.to_owned(),
            phase,
            level,
            steps: steps.iter().map(|step| (*step).to_owned()).collect(),
            refusal: None,
            script: format!("# the script of the {phase}\n"),
        };
        let healthy = Rehearsal {
            node: name("node1"),
            stands: Some("it is a healthy member".to_owned()),
            findings: Vec::new(),
            verdict: "nothing, as it is a healthy member".to_owned(),
            outcome: Some(Outcome::AlreadyJoined),
            notes: Vec::new(),
            phases: Vec::new(),
        };
        let refused =
            "containerd serves others too: Docker; --allow-shared-runtime removes only Kubernetes' share of it";
        let broken = Rehearsal {
            node: name("node2"),
            stands: Some("it has not joined (there is no kubelet.conf)".to_owned()),
            findings: statuses()[1].findings.clone(),
            verdict: "reset it gently, then join it".to_owned(),
            outcome: None,
            notes: vec!["the token abcdef is dead; a new one would be made".to_owned()],
            phases: vec![
                phase("first", Phase::Reset, Some(Level::Gentle), &["stop kubelet", "remove kubelet state"]),
                phase("then", Phase::Join, None, &["kubeadm join"]),
                Rehearsed {
                    refusal: Some(refused.to_owned()),
                    ..phase("where the level below did not help", Phase::Reset, Some(Level::Aggressive), &[])
                },
            ],
        };
        let away = Rehearsal {
            node: name("node3"),
            stands: None,
            verdict: "unreachable: connecting to 192.168.4.63:22: connection refused".to_owned(),
            outcome: Some(Outcome::Unreachable),
            ..healthy.clone()
        };
        vec![healthy, broken, away]
    }

    #[test]
    fn a_verdict_comes_before_the_steps_and_scripts_only_on_demand() {
        insta::assert_snapshot!("rehearsal_80", rehearsal(&nodes(), false, Some(80), Style::default()));
        insta::assert_snapshot!("rehearsal_scripts", rehearsal(&nodes(), true, None, Style::default()));
    }
}
