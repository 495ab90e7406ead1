//! A reset that is killed on the node, after and within each step that does something, and run again: it ends in the state
//! of one that nobody disturbed.
//!
//! kfleet repeats a lost phase by itself, twice at most, so each run of it is killed at two points. The unit is killed on the
//! node, at the very mark with which a step begins: from here one would come too late for most of them.

use crate::bed::Bed;
use crate::items::{ITEMS, difference};
use crate::pace::HOOK;
use crate::run::{Run, kfleet};
use kfleet::model::{Event, Kind, Level, Outcome, Phase, StepStatus};
use std::collections::VecDeque;
use std::sync::Mutex;

/// Nodes with containerd 1.7, and one with 2.
pub const NODES: [&str; 5] = ["node1", "node2", "node3", "node4", "sid"];

/// Steps that take longer than this undisturbed are killed within as well, in milliseconds.
const LONG_MS: u64 = 250;

/// Everything on the node, without what differs between two that are in the same state.
pub const SHAPE: &str = "/usr/local/lib/testbed/fingerprint shape";

#[expect(clippy::print_stdout, reason = "the counts are the result")]
pub fn at_every_step(bed: &Bed) {
    bed.fresh(&NODES);
    on_all(|node| {
        bed.plant(node, "media");
        bed.items(node, "others", &ITEMS);
        bed.see(node, HOOK);
    });
    for (level, planted) in [(Level::Gentle, &["state"][..]), (Level::Aggressive, &ITEMS)] {
        let total = each_step(bed, level, planted);
        println!("interrupted {level}: {total}");
    }
}

/// Where to kill: at the begin of a step, or some milliseconds into it.
type Point = (usize, u64);

/// Kills resets of one level wherever the state differs; says how many.
fn each_step(bed: &Bed, level: Level, planted: &[&str]) -> String {
    let undisturbed = on_all(|node| {
        bed.items(node, "ours", planted);
        let media = bed.media(node);
        let run = reset(bed, node, level);
        run.expect(node, Outcome::Reset);
        assert_eq!(bed.media(node), media, "{node}: media changed");
        (bed.see(node, SHAPE), media, run)
    });
    let (steps, begins, within) = points(&undisturbed[0].2);
    let queue = Mutex::new(pairs([begins.clone(), within].concat()));
    let hits = on_all(|node| {
        let (shape, media, _) = &undisturbed[NODES.iter().position(|n| *n == node).expect("it is one of them")];
        let mut hits = Hits::default();
        // a node on which something went wrong is in no state for the next
        while hits.problems.is_empty() {
            let job = queue.lock().expect("popping does not panic").pop_front();
            let Some(job) = job else { break };
            bed.items(node, "ours", planted);
            let lines: String =
                job.iter().map(|(step, ms)| format!("{step} {}.{:03}\\n", ms / 1000, ms % 1000)).collect();
            bed.see(node, &format!("printf '{lines}' >/run/testbed/interrupt"));
            let run = reset(bed, node, level);
            let again = hits.count(&run, &job);
            queue.lock().expect("pushing does not panic").extend(again);
            hits.judge(&run, node, shape, &bed.see(node, SHAPE));
            hits.expect(bed.media(node) == *media, || "media changed".to_owned());
            let place = format!("{node}: {level}, killed at (step, ms) {job:?}");
            hits.problems.iter_mut().for_each(|problem| *problem = format!("{place}: {problem}"));
        }
        hits
    });
    let problems: Vec<String> = hits.iter().flat_map(|h| h.problems.clone()).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let sum = |number: fn(&Hits) -> usize| hits.iter().map(number).sum::<usize>();
    assert_eq!(sum(|h| h.before), begins.len(), "not every state was interrupted");
    format!(
        "{} steps; before the first and after each of {} that did something, {} times within one, {} times later than meant",
        steps,
        begins.len() - 1,
        sum(|h| h.within),
        sum(|h| h.late)
    )
}

