//! The bodies of the fuzz targets, on fixtures, on what was ever found (`tests/fixtures/fuzz`) and on random bytes.

#[path = "fuzz/bodies.rs"]
mod bodies;

use bodies::ALL;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

/// Fixtures that are like what a body reads; `cargo fuzz` is given the same.
fn seeds(name: &str) -> Vec<&'static str> {
    match name {
        "facts" | "text" => vec!["probes"],
        "lines" | "cause" => vec!["kubeadm-1.20.2", "kubeadm-public"],
        "answers" => vec!["api-view"],
        "inventory" => vec!["inventory"],
        "containerd" => vec!["containerd-config", "containerd-1.6.20", "containerd-1.7.24", "containerd-2.1.9"],
        "journal" => vec!["journal/schema-1/20260131t235959z-0a1b2c", "journal/schema-1/20260201t000200z-2c3d4e"],
        _ => Vec::new(),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
#[expect(clippy::print_stdout, reason = "a failure says of which file")]
fn fixtures_and_what_was_ever_found_hold() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for (name, body) in ALL {
        let own = format!("fuzz/{name}");
        for folder in seeds(name).into_iter().chain([own.as_str()]) {
            let files = files(&fixtures.join(folder));
            assert!(!files.is_empty(), "{folder} has no seeds");
            for file in files {
                println!("{name}: {}", file.display());
                body(&fs::read(file).unwrap());
            }
        }
    }
}

#[test]
fn every_body_is_a_target() {
    let package = include_str!("fuzz/Cargo.toml");
    let targets: Vec<&str> = package.lines().filter_map(|line| line.strip_prefix("name = ")).skip(1).collect();
    assert_eq!(targets, ALL.map(|(name, _)| format!("{name:?}")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_bytes_hold(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for (_, body) in ALL {
            body(&bytes);
        }
    }

    #[test]
    fn any_text_holds(text in "(\\PC{0,8}|[-=:.\\[\\]{}\"'|#*& \\n\\t]{1,6}|[a-z0-9]{1,8}){0,40}") {
        for (_, body) in ALL {
            body(text.as_bytes());
        }
    }

    /// Fixtures with bytes changed, left out and put in.
    #[test]
    fn altered_fixtures_hold(which in any::<prop::sample::Index>(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<Option<u8>>()), 1..12)) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        for (name, body) in ALL {
            let folders = seeds(name).into_iter().map(str::to_owned).chain([format!("fuzz/{name}")]);
            let all: Vec<PathBuf> = folders.flat_map(|folder| files(&fixtures.join(folder))).collect();
            let mut bytes = fs::read(which.get(&all)).unwrap();
            for (at, byte) in &changes {
                if bytes.is_empty() {
                    break;
                }
                let at = at.index(bytes.len());
                match byte {
                    Some(byte) if byte % 2 == 0 => bytes[at] = *byte,
                    Some(byte) => bytes.insert(at, *byte),
                    None => drop(bytes.remove(at)),
                }
            }
            body(&bytes);
        }
    }
}
