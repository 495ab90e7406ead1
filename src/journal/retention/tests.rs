//! What is removed, and what stands next to it and is not.

use super::super::Writer;
use super::super::samples::{record, write};
use super::*;
use std::os::unix::fs::symlink;

fn id(n: u32) -> String {
    format!("20260201t00000{n}z-0a1b2c")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

#[test]
fn the_newest_are_kept() {
    let state = tempfile::tempdir().unwrap();
    for n in [3, 1, 5, 2, 4] {
        write(state.path(), &id(n));
    }
    prune(state.path(), 5).unwrap();
    assert_eq!(names(state.path()).len(), 5);
    prune(state.path(), 2).unwrap();
    assert_eq!(names(state.path()), [id(4), id(5)]);
    prune(&state.path().join("absent"), 2).unwrap();
}

#[test]
fn a_run_that_lives_is_kept_however_old_it_is() {
    let state = tempfile::tempdir().unwrap();
    let old = Writer::begin(state.path(), &record(&id(1))).unwrap();
    write(state.path(), &id(2));
    write(state.path(), &id(3));
    prune(state.path(), 1).unwrap();
    assert_eq!(names(state.path()), [id(1), id(3)]);
    drop(old);
    prune(state.path(), 1).unwrap();
    assert_eq!(names(state.path()), [id(3)]);
}

#[test]
fn nothing_of_others_is_removed() {
    let state = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), &id(1));
    let before = names(&outside.path().join(id(1)));
    for n in 2..=9 {
        write(state.path(), &id(n));
    }
    let run = |n: u32| state.path().join(id(n));
    // A link that has the name of a run.
    symlink(outside.path().join(id(1)), state.path().join(id(1))).unwrap();
    // A file of somebody in a run, one that is called like a transcript of no node of it, and a folder called like one.
    fs::write(run(2).join("notes.txt"), "mine").unwrap();
    fs::write(run(3).join("todo.log"), "mine").unwrap();
    fs::create_dir(run(4).join("node2.log")).unwrap();
    fs::write(run(4).join("node2.log/deep"), "mine").unwrap();
    // A transcript that is a link: it goes, what it leads to stays.
    symlink(outside.path().join(id(1)).join("run.json"), run(5).join("node2.log")).unwrap();
    // A record that is no record of this run.
    fs::copy(run(9).join(RECORD), run(6).join(RECORD)).unwrap();
    // No lock to be had.
    fs::remove_file(run(7).join(LOCK)).unwrap();
    // Folders that are called like runs, and others.
    for other in ["0notes", "Photos", ".20260201t000000z-0a1b2c.part"] {
        fs::create_dir(state.path().join(other)).unwrap();
        fs::write(state.path().join(other).join("node1.log"), "mine").unwrap();
    }
    prune(state.path(), 1).unwrap();
    let left = names(state.path());
    let others = [".20260201t000000z-0a1b2c.part", "0notes", "Photos"].map(str::to_owned);
    let mut expected: Vec<String> = others.into_iter().chain([1, 2, 3, 4, 6, 7, 9].map(id)).collect();
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(names(&run(2)), ["notes.txt"]);
    assert_eq!(names(&run(3)), ["todo.log"]);
    assert_eq!(fs::read_to_string(run(4).join("node2.log/deep")).unwrap(), "mine");
    assert_eq!([names(&run(6)).len(), names(&run(7)).len()], [5, 4]);
    for other in ["0notes", "Photos", ".20260201t000000z-0a1b2c.part"] {
        assert_eq!(names(&state.path().join(other)), ["node1.log"]);
    }
    assert_eq!(names(&outside.path().join(id(1))), before);
}

#[test]
fn what_was_removed_in_part_is_removed_the_next_time() {
    let state = tempfile::tempdir().unwrap();
    write(state.path(), &id(1));
    write(state.path(), &id(2));
    for file in ["events.ndjson", "node1.log", "whole"] {
        fs::remove_file(state.path().join(id(1)).join(file)).unwrap();
    }
    prune(state.path(), 1).unwrap();
    assert_eq!(names(state.path()), [id(2)]);
}
