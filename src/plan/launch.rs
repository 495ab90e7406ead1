//! How a phase comes to be owned by its node: written to a file there, started as a transient unit, followed by offset.

use super::PhaseScript;
use crate::model::Node;
use crate::shell::{Fragment, Need, Rendered, Script, Word};

const COMMON: &str = include_str!("sh/common.sh");
const LIBRARY: &str = include_str!("sh/launch.sh");
const DISARM: &str = include_str!("sh/disarm.sh");

/// Number of the step of [`launch`] and of [`follow`] whose output is the phase's own.
pub(crate) const FOLLOW_STEP: [usize; 2] = [2, 0];

/// Writes `script` as `/run/kfleet/<id>.sh`, starts it as `kfleet.service` and follows its output from the first byte.
///
/// The unit's name is the lock: a second start while it runs is refused by systemd. If the connection drops, the node
/// finishes the phase by itself.
pub fn launch(phase: &PhaseScript, script: Rendered, id: &str) -> Script {
    let what = match phase.level {
        Some(level) => format!("kfleet: {} ({level}), {id}", phase.phase),
        None => format!("kfleet: {}, {id}", phase.phase),
    };
    frame(id)
        .global("WHAT", Word::new(what))
        .step(Need::Required, Fragment::new("launch_write").var("SCRIPT", script.into_word()))
        .step(Need::Required, Fragment::new("launch_start"))
        .step(Need::Required, Fragment::new("launch_follow").var("OFFSET", Word::number(0)))
}

/// Follows a phase that was launched earlier, from the byte `offset` on.
pub fn follow(id: &str, offset: u64) -> Script {
    frame(id).step(Need::Required, Fragment::new("launch_follow").var("OFFSET", Word::number(offset)))
}

/// Takes back the timer that would restore the firewall, and prints how it stands: `none`, `disarmed`, `fired`, `failed`.
/// Asking again gives the same answer until the next launch.
pub fn disarm(node: &Node) -> Script {
    Script::new(&format!("kfleet {} disarm node={}", env!("CARGO_PKG_VERSION"), node.name))
        .answers()
        .library(COMMON)
        .library(DISARM)
        .step(Need::Required, Fragment::new("disarm_firewall"))
}

fn frame(id: &str) -> Script {
    Script::new("kfleet launcher")
        .library(COMMON)
        .library(DISARM)
        .library(LIBRARY)
        .global("ID", Word::new(id))
        .global("BASE", Word::within("/run/kfleet", id))
}
