//! The moving picture: one line per active node, one for the fleet.

use super::fleet::fleet_line;
use super::style::{Line, Paint, Style};
use super::tally::{Activity, NodeState, NodeView, Tally, Work};
use super::text::{clock, columns, pad};
use crate::model::clean;
use crate::model::{Level, Phase};

/// Wider lines tear the clock from what it times; the rest of a wide terminal stays empty.
const WIDEST: usize = 100;
/// From here on the words `attempt` and `gentle` have room beside a step's title, which says nearly the same.
const ROOMY: usize = 64;

/// The picture at `now_ms` (since the run began), for a terminal of that size.
///
/// At most `height - 1` lines, none wider than `width - 1`: a terminal that has to scroll or wrap smears what is
/// redrawn. Where active nodes do not all fit, those that run longest are shown and the others counted.
pub fn frame(tally: &Tally, now_ms: u64, width: u16, height: u16, style: Style) -> String {
    let Some(rows) = usize::from(height).checked_sub(2) else { return String::new() };
    let limit = usize::from(width).saturating_sub(1).min(WIDEST);
    let mut active: Vec<(&NodeView, &Work)> = tally
        .nodes()
        .iter()
        .filter_map(|node| match &node.state {
            NodeState::Active(work) => Some((node, work)),
            NodeState::Queued | NodeState::Finished(_) => None,
        })
        .collect();
    active.sort_by_key(|(_, work)| work.started_ms);
    let layout = Layout::new(tally, &active, limit, style);

    // With a single row, a node says more than a count that the fleet's line has anyway.
    let shown = if active.len() <= rows { active.len() } else { rows.saturating_sub(1).max(rows.min(1)) };
    let mut lines: Vec<String> = active[..shown].iter().map(|(node, work)| layout.node(node, work, now_ms)).collect();
    if shown < rows && shown < active.len() {
        let mut line = Line::new(limit, style);
        line.push(&format!("… and {} more nodes", active.len() - shown), Paint::Faint);
        lines.push(line.finish());
    }
    lines.push(fleet_line(tally, now_ms, layout.name, limit, style));
    lines.join("\n")
}

/// Where columns begin, the same for every line of a frame.
struct Layout {
    limit: usize,
    name: usize,
    attempt: usize,
    roomy: bool,
    style: Style,
}

impl Layout {
    fn new(tally: &Tally, active: &[(&NodeView, &Work)], limit: usize, style: Style) -> Self {
        let roomy = limit >= ROOMY;
        let longest = |names: &mut dyn Iterator<Item = &NodeView>| names.map(|node| node.name.as_str().len()).max();
        // All names where there is room, so that columns stay where they are as nodes come and go.
        let name =
            if roomy { longest(&mut tally.nodes().iter()) } else { longest(&mut active.iter().map(|(n, _)| *n)) };
        // `reset` and `status` attempt nothing, and before the first probe of a `join` nothing was.
        let attempt = match active.iter().any(|(_, work)| work.attempt > 0) {
            false => 0,
            true if roomy => 12,
            true => 5,
        };
        Self { limit, name: name.unwrap_or(0).max(5).min(limit / 3), attempt, roomy, style }
    }

    fn node(&self, node: &NodeView, work: &Work, now_ms: u64) -> String {
        let time = clock(now_ms.saturating_sub(work.started_ms));
        let mut line = Line::new(self.limit, self.style);
        line.push(&pad(node.name.as_str(), self.name), Paint::Strong);
        line.push("  ", Paint::Plain);
        if work.attempt > 0 {
            let sign = if self.roomy { "attempt " } else { "#" };
            line.push(&pad(&format!("{sign}{}", work.attempt), self.attempt), Paint::Plain);
        }
        let doing = match &work.activity {
            // Free words need no columns: they begin where there is nothing more to tell.
            Activity::Waiting(what) => clean(what),
            Activity::Phase { phase, level, steps, step } => {
                line.fill(self.name + 2 + self.attempt);
                if self.roomy {
                    let (name, paint) = kind(*phase, *level);
                    line.push(&pad(name, 12), paint);
                }
                doing(*phase, steps, *step)
            }
        };
        line.push(&pad(&doing, line.room().saturating_sub(columns(&time) + 2)), Paint::Plain);
        line.push("  ", Paint::Plain);
        line.push(&time, Paint::Faint);
        line.finish()
    }
}

/// A reset is called by its level, which is what its reader worries about.
fn kind(phase: Phase, level: Option<Level>) -> (&'static str, Paint) {
    match level {
        Some(level @ (Level::Aggressive | Level::Reboot)) => (level.word(), Paint::Warn),
        Some(level) => (level.word(), Paint::Plain),
        None => (phase.word(), Paint::Plain),
    }
}

/// `5/9 remove kubelet state`.
fn doing(phase: Phase, steps: &[String], step: Option<usize>) -> String {
    match step {
        Some(step) => {
            let title = steps.get(step).map(clean).unwrap_or_default();
            format!("{}/{} {title}", step.saturating_add(1), steps.len())
        }
        None => format!("starting the {phase} script"),
    }
}

#[cfg(test)]
mod tests;
