//! How a phase comes to be owned by its node: written to a file there, started as a transient unit, followed by offset.

use crate::model::{Node, PhaseNote};
use crate::shell::{Fragment, Need, Rendered, Script, Word};
use std::time::Duration;

const COMMON: &str = include_str!("sh/common.sh");
const LIBRARY: &str = include_str!("sh/launch.sh");
const STANDING: &str = include_str!("sh/stamp.sh");
const DISARM: &str = include_str!("sh/disarm.sh");
const ATTACH: &str = include_str!("sh/attach.sh");

/// Number of the step of [`launch`] and of [`follow`] whose output is the phase's own. In a launch the one before starts it.
pub(crate) const FOLLOW_STEP: usize = 2;

/// The exit status by which a step of theirs says that the phase has not begun and that the node is to be looked at again.
pub(crate) const STALE: i32 = 65;

/// Writes `script` as `/run/kfleet/<id>.sh`, with `note` beside it, starts it as `kfleet.service` and follows its output from
/// the first byte.
///
/// The unit's name is the lock: a second start while it runs is refused by systemd. `stamp` is the one that the probe saw
/// (`""` where that is not known): nothing is started where the node has another one by now. If the connection drops, the
/// node finishes the phase by itself.
pub fn launch(note: &PhaseNote, script: Rendered, stamp: &str) -> Script {
    let PhaseNote { id, who, .. } = note;
    frame(id)
        .global("WHAT", Word::new(format!("kfleet: {} by {who}, {id}", note.what())))
        .step(
            Need::Required,
            Fragment::new("launch_write")
                .var("SCRIPT", script.into_word())
                .var("NOTE", Word::shown_as(json(note), "…")),
        )
        .step(Need::Required, Fragment::new("launch_start").var("STAMP", Word::new(stamp)))
        .step(Need::Required, Fragment::new("launch_follow").var("OFFSET", Word::number(0)))
}

/// Strings, numbers and lists of them: no map with keys other than text, so this cannot fail.
fn json(note: &PhaseNote) -> String {
    serde_json::to_string(note).unwrap_or_default()
}

/// Follows a phase that was launched earlier in the boot `boot_id` (`""` where that is not known), from the byte `offset` on.
/// One that never got to the node is kept from beginning later.
pub fn follow(id: &str, boot_id: &str, offset: u64) -> Script {
    frame(id)
        .step(Need::Required, Fragment::new("same_boot").var("BOOT", Word::new(boot_id)))
        .step(Need::Required, Fragment::new("never_launched").var("BOOT", Word::new(boot_id)))
        .step(Need::Required, Fragment::new("launch_follow").var("OFFSET", Word::number(offset)))
}

/// Asks which phase the node runs, or ran last.
pub fn ask_phase(node: &Node) -> Script {
    ask(node, "", "")
}

/// Asks the phase `id` to end at its next step where it still runs, in the name of `who`, and how it stands. To ask again
/// changes nothing more, and no other phase is meant by it.
pub fn halt_phase(node: &Node, id: &str, who: &str) -> Script {
    ask(node, id, who)
}

fn ask(node: &Node, id: &str, who: &str) -> Script {
    Script::new(&format!("kfleet {} attach node={}", env!("CARGO_PKG_VERSION"), node.name))
        .answers()
        .library(COMMON)
        .library(ATTACH)
        .global("WANTED", Word::new(id))
        .global("WHO", Word::new(who))
        .step(Need::Required, Fragment::new("show_phase"))
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

/// Asks for the boot id, and where it is not `boot_id` waits before until services have been started, for `wait` at most.
pub fn ask_boot(node: &Node, boot_id: &str, wait: Duration) -> Script {
    Script::new(&format!("kfleet {} boot node={}", env!("CARGO_PKG_VERSION"), node.name))
        .answers()
        .library(COMMON)
        .library(include_str!("sh/await_boot.sh"))
        .global("BOOT", Word::new(boot_id))
        .step(Need::Required, Fragment::new("boot_id \"$@\"").args([Word::number(wait.as_secs().max(1))]))
}

fn frame(id: &str) -> Script {
    Script::new("kfleet launcher")
        .library(COMMON)
        .library(STANDING)
        .library(DISARM)
        .library(LIBRARY)
        .global("ID", Word::new(id))
        .global("BASE", Word::within("/run/kfleet", id))
}