/// The number of steps of a run's only reset, and where to kill others like it. A step that had nothing to do, or only
/// checked, leaves the state that it found.
fn points(run: &Run) -> (usize, Vec<Point>, Vec<Point>) {
    let (mut titles, mut begun, mut changed) = (Vec::new(), 0, true);
    let (mut begins, mut within) = (Vec::new(), Vec::new());
    for Event { at_ms, kind } in &run.events {
        match kind {
            Kind::PhaseStarted { phase: Phase::Reset, steps, .. } => titles.clone_from(steps),
            Kind::StepStarted { step, .. } => {
                begun = *at_ms;
                if changed {
                    begins.push((*step, 0));
                }
            }
            Kind::StepFinished { step, status, .. } => {
                changed = *status != StepStatus::Nothing && !titles[*step].starts_with("check");
                if changed && at_ms - begun > LONG_MS {
                    within.push((*step, (at_ms - begun) / 4));
                }
            }
            _ => {}
        }
    }
    (titles.len(), begins, within)
}

/// Each with one of the other half, the earlier step first.
fn pairs(mut points: Vec<Point>) -> VecDeque<Vec<Point>> {
    points.sort_unstable();
    let late = points.split_off(points.len().div_ceil(2));
    (0..points.len()).map(|i| points.get(i).into_iter().chain(late.get(i)).copied().collect()).collect()
}

/// What became of the resets of one node.
#[derive(Default)]
struct Hits {
    before: usize,
    within: usize,
    late: usize,
    problems: Vec<String>,
}

impl Hits {
    /// Counts what was hit. Returns what has to be tried alone, as the node was clean before a second kill.
    fn count(&mut self, run: &Run, job: &[Point]) -> Option<Vec<Point>> {
        let mut kills = kills(run).into_iter();
        let mut again = None;
        for (i, (step, after_ms)) in job.iter().enumerate() {
            match (after_ms, kills.next()) {
                (0, Some(at)) if at == *step => self.before += 1,
                (0, None) if i > 0 => again = Some(vec![(*step, 0)]),
                (0, other) => self.problems.push(format!("killed in {other:?}")),
                (_, Some(at)) if at == *step => self.within += 1,
                _ => self.late += 1,
            }
        }
        again
    }

    fn judge(&mut self, run: &Run, node: &str, wanted: &str, found: &str) {
        let report = run.report(node);
        let said = || format!("{:?}: {:?}\n{}", report.outcome, report.error, report.tail.join("\n"));
        self.expect(report.outcome == Outcome::Reset, said);
        self.expect(wanted == found, || format!("another state:\n{}", difference(wanted, found)));
    }

    fn expect(&mut self, holds: bool, otherwise: impl Fn() -> String) {
        if !holds {
            self.problems.push(otherwise());
        }
    }
}

fn reset(bed: &Bed, node: &str, level: Level) -> Run {
    let mut arguments = vec!["reset", node, "--yes"];
    if level == Level::Aggressive {
        arguments.push("--aggressive");
    }
    kfleet(bed, &arguments)
}

/// The steps in which the resets of a run were lost, in their order.
fn kills(run: &Run) -> Vec<usize> {
    let mut last = None;
    let mut kills = Vec::new();
    for event in &run.events {
        match &event.kind {
            Kind::StepStarted { step, .. } => last = Some(*step),
            Kind::PhaseFinished { phase: Phase::Reset, error: Some(_), .. } => kills.extend(last),
            _ => {}
        }
    }
    kills
}

/// Does the same on all nodes at once; results in their order.
fn on_all<T: Send>(work: impl Fn(&'static str) -> T + Sync) -> Vec<T> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = NODES.into_iter().map(|node| scope.spawn(move || work(node))).collect();
        threads.into_iter().map(|thread| thread.join().expect("its own words are above")).collect()
    })
}
