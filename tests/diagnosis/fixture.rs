//! What a recorded probe says.

use crate::recorded::{self, Recorded};
use kfleet::model::{ClockOffset, Fact, Facts};
use kfleet::parse::{SectionOutput, api_view, facts, node_object};
use kfleet::plan::Section;

/// What other scripts than the probe print: the node's view of the API server; the control plane's word; and two times in
/// unix milliseconds between which the probe ran.
const BESIDES: [&str; 4] = ["Api", "ControlPlaneNode", "ControlPlanePins", "Workstation"];

/// The names of all recordings.
pub fn names() -> Vec<String> {
    let files =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/probes")).expect("there are some");
    let name = |file: std::fs::DirEntry| Some(file.file_name().to_str()?.strip_suffix(".txt")?.to_owned());
    let mut names: Vec<String> = files.filter_map(|file| name(file.ok()?)).collect();
    names.sort();
    names
}

/// The facts that a recording gives.
pub fn load(name: &str) -> Facts {
    let sections = recorded::load(name);
    for section in sections.keys() {
        let is_known = BESIDES.contains(&section.as_str()) || Section::ALL.iter().any(|known| known.name() == section);
        assert!(is_known, "{name}: there is no section {section}");
    }
    let of_probe =
        Section::ALL.into_iter().filter_map(|section| Some((section.name(), output(&sections, section.name())?)));
    let mut facts = facts(&of_probe.collect());
    let text = |name: &str| sections.get(name).map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
    if let Some(output) = output(&sections, "Api") {
        facts.api = api_view("10.0.0.1:6443", &output);
    }
    if let Some((status, bytes)) = sections.get("ControlPlaneNode") {
        facts.cluster_node_object = node_object(&String::from_utf8_lossy(bytes), *status);
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

fn output(sections: &Recorded, name: &str) -> Option<SectionOutput> {
    sections.get(name).map(|(status, bytes)| SectionOutput { bytes: bytes.clone(), status: *status, too_much: None })
}
