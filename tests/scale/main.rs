//! Many nodes at once, some of which go away, hang or refuse: each ends with its own outcome, none waits for another, and
//! it costs memory in proportion and no more.
//!
//! The nodes are simulated behind real SSH: they understand the scripts, and no shell runs.

#[path = "../support/asked.rs"]
mod asked;
#[path = "../support/context.rs"]
mod context;
mod fault;
mod fleet;
#[path = "../support/gateway.rs"]
mod gateway;
mod hanging;
mod node;
mod plane;
#[path = "../support/recorded.rs"]
mod recorded;
mod run;

use fault::Fault;
use fleet::Fleet;
use kfleet::model::{Level, Outcome};
use libtest_mimic::{Arguments, Trial};
use node::{SimNode, Stage};
use run::Run;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

const SILENCES: [Fault; 2] = [Fault::SilentAtGreeting, Fault::SilentInProbe];

/// What a node that says nothing costs, and what one that does must not need on a busy machine.
const PROBE_SECONDS: u64 = 40;

/// What a node that is being worked on may cost in memory; what is waiting or done costs next to nothing.
const KIB_PER_NODE: u64 = 1024;

const FEW: usize = 50;
const SOME: usize = 100;
const MANY: usize = 500;

#[expect(clippy::print_stdout, reason = "a test harness talks to people")]
fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(3); // all at once: most of their time is waiting for nodes that say nothing
    let tests: [(&str, Test); 3] = [
        ("five_hundred_resets_end_each_as_it_should_in_bounded_time_and_memory", resets),
        ("five_hundred_joins_need_one_token_and_one_connection_to_the_control_plane", joins),
        ("nodes_that_fall_silent_in_their_phase_are_given_up_and_hold_up_no_other", hanging::given_up),
    ];
    let trials = tests.map(|(name, test)| {
        Trial::test(name, move || {
            println!("{}", test());
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

/// What it counted, where it did not panic.
type Test = fn() -> String;

fn resets() -> String {
    let up = |count| Fleet::up(count, &SILENCES, |_| Stage::Unclean);
    let runs = few_and_many([up(FEW), up(MANY)], MANY, &["reset", "--all", "--escalate", "--yes"]);
    for (fleet, run) in &runs {
        judge(fleet, run, |node| {
            let (phases, level) = if node.stubborn { (2, Level::Aggressive) } else { (1, Level::Gentle) };
            (Outcome::Reset, Stage::Clean, phases, Some(level))
        });
    }
    told("reset", &runs)
}

fn joins() -> String {
    let begins = |number: usize| if number.is_multiple_of(3) { Stage::Clean } else { Stage::Unclean };
    let up = |count| Fleet::up(count, &SILENCES, begins);
    let runs = few_and_many([up(FEW), up(MANY)], SOME, &["join", "--yes"]);
    for (fleet, run) in &runs {
        judge(fleet, run, |node| match node.began {
            Stage::Clean => (Outcome::Joined, Stage::Joined, 1, None),
            _ => (Outcome::Joined, Stage::Joined, 2, Some(Level::Gentle)),
        });
        let plane = &fleet.plane;
        let counts = [&plane.logins, &plane.minted, &plane.tokens].map(|count| count.load(Ordering::SeqCst));
        assert_eq!(counts, [1, 1, 0], "logins, tokens made, tokens left");
    }
    told("join", &runs)
}

/// The counts, which are the result.
fn told(command: &str, runs: &[(Fleet, Run)]) -> String {
    runs.iter().map(|(fleet, run)| format!("{command} {}\n", tell(fleet, run))).collect()
}

/// Both at once, and what is bounded.
fn few_and_many(fleets: [Fleet; 2], parallel: usize, arguments: &[&str]) -> Vec<(Fleet, Run)> {
    let timeouts = format!("probe: {PROBE_SECONDS}s, reset: 60s, ready: 5s, settle: 5s, answer: 5s");
    let runs: Vec<(Fleet, Run)> = std::thread::scope(|scope| {
        let start = |fleet: Fleet| {
            let timeouts = &timeouts;
            scope.spawn(move || {
                let run = run::kfleet(&fleet.inventory(parallel, timeouts), arguments);
                (fleet, run)
            })
        };
        fleets.map(start).into_iter().map(|thread| thread.join().expect("its own words are above")).collect()
    });
    let [(_, few), (_, many)] = &runs[..] else { unreachable!("there are two") };
    assert!(few.most_memory_kib > 0 && many.most_descriptors > 0, "nothing was measured");
    let allowed = few.most_memory_kib + (parallel - FEW) as u64 * KIB_PER_NODE;
    assert!(many.most_memory_kib < allowed, "{} KiB, {} with few nodes", many.most_memory_kib, few.most_memory_kib);
    // One after the other the silent ones alone would take this long.
    let serial: u64 = many.reports.values().map(|report| report.elapsed_ms).sum();
    let took = u64::try_from(many.took.as_millis()).unwrap();
    assert!(took * 4 < serial, "{took} ms, and {serial} ms one after the other");
    runs
}

/// What one that has no fault comes to: outcome, state, phases, level.
type Wanted = (Outcome, Stage, usize, Option<Level>);

fn judge(fleet: &Fleet, run: &Run, well: impl Fn(&SimNode) -> Wanted) {
    let problems: Vec<String> = fleet.nodes.iter().filter_map(|node| problem(node, run, well(node))).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(run.code, Some(1), "not all of them are well");
}

fn problem(node: &SimNode, run: &Run, well: Wanted) -> Option<String> {
    let log = node.log();
    let Some(report) = run.reports.get(&node.name) else { return Some(format!("{} has no report", node.name)) };
    let untouched = (Outcome::Unreachable, node.began, 0, None);
    let reset_first = (node.began == Stage::Unclean).then_some(Level::Gentle);
    let wanted = match node.fault {
        Fault::None | Fault::Drops(_) | Fault::DropsInMark(_) => well,
        Fault::SilentAtGreeting | Fault::SilentInProbe | Fault::TakesNoKey => untouched,
        Fault::SilentInPhase => unreachable!("not in this run"),
        Fault::GuardRefuses => (Outcome::Refused, node.began, 1, reset_first),
    };
    let seen = (report.outcome, log.stage, log.launches.len(), report.level);
    let what = |what: String| Some(format!("{} ({:?}): {what}; {:?}", node.name, node.fault, report.error));
    if seen != wanted {
        return what(format!("{seen:?} instead of {wanted:?}"));
    }
    if log.launches.values().any(|times| *times != 1) {
        return what(format!("launched {:?}", log.launches));
    }
    let once = |steps: &Vec<usize>| steps.iter().copied().eq(0..steps.len());
    if !run.steps(&node.name).iter().all(once) {
        return what(format!("steps {:?}", run.steps(&node.name)));
    }
    // The beginning of what may become a mark is no byte yet of anything: it is asked for again.
    let follows = match (log.dropped_at, &log.offsets[..]) {
        (None, []) => true,
        (Some(at), [from]) => *from <= at && at - from < node::LONGEST_MARK,
        _ => false,
    };
    let drops = matches!(node.fault, Fault::Drops(_) | Fault::DropsInMark(_));
    if !follows || drops != log.dropped_at.is_some() {
        return what(format!("dropped at {:?}, followed from {:?}", log.dropped_at, log.offsets));
    }
    // A node that says nothing costs its deadline and a little, on a machine however busy.
    if node.fault == Fault::SilentInProbe && report.elapsed_ms > PROBE_SECONDS * 3000 {
        return what(format!("it took {} ms", report.elapsed_ms));
    }
    None
}

fn tell(fleet: &Fleet, run: &Run) -> String {
    let mut outcomes = BTreeMap::<&str, usize>::new();
    for report in run.reports.values() {
        *outcomes.entry(report.outcome.words()).or_default() += 1;
    }
    let sum = |number: fn(&node::Log) -> usize| fleet.nodes.iter().map(|node| number(&node.log())).sum::<usize>();
    format!(
        "{} nodes: {outcomes:?}; {} connections dropped; {} phases launched, {} logins, {} commands; {:.1} s, slowest look {:.1} s, {:.1} s of a \
         processor, {} MiB, {} descriptors, {} events",
        fleet.nodes.len(),
        sum(|log| log.offsets.len()),
        sum(|log| log.launches.values().sum()),
        sum(|log| log.logins),
        sum(|log| log.execs),
        run.took.as_secs_f32(),
        Duration::from_millis(run.slowest_probe()).as_secs_f32(),
        run.processor.as_secs_f32(),
        run.most_memory_kib >> 10,
        run.most_descriptors,
        run.events.len(),
    )
}
