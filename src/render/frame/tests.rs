use super::*;
use crate::model::{Event, Outcome};
use crate::render::samples::{any_events, finished, phase, report, started, step, waiting};
use proptest::prelude::*;

fn tally(events: &[Event]) -> Tally {
    let mut tally = Tally::default();
    for event in events {
        tally.apply(event);
    }
    tally
}

/// Three nodes at work, two done, one waiting for its turn.
fn six() -> Tally {
    tally(&[
        started(&["node1", "node2", "node3", "node4", "node5", "storagenodet3500"]),
        waiting(1_000, "node2", "connecting to 192.168.4.62:22"),
        phase(2_000, "node3", Phase::Reset, 2, Some(Level::Gentle)),
        step(3_000, "node3", 1),
        phase(40_000, "node4", Phase::Join, 1, None),
        step(41_000, "node4", 0),
        phase(52_000, "node5", Phase::Reset, 12, Some(Level::Aggressive)),
        finished(50_000, report("node1", Outcome::Joined)),
        finished(50_000, report("node2", Outcome::Failed)),
    ])
}

fn shot(tally: &Tally, now_ms: u64, width: u16, height: u16) -> String {
    frame(tally, now_ms, width, height, Style::default())
}

#[test]
fn an_ordinary_terminal() {
    insta::assert_snapshot!("frame_80x24", shot(&six(), 63_000, 80, 24));
}

#[test]
fn a_small_terminal() {
    insta::assert_snapshot!("frame_40x10", shot(&six(), 3_663_000, 40, 10));
}

#[test]
fn more_nodes_than_rows() {
    let names: Vec<String> = (1..=20).map(|n| format!("node{n}")).collect();
    let mut events = vec![started(&names.iter().map(String::as_str).collect::<Vec<_>>())];
    events.extend((0..20).map(|n| waiting(20_000 - n * 1_000, &names[usize::try_from(n).unwrap()], "connecting")));
    let tally = tally(&events);
    insta::assert_snapshot!("frame_80x8_of_20", shot(&tally, 63_000, 80, 8));
    assert_eq!(shot(&tally, 63_000, 80, 22).lines().count(), 21, "all fit exactly");
    assert!(!shot(&tally, 63_000, 80, 22).contains("more nodes"));
    assert!(shot(&tally, 63_000, 80, 21).contains("… and 2 more nodes"));
    assert_eq!(shot(&tally, 63_000, 80, 3).lines().count(), 2);
    assert_eq!(shot(&tally, 63_000, 80, 2).lines().count(), 1);
    assert_eq!(shot(&tally, 63_000, 80, 1), "");
}

#[test]
fn stopping_is_said() {
    let mut tally = six();
    tally.apply(&Event { at_ms: 1, kind: crate::model::Kind::Stopping });
    assert!(shot(&tally, 63_000, 80, 24).contains("2/6  stopping  ok 1  failed 1"));
}

#[test]
fn colours_add_to_words_and_change_no_layout() {
    let coloured = frame(&six(), 63_000, 80, 24, Style { color: true });
    assert!(coloured.contains("\x1b[33maggressive"));
    assert_eq!(console::strip_ansi_codes(&coloured), shot(&six(), 63_000, 80, 24));
}

proptest! {
    #[test]
    fn never_larger_than_the_terminal(
        events in any_events(),
        now_ms in any::<u64>(),
        width in 0..130_u16,
        height in 0..30_u16,
        color in any::<bool>(),
    ) {
        let picture = frame(&tally(&events), now_ms, width, height, Style { color });
        prop_assert!(picture.lines().count() <= usize::from(height.saturating_sub(1)));
        for line in picture.lines() {
            prop_assert!(console::measure_text_width(line) <= usize::from(width.saturating_sub(1)), "{line:?}");
        }
        prop_assert!(!console::strip_ansi_codes(&picture).chars().any(|c| c != '\n' && c.is_control()));
    }
}
