//! Nodes that flood, garble and forge: what else they say is known all the same, nothing of it reaches a terminal as it is,
//! and it takes no more memory than is promised.
//!
//! Each run is a process of its own (`measured`), whose memory is compared with that of a run on a quiet node.

#[path = "../support/context.rs"]
mod context;
#[path = "../support/local.rs"]
mod local;
mod measured;
mod node;
#[path = "../support/recorded.rs"]
mod recorded;

use kfleet::model::{Fact, Facts, Kind, NodeStatus, is_unsafe};
use measured::Seen;
use node::{Hostile, Tools};
use serde_json::Value;

/// What README.md promises of one node, in KiB.
const MOST_MEMORY: u64 = 64 << 10;

const README: &str = include_str!("../../README.md");

fn status(seen: &Seen) -> &NodeStatus {
    let measured = seen.events.iter().find_map(|event| match &event.kind {
        Kind::Measured { status } => Some(status),
        _ => None,
    });
    measured.unwrap_or_else(|| panic!("nothing was measured: {:?}", seen.events))
}

fn facts(seen: &Seen) -> Facts {
    let status = status(seen);
    let facts = status.facts.as_deref().unwrap_or_else(|| panic!("no facts: {:?}", status.error)).clone();
    Facts { uptime_seconds: Fact::default(), clock: Fact::default(), clock_offset: Fact::default(), ..facts }
}

/// Neither the text of events, nor their JSON, nor the table.
fn is_safe(seen: &Seen) {
    let shown = |what: &str, text: &str| {
        let found = text.chars().find(|c| *c != '\n' && is_unsafe(*c));
        assert!(found.is_none(), "{found:?} is shown in the {what}");
    };
    shown("JSON", &seen.json);
    shown("table", &seen.table);
    for event in &seen.events {
        strings(&serde_json::to_value(event).unwrap(), &mut |text| shown("event", text));
    }
}

fn strings(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(values) => values.iter().for_each(|value| strings(value, look)),
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            look(key);
            strings(value, look);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_bounded(seen: &Seen, quiet: &Seen) {
    let grown = seen.most_memory_kib.saturating_sub(quiet.most_memory_kib);
    assert!(grown < MOST_MEMORY, "{grown} KiB more than on a quiet node");
}

#[test]
fn what_is_promised_is_what_is_tested() {
    assert!(README.contains(&format!("{} MiB of memory", MOST_MEMORY >> 10)));
    let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
    for bound in [kfleet::model::STEP_BYTES, kfleet::model::ANSWER_BYTES, kfleet::attached::DRAINED_BYTES].map(mib) {
        assert!(README.contains(&bound), "README.md does not name {bound}");
    }
}

#[test]
fn tools_that_flood_and_forge_cost_what_they_measure_and_nothing_else() {
    let quiet = measured::run(&Tools::quiet().wrapper());
    let known = facts(&quiet);
    let all =
        [known.cri.known().is_some(), known.containerd_configured.known().is_some(), known.kubelet.known().is_some()];
    assert_eq!(all, [true; 3], "{known:?}");
    is_safe(&quiet);

    let hostile = measured::run(&Tools::hostile().wrapper());
    let seen = facts(&hostile);
    for why in [why(&seen.cri), why(&seen.containerd_running), why(&seen.kubelet), why(&seen.containerd)] {
        assert!(why.ends_with(" printed more than 1 MiB"), "{why}");
    }
    assert!(why(&seen.cgroupfs_runtimes).contains("ended with status 1"), "{:?}", seen.cgroupfs_runtimes);
    assert!(seen.kubelet_version.known().is_some(), "{:?}", seen.kubelet_version);
    let log = |facts: &Facts| facts.kubelet_log.known().map(|log| (log.complaints.len(), log.starts.len()));
    assert_eq!((log(&seen), log(&known)), (Some((1, 1)), Some((1, 1))));
    let others = Facts {
        cri: known.cri.clone(),
        containerd_running: known.containerd_running.clone(),
        kubelet: known.kubelet.clone(),
        containerd: known.containerd.clone(),
        cgroupfs_runtimes: known.cgroupfs_runtimes.clone(),
        kubelet_version: known.kubelet_version.clone(),
        kubelet_log: known.kubelet_log.clone(),
        ..seen
    };
    assert_eq!(others, known);
    is_safe(&hostile);
    is_bounded(&hostile, &quiet);
}

fn why<T: std::fmt::Debug>(fact: &Fact<T>) -> &str {
    match fact {
        Fact::Unknown(why) => why,
        Fact::Known(value) => panic!("this is known: {value:?}"),
    }
}

#[test]
fn a_node_that_lies_about_its_script_takes_no_more_memory() {
    let quiet = measured::run(&Tools::quiet().wrapper());
    for lie in Hostile::ALL {
        let seen = measured::run(&lie.wrapper());
        is_safe(&seen);
        is_bounded(&seen, &quiet);
        let error = status(&seen).error.as_deref().unwrap_or_default();
        assert!(error.contains(lie.error()), "{lie:?}: {error:?}");
    }
}
