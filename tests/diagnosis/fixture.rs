//! A recorded probe: a file with its sections as the node printed them.

use kfleet::model::{ClockOffset, Fact, Facts};
use kfleet::parse::{SectionOutput, api_view, facts, node_object};
use kfleet::plan::Section;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Sections by name. Beside those of the probe there may be what other scripts print: `Api` (the node's view of the API
/// server), `ControlPlaneNode` and `ControlPlanePins` (the control plane's word), and `Workstation`: two times in unix
/// milliseconds between which the probe ran.
type Sections = BTreeMap<String, SectionOutput>;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/probes")
}

/// The names of all fixtures.
pub fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).expect("there are fixtures");
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(".txt")?.to_owned()))
        .collect();
    names.sort();
    names
}

/// What the sections of a fixture say.
pub fn load(name: &str) -> Facts {
    let sections = sections(name);
    let of_probe = Section::ALL.into_iter().filter_map(|section| {
        let name = section.name();
        Some((name, sections.get(name)?.clone()))
    });
    let mut facts = facts(&of_probe.collect());
    let text = |name: &str| sections.get(name).map(|out| String::from_utf8_lossy(&out.bytes).into_owned());
    if let Some(output) = sections.get("Api") {
        facts.api = api_view("10.0.0.1:6443", output);
    }
    if let (Some(object), Some(output)) = (text("ControlPlaneNode"), sections.get("ControlPlaneNode")) {
        facts.cluster_node_object = node_object(&object, output.status);
    }
    if let Some(pins) = text("ControlPlanePins") {
        facts.cluster_pins = Fact::Known(pins.lines().map(str::to_owned).collect());
    }
    if let (Some(times), Fact::Known(clock)) = (text("Workstation"), &facts.clock) {
        let mut times = times.split_whitespace().map(|time| time.parse().expect("a time in milliseconds"));
        let (before, after) = (times.next().expect("before"), times.next().expect("after"));
        facts.clock_offset = Fact::Known(ClockOffset::between(*clock, before, after));
    }
    facts
}

fn sections(name: &str) -> Sections {
    let text = std::fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap_or_else(|e| panic!("{name}: {e}"));
    let base = text.lines().find_map(|line| line.strip_prefix("# base: "));
    let mut sections = base.map(sections).unwrap_or_default();
    let start = if text.starts_with("== ") { 3 } else { text.find("\n== ").map_or(text.len(), |at| at + 4) };
    for part in text[start..].split("\n== ") {
        let (head, bytes) = part.split_once('\n').unwrap_or((part, ""));
        let (section, status) = head.split_once(' ').unwrap_or_else(|| panic!("{name}: section without status: {head}"));
        let status = status.trim().parse().unwrap_or_else(|e| panic!("{name}: {head}: {e}"));
        let known = ["Api", "ControlPlaneNode", "ControlPlanePins", "Workstation"];
        let is_known = known.contains(&section) || Section::ALL.iter().any(|s| s.name() == section);
        assert!(is_known, "{name}: there is no section {section}");
        sections.insert(section.to_owned(), SectionOutput { bytes: bytes.as_bytes().to_vec(), status, too_much: None });
    }
    sections
}
