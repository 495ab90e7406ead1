//! A run for the tests of this room.

use super::Writer;
use crate::model::{Event, Kind, NodeName, NodeReport, Outcome, Phase, RunOptions, RunRecord};
use std::path::Path;

pub(super) fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

pub(super) fn record(run: &str) -> RunRecord {
    RunRecord {
        schema: RunRecord::SCHEMA,
        kfleet: "0.1.0".to_owned(),
        run: run.parse().unwrap(),
        command: "join".to_owned(),
        who: None,
        began_unix_ms: 1_769_904_000_000,
        began: "2026-02-01T00:00:00Z".to_owned(),
        inventory: "/home/ops/inventory.yaml".to_owned(),
        nodes: vec![name("node1"), name("node2")],
        options: RunOptions::default(),
        order: None,
        join_command_given: false,
        resumes: None,
        begun: Vec::new(),
    }
}

pub(super) fn at(at_ms: u64, kind: Kind) -> Event {
    Event { at_ms, kind }
}

pub(super) fn begun(at_ms: u64, node: &str, phase: Phase) -> Event {
    at(at_ms, Kind::PhaseStarted { node: name(node), phase, attempt: 1, level: None, steps: Vec::new() })
}

pub(super) fn ended(at_ms: u64, node: &str, outcome: Outcome) -> Event {
    let report = NodeReport {
        node: name(node),
        outcome,
        attempts: 1,
        level: None,
        elapsed_ms: at_ms,
        findings: Vec::new(),
        cause: None,
        error: None,
        notes: Vec::new(),
        tail: Vec::new(),
    };
    at(at_ms, Kind::NodeFinished { report })
}

/// A run that joined node2 and then node1, which it names first.
pub(super) fn write(runs: &Path, run: &str) {
    let mut writer = Writer::begin(runs, &record(run)).unwrap();
    let events = [
        begun(1, "node1", Phase::Probe),
        begun(2, "node1", Phase::Join),
        at(3, Kind::Output { node: name("node1"), line: "ok".to_owned() }),
        ended(4, "node2", Outcome::AlreadyJoined),
        ended(5, "node1", Outcome::Joined),
        at(6, Kind::RunFinished),
    ];
    for event in &events {
        writer.event(event).unwrap();
    }
    writer.line(&name("node1"), "0:00.003  node1 | ok").unwrap();
    writer.sync().unwrap();
}
