//! One run of the real binary, its events, and what it took.

use kfleet::model::{Event, Kind, NodeReport, Phase};
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// As many descriptors as a shell gives by default.
const DESCRIPTORS: u32 = 1024;

pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) events: Vec<Event>,
    pub(crate) reports: HashMap<String, NodeReport>,
    pub(crate) took: Duration,
    pub(crate) most_memory_kib: u64,
    pub(crate) most_descriptors: usize,
    pub(crate) processor: Duration,
}

/// Runs kfleet to its end with these arguments.
pub(crate) fn kfleet(inventory: &Path, arguments: &[&str]) -> Run {
    let start = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -n \"$0\"; exec \"$@\"", &DESCRIPTORS.to_string(), env!("CARGO_BIN_EXE_kfleet")])
        .arg("--inventory")
        .arg(inventory)
        .args(["--output", "json"])
        .args(arguments)
        .env_remove("SSH_AUTH_SOCK")
        .env("XDG_STATE_HOME", inventory.parent().unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = child.id();
    let mut run = Run {
        code: None,
        events: Vec::new(),
        reports: HashMap::new(),
        took: Duration::ZERO,
        most_memory_kib: 0,
        most_descriptors: 0,
        processor: Duration::ZERO,
    };
    for (i, line) in BufReader::new(child.stdout.take().unwrap()).lines().enumerate() {
        let line = line.unwrap();
        let event: Event = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        if let Kind::NodeFinished { report } = &event.kind {
            let before = run.reports.insert(report.node.to_string(), report.clone());
            assert!(before.is_none(), "{} ended twice", report.node);
        }
        run.events.push(event);
        if i % 50 == 0 {
            run.look(pid);
        }
    }
    run.look(pid);
    run.code = child.wait().unwrap().code();
    run.took = start.elapsed();
    run
}

impl Run {
    /// What it has taken so far; where it has just ended, what was seen before stays.
    fn look(&mut self, pid: u32) {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let memory =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        self.most_memory_kib = self.most_memory_kib.max(memory.unwrap_or(0));
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        self.most_descriptors = self.most_descriptors.max(descriptors);
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |i: usize| fields.get(i).and_then(|t| t.parse::<u64>().ok()).unwrap_or(0);
        self.processor = self.processor.max(Duration::from_millis((ticks(11) + ticks(12)) * 10));
    }

    /// The steps that began on a node, phase by phase.
    pub(crate) fn steps(&self, node: &str) -> Vec<Vec<usize>> {
        let mut phases: Vec<Vec<usize>> = Vec::new();
        for event in &self.events {
            match &event.kind {
                Kind::PhaseStarted { node: of, steps, .. } if of.as_str() == node && !steps.is_empty() => {
                    phases.push(Vec::new());
                }
                Kind::StepStarted { node: of, step } if of.as_str() == node => {
                    phases.last_mut().expect("a step is in a phase").push(*step);
                }
                _ => {}
            }
        }
        phases
    }

    /// How long the slowest look at a node took that came to its end, in milliseconds.
    pub(crate) fn slowest_probe(&self) -> u64 {
        let (mut began, mut slowest) = (HashMap::new(), 0);
        for event in &self.events {
            match &event.kind {
                Kind::PhaseStarted { node, phase: Phase::Probe, .. } => _ = began.insert(node, event.at_ms),
                Kind::PhaseFinished { node, phase: Phase::Probe, error: None } => {
                    slowest = slowest.max(began.get(node).map_or(0, |began| event.at_ms - began));
                }
                _ => {}
            }
        }
        slowest
    }
}
