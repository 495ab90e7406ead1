//! Journals as crashes, newer versions and strangers leave them.

use super::super::samples::{name, record, write};
use super::*;
use crate::model::Outcome;
use std::collections::BTreeSet;
use std::io::Write;

const RUN: &str = "20260201t000000z-0a1b2c";

fn kept() -> (tempfile::TempDir, Recorded) {
    let state = tempfile::tempdir().unwrap();
    write(state.path(), RUN);
    let recorded = find(state.path(), &RUN.parse().unwrap()).unwrap();
    (state, recorded)
}

fn append(recorded: &Recorded, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().append(true).open(recorded.folder.join(EVENTS)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn what_was_written_is_read() {
    let (_state, recorded) = kept();
    assert_eq!(recorded.record, Ok(record(RUN)));
    let story = recorded.story().unwrap();
    assert_eq!((story.finished, story.last_ms, story.unread), (true, 6, 0));
    let ends: Vec<_> = story.reports.iter().map(|report| (report.node.as_str(), report.outcome)).collect();
    assert_eq!(ends, [("node1", Outcome::Joined), ("node2", Outcome::AlreadyJoined)], "in the order of the run");
    assert_eq!(story.begun, BTreeSet::from([name("node1")]), "a probe begins nothing");
    let mut events = 0;
    assert_eq!(recorded.events(|_| events += 1).unwrap(), 0);
    assert_eq!(events, 6);
    assert_eq!(recorded.transcript(&name("node1")).unwrap().as_deref(), Some("0:00.003  node1 | ok\n"));
    assert_eq!(recorded.transcript(&name("node2")).unwrap(), None);
}

#[test]
fn a_run_is_gone_on_with_by_one_alone() {
    let (state, recorded) = kept();
    let claim = recorded.claim().unwrap();
    assert!(claim.is_some());
    let other = find(state.path(), &RUN.parse().unwrap()).unwrap();
    assert!(other.claim().unwrap().is_none());
    assert!(!other.is_running(), "it does not run because somebody goes on with it");
    drop(claim);
    assert!(other.claim().unwrap().is_some());
    assert_eq!(other.record, Ok(record(RUN)));
}

#[test]
fn an_end_that_is_torn_off_costs_itself_alone() {
    for torn in [&br#"{"at_ms":7,"event":"node_fin"#[..], b"\0\0\0\0\0\0\0\0", b"\xff\xfe{", b"{}\n{}"] {
        let (_state, recorded) = kept();
        append(&recorded, torn);
        let story = recorded.story().unwrap();
        assert!(story.finished && story.unread >= 1 && story.reports.len() == 2, "{torn:?}");
    }
}

#[test]
fn every_end_of_a_journal_reads_as_far_as_it_goes() {
    let (_state, recorded) = kept();
    let whole = fs::read(recorded.folder.join(EVENTS)).unwrap();
    let mut most = 0;
    for cut in 0..=whole.len() {
        fs::write(recorded.folder.join(EVENTS), &whole[..cut]).unwrap();
        let (mut events, story) = (0, recorded.story().unwrap());
        let unread = recorded.events(|_| events += 1).unwrap();
        assert!(unread <= 1 && events >= most, "{cut}");
        assert_eq!(story.unread, unread, "{cut}");
        most = events;
    }
    assert_eq!(most, 6);
}

#[test]
fn newer_kinds_and_fields_are_passed_over_and_an_unknown_phase_counts_as_a_change() {
    let (_state, recorded) = kept();
    append(&recorded, b"{\"at_ms\":8,\"event\":\"danced\",\"node\":\"node1\",\"steps\":3}\n");
    append(&recorded, b"{\"at_ms\":9,\"event\":\"waiting\",\"node\":\"node1\",\"what\":\"x\",\"since\":[1]}\n");
    append(
        &recorded,
        b"{\"at_ms\":9,\"event\":\"phase_started\",\"node\":\"node2\",\"phase\":\"polish\",\"steps\":[]}\n",
    );
    let story = recorded.story().unwrap();
    assert_eq!((story.last_ms, story.unread), (9, 1));
    assert!(story.begun.contains(&name("node2")));
}

#[test]
fn a_line_without_end_takes_no_memory_without_end() {
    let (_state, recorded) = kept();
    let size = fs::metadata(recorded.folder.join(EVENTS)).unwrap().len();
    File::options().write(true).open(recorded.folder.join(EVENTS)).unwrap().set_len(size + 3 * LONGEST).unwrap();
    let story = recorded.story().unwrap();
    assert_eq!((story.finished, story.unread), (true, 3), "in pieces of {LONGEST} bytes");
}

#[test]
fn only_folders_that_kfleet_names_are_runs() {
    let (state, _) = kept();
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "20260201t000001z-0a1b2c");
    let link = |name: &str| {
        std::os::unix::fs::symlink(outside.path().join("20260201t000001z-0a1b2c"), state.path().join(name)).unwrap();
    };
    link("20260201t000001z-0a1b2c");
    fs::create_dir(state.path().join("20260201t000002z-0a1b2c")).unwrap();
    fs::create_dir(state.path().join(".20260201t000003z-0a1b2c.part")).unwrap();
    fs::write(state.path().join("20260201t000004z-0a1b2c"), "").unwrap();
    fs::create_dir(state.path().join("With Space")).unwrap();
    let found = runs(state.path()).unwrap();
    assert_eq!(found.iter().map(|recorded| recorded.run.as_str()).collect::<Vec<_>>(), [RUN]);
    assert!(runs(&state.path().join("absent")).unwrap().is_empty());
}

#[test]
fn a_file_that_is_a_link_is_not_read() {
    let (state, recorded) = kept();
    let secret = state.path().join("secret");
    fs::write(&secret, "hunter2").unwrap();
    for file in ["node2.log", EVENTS] {
        let _ = fs::remove_file(recorded.folder.join(file));
        std::os::unix::fs::symlink(&secret, recorded.folder.join(file)).unwrap();
    }
    assert!(recorded.transcript(&name("node2")).is_err() && recorded.story().is_err());
}

#[test]
fn records_of_others_are_told_as_such() {
    let (_state, recorded) = kept();
    let said = |text: &str| {
        fs::write(recorded.folder.join(RECORD), text).unwrap();
        let again = find(recorded.folder.parent().unwrap(), &recorded.run).unwrap();
        again.record.unwrap_err().to_string()
    };
    let newer = said(r#"{"schema": 2, "kfleet": "9.1.0", "all": "new"}"#);
    assert!(newer.contains("kfleet 9.1.0") && newer.contains("(2)"), "{newer}");
    let other = serde_json::to_string(&record("20260201t000001z-0a1b2c")).unwrap();
    assert!(said(&other).contains("another run"));
    assert!(said("{").contains("run.json") && said("").contains("run.json"));
}
