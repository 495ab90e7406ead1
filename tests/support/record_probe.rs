//! Records what the probe prints on a node of a test bed that is up, for tests to read:
//!
//! ```sh
//! cargo run --example record-probe -- node1 trixie-no-cni "a member without a pod network" trixie-fresh
//! ```
//!
//! The node, the name of the file under tests/fixtures/probes, what it is, and the recording that it differs from.

#[path = "local.rs"]
mod local;
#[path = "recorded.rs"]
mod recorded;

use kfleet::attached::attached;
use kfleet::model::{Access, Become, Facts, Node, NodeName, ProtectedPath, Role};
use kfleet::parse::{SectionOutput, facts};
use kfleet::plan::{Count, Section, probe};
use kfleet::transport::Transport;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

#[expect(clippy::print_stderr, reason = "it talks to people")]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (node, name, title, base) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [node, name, title] => (node, name, title, None),
        [node, name, title, base] => (node, name, title, Some(base)),
        _ => {
            eprintln!("usage: record-probe NODE NAME TITLE [BASE]");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Runtime::new().expect("there are threads to work with");
    let sections = runtime.block_on(measure(node));
    let path = format!("{}/tests/fixtures/probes/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(&path, file(&sections, title, base)).unwrap_or_else(|e| panic!("{path}: {e}"));
    eprintln!("{path}");
    ExitCode::SUCCESS
}

async fn measure(name: &str) -> BTreeMap<&'static str, SectionOutput> {
    let testbed = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/testbed");
    let node = node(name);
    let session = LocalTransport::new([testbed, "exec", name]).connect(&node).await.expect("nothing is run yet");
    let answer = attached(&session, &node, &probe(&node, "recorded", Count::Top), Duration::from_secs(120)).await;
    let mut steps = answer.unwrap_or_else(|why| panic!("{name}: {why}")).steps;
    let sections = Section::ALL.into_iter().enumerate();
    sections.map(|(step, section)| (section.name(), steps.remove(&step).unwrap_or_default())).collect()
}

use local::LocalTransport;

fn node(name: &str) -> Node {
    let access = Access {
        host: String::new(),
        port: 0,
        user: String::new(),
        privilege: Become::None,
        identity_files: vec![],
        known_hosts: "/".into(),
        connect_timeout: Duration::ZERO,
    };
    let name = NodeName::new(name).expect("a node of the bed has a good name");
    Node { name, role: Role::Worker, groups: vec![], access, protect: ProtectedPath::always().to_vec() }
}

/// The recording as it is kept: with a base only what is different there.
fn file(sections: &BTreeMap<&'static str, SectionOutput>, title: &str, base: Option<&str>) -> Vec<u8> {
    let mut text = format!("# {}: {title}\n", versions(&facts(sections))).into_bytes();
    let mut known = recorded::Recorded::new();
    if let Some(base) = base {
        text.extend_from_slice(format!("# base: {base}\n").as_bytes());
        known = recorded::load(base);
    }
    for section in Section::ALL {
        let output = &sections[section.name()];
        let mut bytes = output.bytes.clone();
        if bytes.last().is_some_and(|last| *last != b'\n') {
            bytes.push(b'\n');
        }
        // Empty lines at the end are the script's, not the node's.
        let same = |known: &(i32, Vec<u8>)| known.0 == output.status && known.1.trim_ascii() == bytes.trim_ascii();
        if !known.get(section.name()).is_some_and(same) {
            text.extend_from_slice(format!("== {} {}\n", section.name(), output.status).as_bytes());
            text.extend_from_slice(&bytes);
        }
    }
    assert_eq!(recorded::read(&text).keys().filter(|name| !sections.contains_key(name.as_str())).count(), 0);
    text
}

/// Of which system and which programs it is.
fn versions(facts: &Facts) -> String {
    let os = facts.os.known().and_then(|os| os.rsplit_once('(')).map(|(_, name)| name.trim_end_matches(')'));
    let os = os.or_else(|| facts.os.known()?.rsplit_once(' ')?.1.split('/').next_back());
    let version = |what: &str, version: Option<&String>| Some(format!("{what} {}", version?));
    let parts = [
        os.map(str::to_owned),
        version("containerd", facts.containerd_version.known()),
        version("kubelet", facts.kubelet_version.known()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
