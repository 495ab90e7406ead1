//! Holds the code to the tables of ARCHITECTURE.md, which are read here, so that table and code cannot part: what a room
//! may do and does not do any more has to leave the table too.

#[path = "support/markdown.rs"]
mod markdown;
#[path = "support/source.rs"]
mod source;

use source::{SourceFile, files_below, imports, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const DOCUMENT: &str = include_str!("../ARCHITECTURE.md");
/// A file with more lines holds more than one idea.
const MOST_LINES: usize = 450;

type Rooms = BTreeMap<String, BTreeSet<String>>;

/// First column to second column, both in backticks.
fn two_columns(title: &str) -> Rooms {
    let mut rooms = Rooms::new();
    for row in markdown::table(markdown::section(DOCUMENT, title)) {
        for word in words(row[0]) {
            let allowed = words(row[1]).into_iter().map(str::to_owned).collect();
            assert!(rooms.insert(word.to_owned(), allowed).is_none(), "`{word}` has two rows under `{title}`");
        }
    }
    assert!(rooms.len() > 10, "the table under `{title}` cannot be read");
    rooms
}

/// What stands in backticks in a cell.
fn words(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The room of a module path: the longest of the document's names that it begins with.
fn room(path: &[String], rooms: &Rooms) -> Option<String> {
    (1..=path.len()).rev().map(|n| path[..n].join("::")).find(|name| rooms.contains_key(name))
}

fn room_of(file: &SourceFile, rooms: &Rooms) -> String {
    let place = file.path.display();
    room(&file.module, rooms).unwrap_or_else(|| panic!("{place} is in no room of ARCHITECTURE.md"))
}

#[test]
fn every_import_is_in_the_table_and_every_entry_is_used() {
    let allowed = two_columns("What may import what");
    let mut seen: BTreeMap<(String, String), PathBuf> = BTreeMap::new();
    for file in sources().iter().filter(|file| !file.module.is_empty()) {
        let from = room_of(file, &allowed);
        for to in imports(file).iter().filter_map(|path| room(path, &allowed)).filter(|to| *to != from) {
            seen.entry((from.clone(), to)).or_insert_with(|| file.path.clone());
        }
    }
    let used: BTreeSet<_> = seen.keys().cloned().collect();
    let listed: BTreeSet<_> =
        allowed.iter().flat_map(|(from, to)| to.iter().map(move |to| (from.clone(), to.clone()))).collect();
    let forbidden: Vec<_> =
        used.difference(&listed).map(|edge| format!("{edge:?} in {}", seen[edge].display())).collect();
    let stale: Vec<_> = listed.difference(&used).collect();
    assert!(forbidden.is_empty(), "imports that ARCHITECTURE.md does not allow (from, to): {forbidden:#?}");
    assert!(stale.is_empty(), "ARCHITECTURE.md allows what nobody needs (from, to): {stale:#?}");
    assert!(used.len() > 20, "the imports cannot be read: only {} were found", used.len());
}

#[test]
fn the_table_has_no_cycle() {
    let mut left = two_columns("What may import what");
    while !left.is_empty() {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, to)| to.iter().all(|to| !left.contains_key(to)))
            .map(|(room, _)| room.clone())
            .collect();
        assert!(!free.is_empty(), "these rooms import each other in a circle: {:?}", left.keys());
        left.retain(|room, _| !free.contains(room));
    }
}

#[test]
fn what_belongs_to_a_room_is_used_there_alone() {
    let rooms = two_columns("What may import what");
    for row in markdown::table(markdown::section(DOCUMENT, "What only some rooms touch")) {
        let owners: BTreeSet<String> = words(row[1]).into_iter().map(str::to_owned).collect();
        let mut users = BTreeSet::new();
        for file in sources().iter().filter(|file| !file.module.is_empty()) {
            for word in words(row[0]).into_iter().filter(|word| names(&file.code, word)) {
                let room = room_of(file, &rooms);
                assert!(
                    owners.contains(&room),
                    "{} uses `{word}`, which ARCHITECTURE.md keeps to {owners:?}",
                    file.path.display()
                );
                users.insert(room);
            }
        }
        assert_eq!(users, owners, "ARCHITECTURE.md gives {} to rooms that do not use it", row[0]);
    }
}

/// Whether `code` has `word`, not as the end of a longer one.
fn names(code: &str, word: &str) -> bool {
    let ends_a_word = |at: usize| code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| !ends_a_word(at))
}

#[test]
#[expect(clippy::print_stdout, reason = "a test talks to people")]
fn files_are_short() {
    let mut lengths: Vec<(usize, PathBuf)> = files_below(Path::new("src"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs" || e == "sh"))
        .map(|path| (std::fs::read_to_string(&path).unwrap().lines().count(), path))
        .collect();
    lengths.sort();
    let (median, (most, longest)) = (lengths[lengths.len() / 2].0, lengths.last().unwrap());
    println!("{} files, median {median} lines, longest {} with {most}", lengths.len(), longest.display());
    assert!(*most <= MOST_LINES, "{} has {most} lines; {MOST_LINES} is the limit", longest.display());
}

mod reading {
    use super::source::{SourceFile, blanked, imports};

    #[test]
    fn comments_strings_and_characters_are_no_code() {
        let text = "a // crate::x\n/* b */ \"crate::\\\"y\" r#\"z\"\"# '{' '\\'' &'a str br\"q\" for";
        assert_eq!(blanked(text).split_whitespace().collect::<Vec<_>>(), ["a", "&'a", "str", "for"]);
    }

    #[test]
    fn imports_are_found_however_they_are_written() {
        let code =
            "use crate::model::{self, Fact, path::{A, B}}; use super::super::plan::X; fn f(n: &crate::shell::Word) {}";
        let module = ["engine", "node", "inner"].map(str::to_owned).to_vec();
        let file = SourceFile { path: "src/engine/node/inner.rs".into(), module, code: code.to_owned() };
        let found: Vec<String> = imports(&file).iter().map(|path| path.join("::")).collect();
        assert_eq!(
            found,
            ["engine::plan::X", "model::Fact", "model::path::A", "model::path::B", "model::self", "shell::Word"]
        );
    }
}
