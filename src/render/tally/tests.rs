use super::*;
use crate::model::StepStatus;
use crate::render::samples::{any_events, at, finished, name, phase, report, started, step, stepped, waiting};
use proptest::prelude::*;

fn tally(events: &[Event]) -> Tally {
    let mut tally = Tally::default();
    for event in events {
        tally.apply(event);
    }
    tally
}

fn work<'a>(tally: &'a Tally, node: &str) -> &'a Work {
    match &tally.node(&name(node)).unwrap().state {
        NodeState::Active(work) => work,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_node_is_queued_then_active_then_finished() {
    let mut events = vec![started(&["b", "a"])];
    assert_eq!(tally(&events).counts(), Counts { queued: 2, ..Counts::default() });
    events.push(at(700, Kind::NodeStarted { node: name("a") }));
    events.push(waiting(900, "a", "connecting"));
    let active = tally(&events);
    assert_eq!(active.counts(), Counts { queued: 1, active: 1, ..Counts::default() });
    assert_eq!(work(&active, "a").started_ms, 700, "not moved by later events");
    events.push(finished(2_000, report("a", Outcome::Joined)));
    events.push(waiting(2_100, "a", "a late word changes nothing"));
    let over = tally(&events);
    assert_eq!(over.counts(), Counts { queued: 1, ok: 1, ..Counts::default() });
    assert_eq!(over.reports().count(), 1);
}

#[test]
fn waiting_between_phases_still_belongs_to_the_attempt() {
    let tally = tally(&[phase(0, "a", Phase::Join, 2, None), waiting(1, "a", "waiting for the Node object")]);
    assert_eq!(work(&tally, "a").attempt, 2);
    assert!(matches!(&work(&tally, "a").activity, Activity::Waiting(what) if what.contains("Node object")));
}

#[test]
fn a_script_that_was_waited_for_goes_on_where_it_was() {
    let lost = [phase(0, "a", Phase::Reset, 1, None), step(1, "a", 0), waiting(2, "a", "connection lost")];
    assert!(matches!(work(&tally(&lost), "a").activity, Activity::Waiting(_)));
    let back = [&lost[..], &[stepped(3, "a", 0, StepStatus::Done), step(4, "a", 1)]].concat();
    let tally = tally(&back);
    let Activity::Phase { steps, step, .. } = &work(&tally, "a").activity else { panic!("it still waits") };
    assert_eq!((steps.is_empty(), *step), (false, Some(1)));
}

#[test]
fn a_hole_in_the_recording_hides_only_what_fell_into_it() {
    let tally = tally(&[
        step(5, "a", 7),
        finished(6, report("c", Outcome::Failed)),
        stepped(7, "b", 1, StepStatus::Done),
        at(8, Kind::Unknown),
        started(&["c", "b", "b"]),
    ]);
    let names: Vec<&str> = tally.nodes().iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["c", "b", "a"], "the inventory's order, strangers last");
    assert_eq!(tally.counts(), Counts { active: 2, failed: 1, ..Counts::default() });
}

proptest! {
    #[test]
    fn every_node_is_in_exactly_one_place(events in any_events()) {
        let tally = tally(&events);
        prop_assert_eq!(tally.counts().total(), tally.nodes().len());
        for node in tally.nodes() {
            prop_assert_eq!(&tally.node(&node.name).unwrap().name, &node.name);
        }
    }
}
