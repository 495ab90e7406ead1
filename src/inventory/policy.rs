//! `policy:`.

use super::problem::{Place, Problem, Problems};
use super::schema::{self, Text};
use super::value::{choice, number};
use crate::model::{Level, Policy, Share};

/// More slots than nodes can be given mean nothing.
const MOST_PARALLEL: u32 = super::MAX_NODES;

pub(super) fn policy(written: Option<schema::Policy>, problems: &mut Problems) -> Policy {
    let schema::Policy { parallel, attempts, start, ceiling, batch, canary, max_failures } =
        written.unwrap_or_default();
    let default = Policy::default();
    let parallel = problems.check(parallel, |text| number(&text, 1, MOST_PARALLEL));
    let attempts = problems.check(attempts, |text| number(&text, 1, 4));
    let start_level = problems.check(start.as_ref(), |text| choice(text, &Level::RESETS.map(named)));
    let ceiling_level = problems.check(ceiling.as_ref(), |text| choice(text, &Level::ALL.map(named)));
    let batch = problems.check(batch, |text| share(&text, 1));
    let canary = problems.check(canary, |text| number(&text, 0, super::MAX_NODES));
    let max_failures = problems.check(max_failures, |text| share(&text, 0));
    if let (Some(start), Some(ceiling), Some(lowest), Some(highest)) = (&start, &ceiling, start_level, ceiling_level)
        && lowest > highest
    {
        problems.add(
            Problem::new(Place::of(ceiling), "the ceiling is below the start")
                .label(format!("`{highest}` is the lower level"))
                .other(Place::of(start), "the first reset would already be above it"),
        );
    }
    Policy {
        parallel: parallel.and_then(|n| usize::try_from(n).ok()).unwrap_or(default.parallel),
        // One for the first try, and one after each rung.
        attempts: attempts.unwrap_or(default.attempts + u32::from(ceiling_level == Some(Level::Reboot))),
        start: start_level.unwrap_or(default.start),
        ceiling: ceiling_level.unwrap_or(default.ceiling),
        batch: batch.unwrap_or(default.batch),
        canary: canary.and_then(|n| usize::try_from(n).ok()).unwrap_or(default.canary),
        max_failures: max_failures.unwrap_or(default.max_failures),
    }
}

/// A number of nodes, at least `least`, or a share of those of a run.
fn share(text: &Text, least: usize) -> Result<Share, Problem> {
    let wrong = match Share::parse(&text.value) {
        Some(Share::Nodes(nodes)) if nodes < least => "is too few",
        Some(share) => return Ok(share),
        None => "is neither a number of nodes nor a share of them",
    };
    Err(Problem::new(Place::of(text), format!("`{}` {wrong}", text.value))
        .label(format!("expected a number from {least}, or `1%` to `100%` of the run's nodes")))
}

fn named(level: Level) -> (&'static str, Level) {
    (level.word(), level)
}
