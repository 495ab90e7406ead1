//! A run that another kfleet goes on with.

use crate::bed::Bed;
use crate::run::{Run, kfleet, start};
use kfleet::model::{Kind, Outcome, Phase};

fn id(run: &Run) -> &str {
    let mut ids = run.events.iter().filter_map(|event| match &event.kind {
        Kind::RunStarted { run, .. } => Some(run.as_str()),
        _ => None,
    });
    ids.next().expect("it began")
}

/// Killed while a healthy member is reset for its replacement, and before it was the other one's turn.
pub fn killed(bed: &Bed) {
    let nodes = ["node1", "node2"];
    bed.fresh(&nodes);
    let first = kfleet(bed, &["join", "node[1-2]", "--yes"]);
    assert_eq!(first.code, Some(0), "{}", first.text);

    let mut running = start(bed, &["join", "node[1-2]", "--replace", "--parallel", "1", "--yes"]);
    running.until(|kind| matches!(kind, Kind::PhaseStarted { phase: Phase::Reset, .. }));
    running.until(|kind| matches!(kind, Kind::StepFinished { step: 2, .. })); // it runs on the node, and has made its copies
    running.kill();
    let killed = running.finish();
    assert_eq!(killed.code, Some(137));
    let begun = killed.events.iter().rev().find_map(|event| event.kind.node()).expect("a node was begun with");

    let resumed = kfleet(bed, &["join", "--resume", id(&killed), "--yes"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.text);
    for node in nodes {
        resumed.expect(node, Outcome::Joined);
        assert!(bed.nodes().contains(&node.to_owned()), "the API server has no {node}");
        // Each reset leaves copies under the run that it belongs to.
        let (by, other) = if node == begun.as_str() { (&killed, &resumed) } else { (&resumed, &killed) };
        let copies = bed.see(node, "ls /var/lib/kfleet/backup");
        let has = |run: &Run| copies.lines().any(|line| line == id(run));
        assert!(has(by) && !has(other), "{node} was reset by another, or twice: {copies}");
    }
    let again = kfleet(bed, &["join", "--resume", id(&killed), "--yes"]);
    assert_eq!((again.code, again.text.as_str()), (Some(0), ""), "what ended well is not begun again");
}
