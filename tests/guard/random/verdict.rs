//! What became of a machine, and whether that is right.

use super::layout::{GENTLE, Layout};
use crate::outcome::Outcome;
use crate::steps::Run;

/// How it is counted, the words, and what explains it.
type Excuse = (&'static str, &'static str, fn(&Layout, &Outcome) -> bool);

/// Ends of a safe reset other than its completion. Each needs something in the layout that explains it, and words in
/// what the script said.
const EXCUSES: [Excuse; 6] = [
    ("= ended: mounts elsewhere would go along", "would go with it", |layout, _| layout.shared),
    ("= ended: gentle, and a mount is in use", "still mounted below", |layout, outcome| {
        layout.run == Run::Gentle && has(outcome, &["busy", "held"])
    }),
    // Before anything is touched: a gentle reset keeps copies of CNI's configs, and need not empty their folder.
    ("= ended: no copy can be made of a folder mounted in itself", "will not create hard link", no_copy),
    ("= ended: no copy can be made of a folder mounted in itself", "cyclic symbolic link", no_copy),
    // Mounts are shared, so a mount on the copy of a root is one on the root, and hides what was mounted below it.
    ("= ended: a mount is hidden by another", "not mounted", |_, outcome| {
        has(outcome, &["of the root itself", "of what is in a root"])
    }),
    ("= ended: a folder is in use under another name", "Device or resource busy", |layout, outcome| {
        layout.kinds.iter().any(|kind| kind == "root on a bind mount")
            || has(outcome, &["of the root itself", "of what is in a root"])
    }),
];

fn no_copy(layout: &Layout, outcome: &Outcome) -> bool {
    layout.run == Run::Gentle && !outcome.touched && outcome.mounted.contains(&"/etc/cni/net.d")
}

/// Whether something is mounted below a folder that this reset empties and below which it unmounts nothing.
fn mounted_where_nothing_is(layout: &Layout, outcome: &Outcome) -> bool {
    let unmounted =
        ["/var/lib/kubelet", "/run/containerd", "/var/lib/containerd", "/run/netns", "/run/calico", "/run/cilium"];
    let emptied = |root: &str| layout.run == Run::Aggressive || GENTLE.contains(&root);
    outcome.mounted.iter().any(|root| !unmounted.contains(root) && emptied(root))
}

fn has(outcome: &Outcome, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| outcome.planted.iter().any(|planted| planted.contains(kind)))
}

/// How it ended, or what is wrong with that.
pub(crate) fn verdict(layout: &Layout, outcome: &Outcome) -> Result<&'static str, &'static str> {
    let fine = |step: &(String, i32)| matches!(step.1, 0 | 64) || step.0 == "kubeadm reset";
    if !outcome.unknown.is_empty() {
        Err("a fake was asked what it does not know")
    } else if !outcome.kept() {
        Err("what is protected changed")
    } else if layout.aliased || mounted_where_nothing_is(layout, outcome) {
        match (outcome.refused(), outcome.touched) {
            (true, false) => Ok("= refused by the guard, and nothing was touched"),
            (true, true) => Err("it was refused too late"),
            (false, _) => Err("it is not safe and was not refused"),
        }
    } else if outcome.refused() {
        excuse(layout, outcome).ok_or("it is safe and was refused")
    } else if outcome.bye && outcome.steps.iter().all(fine) {
        if outcome.is_empty(layout.run) { Ok("= completed") } else { Err("it says it is done, and something is left") }
    } else {
        excuse(layout, outcome).ok_or("it is safe and did not complete")
    }
}

fn excuse(layout: &Layout, outcome: &Outcome) -> Option<&'static str> {
    let explains =
        |said: &str, holds: fn(&Layout, &Outcome) -> bool| outcome.said.contains(said) && holds(layout, outcome);
    EXCUSES.iter().find(|(_, said, holds)| explains(said, *holds)).map(|excuse| excuse.0)
}
