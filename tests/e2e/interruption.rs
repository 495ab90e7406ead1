//! A reset that is killed on the node, before and within each of its steps, and run again: it ends in the state of one
//! that nobody disturbed.
//!
//! kfleet repeats a lost phase by itself, so each case is one run of it. The unit is killed on the node, at the very mark
//! with which a step begins: from here one would come too late for most of them.

use crate::bed::Bed;
use crate::items::{ITEMS, difference};
use crate::run::{Run, kfleet};
use kfleet::model::{Event, Kind, Level, Outcome, Phase};
use std::collections::VecDeque;
use std::sync::Mutex;

/// Nodes with containerd 1.7, and one with 2.
const NODES: [&str; 5] = ["node1", "node2", "node3", "node4", "sid"];

/// Steps that take longer than this undisturbed are killed within as well, in milliseconds.
const LONG_MS: u64 = 100;

/// The phase's unit starts what kills it in time (`tests/testbed/rootfs/usr/local/lib/testbed/phase`).
const HOOK: &str = "mkdir -p /run/systemd/system/kfleet.service.d && \
    printf '[Service]\\nExecStart=\\nExecStart=/usr/local/lib/testbed/phase\\n' >/run/systemd/system/kfleet.service.d/testbed.conf && \
    systemctl daemon-reload";

/// Everything on the node, without what differs between two that are in the same state.
const SHAPE: &str = "/usr/local/lib/testbed/fingerprint shape";

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

/// Kills resets of one level at each step; says how many.
fn each_step(bed: &Bed, level: Level, planted: &[&str]) -> String {
    let undisturbed = on_all(|node| {
        bed.items(node, "ours", planted);
        let media = bed.media(node);
        let run = reset(bed, node, level);
        run.expect(node, Outcome::Reset);
        assert_eq!(bed.media(node), media, "{node}: media changed");
        (bed.see(node, SHAPE), media, run)
    });
    let steps = durations(&undisturbed[0].2);
    let mut jobs: VecDeque<(usize, u64)> = (0..steps.len()).map(|step| (step, 0)).collect();
    jobs.extend(steps.iter().enumerate().filter(|(_, ms)| **ms > LONG_MS).map(|(step, ms)| (step, ms / 4)));
    let queue = Mutex::new(jobs);
    let problems: Mutex<Vec<String>> = Mutex::default();
    let hits = on_all(|node| {
        let (shape, media, _) = &undisturbed[NODES.iter().position(|n| *n == node).expect("it is one of them")];
        let (mut before, mut within, mut late) = (0, 0, 0);
        loop {
            let job = queue.lock().expect("popping does not panic").pop_front();
            let Some((step, after_ms)) = job else { break (before, within, late) };
            bed.items(node, "ours", planted);
            bed.see(node, &format!("echo {step} {}.{:03} >/run/testbed/interrupt", after_ms / 1000, after_ms % 1000));
            let run = reset(bed, node, level);
            let report = run.report(node);
            let mut wrong = Vec::new();
            if report.outcome != Outcome::Reset {
                wrong.push(format!("{:?}: {:?}", report.outcome, report.error));
            }
            let after = bed.see(node, SHAPE);
            if *shape != after {
                wrong.push(format!("another state:\n{}", difference(shape, &after)));
            }
            if bed.media(node) != *media {
                wrong.push("media changed".to_owned());
            }
            match (after_ms, killed_in(&run)) {
                (0, Some(at)) if at == step => before += 1,
                (0, other) => wrong.push(format!("killed in {other:?}")),
                (_, Some(at)) if at == step => within += 1,
                _ => late += 1,
            }
            let place = format!("{node}: {level}, killed {after_ms} ms into step {step}");
            problems
                .lock()
                .expect("pushing does not panic")
                .extend(wrong.iter().map(|what| format!("{place}: {what}")));
        }
    });
    let problems = problems.into_inner().expect("pushing does not panic");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let sum = |number: fn(&(u32, u32, u32)) -> u32| hits.iter().map(number).sum::<u32>();
    assert_eq!(sum(|h| h.0) as usize, steps.len(), "not every step was interrupted");
    format!(
        "at the begin of {} of {} steps, within {}, after {} that ended sooner than expected",
        sum(|h| h.0),
        steps.len(),
        sum(|h| h.1),
        sum(|h| h.2)
    )
}

fn reset(bed: &Bed, node: &str, level: Level) -> Run {
    let mut arguments = vec!["reset", node, "--yes"];
    if level == Level::Aggressive {
        arguments.push("--aggressive");
    }
    kfleet(bed, &arguments)
}

/// How long each step of a run's only reset took.
fn durations(run: &Run) -> Vec<u64> {
    let mut begun = 0;
    let mut took = Vec::new();
    for Event { at_ms, kind } in &run.events {
        match kind {
            Kind::StepStarted { .. } => begun = *at_ms,
            Kind::StepFinished { .. } => took.push(at_ms - begun),
            _ => {}
        }
    }
    took
}

/// The step in which the first reset of a run was lost, if it was.
fn killed_in(run: &Run) -> Option<usize> {
    let mut last = None;
    for event in &run.events {
        match &event.kind {
            Kind::StepStarted { step, .. } => last = Some(*step),
            Kind::PhaseFinished { phase: Phase::Reset, error, .. } => return error.as_ref().and(last),
            _ => {}
        }
    }
    None
}

/// Does the same on all nodes at once; results in their order.
fn on_all<T: Send>(work: impl Fn(&'static str) -> T + Sync) -> Vec<T> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = NODES.into_iter().map(|node| scope.spawn(move || work(node))).collect();
        threads.into_iter().map(|thread| thread.join().expect("its own words are above")).collect()
    })
}
