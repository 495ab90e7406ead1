//! A run that another kfleet goes on with.

use crate::bed::Bed;
use crate::run::{Run, kfleet, start, start_as};
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

/// What a resumed run takes up can be asked to end as well, and it goes no further by itself.
pub fn stopped(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "half-joined");
    let held = bed.hold(node, 3);
    let mut running = start(bed, &["join", node, "--yes"]);
    held.reached_by(&mut running);
    running.kill();
    let killed = running.finish();

    let mut resumed = start(bed, &["join", "--resume", id(&killed), "--yes"]);
    held.reached_by(&mut resumed);
    let second = kfleet(bed, &["join", "--resume", id(&killed), "--yes"]);
    assert_eq!((second.code, second.text.as_str()), (Some(3), ""), "two go on with one run");
    let mut bob = start_as(bed, "bob", &["stop", node]);
    held.reached_by(&mut bob);
    held.release();
    bob.finish().expect(node, Outcome::Stopped);
    let resumed = resumed.finish();
    let report = resumed.expect(node, Outcome::Halted);
    assert!(report.error.as_deref().unwrap_or_default().contains("by bob@"), "{report:?}");
    assert_eq!((resumed.code, report.attempts), (Some(1), 0));
    let phases = |run: &Run| {
        let is_phase = |kind: &Kind| matches!(kind, Kind::PhaseStarted { phase: Phase::Reset | Phase::Join, .. });
        run.events.iter().filter(|event| is_phase(&event.kind)).count()
    };
    assert_eq!(phases(&resumed), 1, "it went on: {}", resumed.text);
    assert!(bed.nodes().iter().all(|name| name != node), "{node} was joined");

    let again = kfleet(bed, &["join", "--resume", id(&killed), "--yes"]);
    again.expect(node, Outcome::Joined);
}
