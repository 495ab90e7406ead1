//! Runs that are kept, and runs that go on with them.

use crate::fake::{Fleet, context, node, run};
use crate::outcomes;
use kfleet::cluster::ControlPlane;
use kfleet::diagnose::Scope;
use kfleet::engine::{Context, Kept, Task};
use kfleet::model::{Event, Kind, Level, NodeName, Outcome, Phase, Policy, Rejoin};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// `join --replace` of nodes that are healthy members; what it launches never ends.
fn replacing() -> (Context<Fleet>, Receiver<Event>) {
    let (mut context, receiver) = context(Policy::default());
    let transport = Arc::clone(&context.transport);
    context.task = Task::Join;
    context.control_plane =
        Some(ControlPlane::new(transport, node("cp"), "run1".to_owned(), Duration::from_secs(1200)));
    context.rejoin = Rejoin { replace: true, ..Rejoin::default() };
    context.patience.node = Some(Duration::from_secs(2));
    (context, receiver)
}

#[tokio::test]
async fn what_an_earlier_run_had_begun_with_is_not_replaced_again() {
    let (mut context, receiver) = replacing();
    context.begun = [NodeName::new("n1").unwrap()].into();
    let seen = run((context, receiver), &["n1", "n2"]).await;
    assert_eq!(outcomes(&seen), [Outcome::AlreadyJoined, Outcome::OutOfTime]);
    assert_eq!((seen.reports[0].level, seen.reports[1].level), (None, Some(Level::Gentle)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_launched_before_it_is_on_the_disk() {
    let (mut context, receiver) = context(Policy::default());
    context.task = Task::Reset { start: Level::Gentle, ceiling: Level::Gentle, scope: Scope::Everything };
    context.patience.node = Some(Duration::from_secs(3));
    let (keeper, kept) = channel();
    context.events = context.events.kept_by(keeper);
    let disk = std::thread::spawn(move || {
        let mut before = Vec::new();
        let answer = loop {
            match kept.recv().unwrap() {
                Kept::Event(event) => before.push(event.kind),
                Kept::Asked(answer) => break answer,
            }
        };
        assert!(matches!(before.last(), Some(Kind::PhaseStarted { phase: Phase::Reset, .. })), "{before:?}");
        let meanwhile = kept.recv_timeout(Duration::from_millis(500)).err();
        assert_eq!(meanwhile, Some(RecvTimeoutError::Timeout), "the node is at work before");
        answer.send(()).unwrap();
        kept.iter().any(|kept| matches!(kept, Kept::Event(event) if matches!(event.kind, Kind::Output { .. })))
    });
    run((context, receiver), &["n1"]).await;
    assert!(disk.join().unwrap(), "it is at work afterwards");
}
