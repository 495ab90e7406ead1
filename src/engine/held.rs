//! Nodes that nothing was done to: what is said of them.

use super::deadline::Deadline;
use super::order::{Brake, Rules};
use crate::model::{NodeName, NodeReport, Outcome, Policy};

/// So many names are told; the summary has them all.
const NAMES: usize = 5;

/// Why no other node is started, as a clause. `failed` are those that ended badly.
pub(super) fn why(
    brake: Brake,
    policy: &Policy,
    rules: &Rules,
    failed: &[&NodeName],
    deadline: Option<&Deadline>,
) -> String {
    match brake {
        Brake::Failures => format!(
            "{} of {} nodes failed, and max-failures {} allows no more ({})",
            failed.len(),
            rules.total,
            policy.max_failures,
            names(failed)
        ),
        Brake::Canary => format!(
            "{} failed, and canary {} lets others follow only where {}",
            names(failed),
            rules.canary,
            if rules.canary == 1 { "it succeeds".to_owned() } else { format!("the first {} succeed", rules.canary) },
        ),
        Brake::TimeUp => {
            let rule = deadline.map_or("the run's time", |deadline| &deadline.rule);
            format!("{rule} is up")
        }
        Brake::Stop => "stopped".to_owned(),
    }
}

/// The report of a node that is given up for that reason.
pub(super) fn given_up(node: NodeName, brake: Brake, why: &str) -> NodeReport {
    let next = match brake {
        Brake::Stop => {
            return blank(node, Outcome::Interrupted, "stopped before it was its turn; nothing was done to it");
        }
        Brake::Canary | Brake::Failures => "look at what they report, then run it again for the rest",
        Brake::TimeUp => "run it again for the rest",
    };
    blank(node, Outcome::NotStarted, &format!("not started: {why}; {next}"))
}

/// A node whose task died: a bug of ours, said as such.
pub(super) fn broken(node: NodeName) -> NodeReport {
    let said = "kfleet itself failed on this node (see the panic message above); its state is not known";
    blank(node, Outcome::Failed, said)
}

fn blank(node: NodeName, outcome: Outcome, error: &str) -> NodeReport {
    NodeReport {
        node,
        outcome,
        attempts: 0,
        level: None,
        elapsed_ms: 0,
        findings: Vec::new(),
        cause: None,
        error: Some(error.to_owned()),
        notes: Vec::new(),
        tail: Vec::new(),
    }
}

/// "node1, node2 and 7 others"
fn names(nodes: &[&NodeName]) -> String {
    let shown: Vec<&str> = nodes.iter().take(NAMES).map(|name| name.as_str()).collect();
    match nodes.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Share;

    #[test]
    fn the_rule_and_those_that_set_it_off_are_told() {
        let all: Vec<NodeName> = (1..=10).map(|i| NodeName::new(&format!("node{i}")).unwrap()).collect();
        let all: Vec<&NodeName> = all.iter().collect();
        let told = |brake, max_failures, canary, failed| {
            let policy = Policy { canary, max_failures, ..Policy::default() };
            why(brake, &policy, &Rules::new(&policy, 10), &all[..failed], None)
        };
        assert_eq!(
            told(Brake::Failures, Share::Nodes(1), 0, 2),
            "2 of 10 nodes failed, and max-failures 1 allows no more (node1, node2)"
        );
        let many = told(Brake::Failures, Share::Percent(60), 0, 7);
        assert!(many.ends_with("max-failures 60% allows no more (node1, node2, node3, node4, node5 and 2 more)"));
        assert_eq!(
            told(Brake::Canary, Share::ALL, 3, 1),
            "node1 failed, and canary 3 lets others follow only where the first 3 succeed"
        );
        assert!(told(Brake::Canary, Share::ALL, 1, 1).ends_with("only where it succeeds"));
        let report = given_up(all[9].clone(), Brake::Failures, "2 of 10 nodes failed");
        assert_eq!(report.outcome, Outcome::NotStarted);
        assert!(report.error.unwrap().starts_with("not started: 2 of 10 nodes failed; look at"));
    }
}
