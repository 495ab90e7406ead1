//! Many nodes at once, some of which go away, hang or refuse: each ends with its own outcome, none waits for another, and
//! it costs memory in proportion and no more.
//!
//! The nodes are simulated behind real SSH: they understand the scripts, and no shell runs.

#[path = "../support/asked.rs"]
mod asked;
mod fault;
mod fleet;
#[path = "../support/gateway.rs"]
mod gateway;
mod node;
#[path = "../support/recorded.rs"]
mod recorded;
mod run;

use fault::{Fault, Shares};
use fleet::Fleet;
use kfleet::model::{Level, Outcome};
use node::Stage;
use std::collections::BTreeMap;
use std::time::Duration;

const SHARES: Shares = Shares { drops: 100, silent: 50, refuses: 20 };
const SILENCES: [Fault; 2] = [Fault::SilentAtGreeting, Fault::SilentInProbe];

/// The shortest for a probe that a busy machine still makes.
const TIMEOUTS: &str = "probe: 20s, reset: 60s";

#[test]
#[expect(clippy::print_stdout, reason = "the counts are the result")]
fn five_hundred_nodes_end_each_as_it_should_in_bounded_time_and_memory() {
    let few = Fleet::up(50, &SHARES, &SILENCES);
    let many = Fleet::up(500, &SHARES, &SILENCES);
    let arguments = ["reset", "--all", "--escalate", "--yes"];
    let small = run::kfleet(&few.inventory(TIMEOUTS), &arguments);
    let large = run::kfleet(&many.inventory(TIMEOUTS), &arguments);
    for (fleet, run) in [(&few, &small), (&many, &large)] {
        let counts = judge(fleet, run);
        println!(
            "{} nodes: {counts:?}; {:.1} s, {:.1} s of a processor, {} MiB, {} descriptors, {} events, {} logins, {} commands",
            fleet.nodes.len(),
            run.took.as_secs_f32(),
            run.processor.as_secs_f32(),
            run.most_memory_kib >> 10,
            run.most_descriptors,
            run.events.len(),
            fleet.nodes.iter().map(|node| node.log().logins).sum::<usize>(),
            fleet.nodes.iter().map(|node| node.log().execs).sum::<usize>(),
        );
    }
}

/// Each node's outcome; how many there are of each.
fn judge(fleet: &Fleet, run: &run::Run) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let mut problems = Vec::new();
    for node in &fleet.nodes {
        let log = node.log();
        let report = run.reports.get(&node.name).unwrap_or_else(|| panic!("{} has no report", node.name));
        *counts.entry(report.outcome.words().to_owned()).or_default() += 1;
        let level = if node.stubborn { Level::Aggressive } else { Level::Gentle };
        let phases = if node.stubborn { 2 } else { 1 };
        let (outcome, stage, launches, level) = match node.fault {
            Fault::None | Fault::Drops(_) | Fault::DropsInMark(_) => {
                (Outcome::Reset, Stage::Clean, phases, Some(level))
            }
            Fault::SilentAtGreeting | Fault::SilentInProbe | Fault::TakesNoKey => {
                (Outcome::Unreachable, Stage::Unclean, 0, None)
            }
            Fault::SilentInPhase => (Outcome::Lost, log.stage, 1, Some(Level::Gentle)),
            Fault::GuardRefuses => (Outcome::Refused, Stage::Unclean, 1, Some(Level::Gentle)),
        };
        let seen = (report.outcome, log.stage, log.launches.len(), report.level);
        if seen != (outcome, stage, launches, level) {
            problems.push(format!("{} ({:?}): {seen:?}: {:?}", node.name, node.fault, report.error));
        }
        if log.launches.values().any(|times| *times != 1) {
            problems.push(format!("{}: launched {:?}", node.name, log.launches));
        }
        let once = |steps: &Vec<usize>| steps.iter().copied().eq(0..steps.len());
        if !run.steps(&node.name).iter().all(once) {
            problems.push(format!("{}: steps {:?}", node.name, run.steps(&node.name)));
        }
        if let (Outcome::Reset, at) = (outcome, log.dropped_at) {
            // The first byte of a mark is no byte yet of what it may belong to: it is held back until the next one is known.
            let from = log.offsets.first().copied();
            let fits = from.is_none() == at.is_none() && from <= at && at.unwrap_or(0) - from.unwrap_or(0) < 34;
            if !fits || log.offsets.len() > 1 {
                problems.push(format!("{}: dropped at {at:?}, followed from {:?}", node.name, log.offsets));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    counts
}
