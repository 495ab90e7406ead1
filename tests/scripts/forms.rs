//! What the scripts say.

use super::support::{SECRET, all};
use std::fs;

/// The text with the constant library files replaced by their names: those are read as files, not as snapshots.
fn without_library(text: &str) -> String {
    let mut text = text.to_owned();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/plan/sh");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for file in files {
        let library = fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        text = text.replace(library.trim_end(), &format!("# [plan/sh/{name}]"));
    }
    text.replace('\x1e', "\\x1e")
}

#[test]
fn every_script_reads_as_it_did() {
    for (name, script) in all() {
        insta::assert_snapshot!(name, without_library(script.masked()));
    }
}

#[test]
fn secrets_are_in_the_node_s_text_alone() {
    let mut carriers = Vec::new();
    for (name, script) in all() {
        assert!(!script.masked().contains(SECRET), "{name} shows the token to people");
        assert!(!format!("{script:?}").contains(SECRET), "{name} shows the token to a log");
        if script.real().contains(SECRET) {
            carriers.push(name);
        }
    }
    assert_eq!(carriers, ["join", "launch"]);
}
