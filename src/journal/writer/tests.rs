//! What is on the disk while a run lives, and what is not.

use super::super::samples::{at, begun, name, record, write};
use super::super::{EVENTS, RECORD, find};
use super::*;
use crate::model::Phase;
use std::os::unix::fs::PermissionsExt;

const RUN: &str = "20260201t000000z-0a1b2c";

#[test]
fn a_run_appears_whole_and_for_its_user_alone() {
    let state = tempfile::tempdir().unwrap();
    let runs = state.path().join("kfleet/runs");
    write(&runs, RUN);
    let mode = |path: &Path| path.symlink_metadata().unwrap().permissions().mode() & 0o777;
    for folder in [state.path().join("kfleet"), runs.clone(), runs.join(RUN)] {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    let mut files: Vec<String> = Vec::new();
    for file in std::fs::read_dir(runs.join(RUN)).unwrap().map(Result::unwrap) {
        assert_eq!(mode(&file.path()), 0o600, "{:?}", file.path());
        files.push(file.file_name().into_string().unwrap());
    }
    files.sort();
    assert_eq!(files, [EVENTS, LOCK, "node1.log", RECORD, WHOLE]);
    assert_eq!(std::fs::read_dir(&runs).unwrap().count(), 1, "no part is left behind");
}

#[test]
fn what_happened_is_in_the_file_before_anything_is_synced() {
    let state = tempfile::tempdir().unwrap();
    let mut writer = Writer::begin(state.path(), &record(RUN)).unwrap();
    writer.event(&begun(7, "node1", Phase::Reset)).unwrap();
    let recorded = find(state.path(), &RUN.parse().unwrap()).unwrap();
    assert!(recorded.is_running() && recorded.is_whole());
    let story = recorded.story().unwrap();
    assert_eq!((story.last_ms, story.begun.contains(&name("node1"))), (7, true));
    drop(writer);
    assert!(!recorded.is_running());
}

#[test]
fn a_run_is_never_written_over_another() {
    let state = tempfile::tempdir().unwrap();
    write(state.path(), RUN);
    let again = Writer::begin(state.path(), &record(RUN)).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    assert!(find(state.path(), &RUN.parse().unwrap()).unwrap().story().unwrap().finished);
}

#[test]
fn where_the_disk_is_full_the_journal_says_that_it_is_not_whole() {
    let state = tempfile::tempdir().unwrap();
    let mut writer = Writer::begin(state.path(), &record(RUN)).unwrap();
    writer.event(&begun(1, "node1", Phase::Probe)).unwrap();
    let disk = std::mem::replace(&mut writer.events, OpenOptions::new().write(true).open("/dev/full").unwrap());
    let full = writer.event(&begun(2, "node1", Phase::Reset)).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    assert!(writer.is_honest());
    writer.events = disk; // there is room again
    writer.event(&at(3, Kind::RunFinished)).unwrap();
    let recorded = find(state.path(), &RUN.parse().unwrap()).unwrap();
    let story = recorded.story().unwrap();
    assert!(!recorded.is_whole() && story.finished && story.unread == 0);
    assert!(!story.begun.contains(&name("node1")), "that is what is not whole about it");
}

#[test]
fn the_longest_name_of_a_node_has_a_transcript() {
    let label = "a".repeat(63);
    let longest = name(&format!("{label}.{label}.{label}.{}", "a".repeat(61)));
    let state = tempfile::tempdir().unwrap();
    let writer = Writer::begin(state.path(), &record(RUN)).unwrap();
    writer.line(&longest, "x").unwrap();
    let recorded = find(state.path(), &RUN.parse().unwrap()).unwrap();
    assert_eq!(recorded.transcript(&longest).unwrap().as_deref(), Some("x\n"));
}

#[test]
fn a_journal_that_cannot_even_say_that_it_is_not_whole_is_not_honest() {
    let state = tempfile::tempdir().unwrap();
    let mut writer = Writer::begin(state.path(), &record(RUN)).unwrap();
    let whole = state.path().join(RUN).join(WHOLE);
    std::fs::remove_file(&whole).unwrap();
    std::fs::create_dir(&whole).unwrap(); // a file that cannot be removed, for root too
    writer.events = OpenOptions::new().write(true).open("/dev/full").unwrap();
    writer.event(&begun(1, "node1", Phase::Reset)).unwrap_err();
    assert!(!writer.is_honest());
}
