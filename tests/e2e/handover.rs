//! More than one kfleet about one node, and the rung on which the node itself goes away for a while.

use crate::bed::Bed;
use crate::between::Between;
use crate::run::{kfleet, kfleet_as, path, start_as};
use kfleet::model::{Event, Kind, Level, Outcome, Phase};

/// The steps that were seen to begin, in their order.
fn begun(events: &[Event]) -> Vec<usize> {
    let step = |event: &Event| if let Kind::StepStarted { step, .. } = event.kind { Some(step) } else { None };
    events.iter().filter_map(step).collect()
}

/// Alice resets a node, Bob comes to it.
pub fn two_operators(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "media");
    let media = bed.media(node);
    bed.plant(node, "corrupt-containerd");

    let held = bed.hold(node, 4);
    let mut alice = start_as(bed, "alice", &["reset", node, "--aggressive", "--yes"]);
    held.reached_by(&mut alice);
    let bob = kfleet_as(bed, "bob", &["reset", node, "--yes"]);
    let report = bob.expect(node, Outcome::Refused);
    let error = report.error.as_deref().unwrap_or_default();
    for word in ["aggressive reset by alice@", "since ", "kfleet attach"] {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
    let mut followed = start_as(bed, "bob", &["attach", node]);
    held.reached_by(&mut followed);
    held.release();
    let followed = followed.finish();
    let report = followed.expect(node, Outcome::Followed);
    assert!(report.notes[0].contains("aggressive reset that alice@"), "{report:?}");
    let alice = alice.finish();
    alice.expect(node, Outcome::Reset);
    let steps = begun(&followed.events);
    assert_eq!(steps, (0..steps.len()).collect::<Vec<_>>(), "every step was seen once and in order");
    assert_eq!(steps, begun(&alice.events), "both saw the same");

    bed.plant(node, "corrupt-containerd");
    let held = bed.hold(node, 4);
    let mut alice = start_as(bed, "alice", &["reset", node, "--aggressive", "--yes"]);
    held.reached_by(&mut alice);
    let mut bob = start_as(bed, "bob", &["stop", node]);
    held.reached_by(&mut bob); // it was asked to end, and is followed
    held.release();
    let bob = bob.finish();
    let report = bob.expect(node, Outcome::Stopped);
    assert!(report.notes[0].contains("asked to end here by bob@"), "{report:?}");
    assert_eq!(bob.code, Some(0));
    let alice = alice.finish();
    let report = alice.expect(node, Outcome::Halted);
    assert!(report.error.as_deref().unwrap_or_default().contains("by bob@"), "{report:?}");
    assert_eq!(alice.code, Some(1), "somebody else has ended it");
    let phases = alice.events.iter().filter(|e| matches!(e.kind, Kind::PhaseStarted { phase: Phase::Reset, .. }));
    assert_eq!(phases.count(), 1, "it was begun again");
    assert_eq!(begun(&alice.events), [0, 1, 2, 3, 4], "it ends with the step that ran");
    assert_eq!(bed.see(node, "ls /run/kfleet/*.stop /run/kfleet/*.sh 2>/dev/null | wc -l").trim(), "0");

    kfleet(bed, &["stop", node]).expect(node, Outcome::Idle);
    let past = kfleet(bed, &["attach", node]);
    assert!(past.expect(node, Outcome::Idle).notes[0].contains("by bob@"), "{}", past.text);
    kfleet(bed, &["reset", node, "--aggressive", "--yes"]).expect(node, Outcome::Reset);
    assert_eq!(bed.media(node), media, "media changed");
}

/// Bob looks, and while his line stands still Alice resets and joins the node that he found half-joined, by hand.
pub fn old_look(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "half-joined");
    let (mut between, inventory) = Between::tcp(bed, node);
    between.order("delay 300"); // so that the line stands still before the last of his questions is answered
    let command = bed.join_command();
    let join = ["join", node, "--yes", "--join-command", &command, "--inventory", path(&inventory)];
    let mut bob = start_as(bed, "bob", &join);
    bob.until(|kind| matches!(kind, Kind::Waiting { what, .. } if what.starts_with("asking the API server")));
    between.order("stick");
    between.until_said("stuck");
    between.order("delay 0");
    bed.see(node, &format!("kubeadm reset -f && {command}"));
    let before = bed.see(node, "stat -c '%i %Z' /etc/kubernetes/kubelet.conf");

    let bob = bob.finish();
    let report = bob.expect(node, Outcome::AlreadyJoined);
    assert_eq!((report.level, report.attempts), (None, 0), "{report:?}");
    assert!(bob.text.contains("since it was looked at"), "his reset was not held back: {}", bob.text);
    assert_eq!(bed.see(node, "stat -c '%i %Z' /etc/kubernetes/kubelet.conf"), before, "it was joined anew");
}

/// A containerd that only a boot lets start again: it is masked until then.
const MASKED: &str = "systemctl mask --quiet --runtime --now containerd";
const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id";

pub fn reboot(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "media");
    let media = bed.media(node);
    bed.see(node, MASKED);
    bed.see(node, "mkdir /srv/media/by-hand && mount -t tmpfs -o size=64k none /srv/media/by-hand");
    let text = std::fs::read_to_string(bed.file("inventory.yaml")).expect("the bed wrote it");
    let with = |name: &str, start: Level| {
        let policy = format!("policy: {{start: {start}, ceiling: reboot}}");
        let text = format!("{policy}\ntimeouts: {{reboot: 1m, settle: 5s, answer: 5s}}\n{text}");
        bed.inventory(name, &text)
    };
    let (whole, short) = (with("reboot.yaml", Level::Gentle), with("soon.yaml", Level::Aggressive));
    let join = ["join", node, "--yes", "--inventory", path(&whole)];
    let join_soon = ["join", node, "--yes", "--inventory", path(&short)];

    // What a boot would not bring back.
    let before = bed.see(node, BOOT_ID);
    let run = kfleet(bed, &join_soon);
    let report = run.expect(node, Outcome::Refused);
    assert!(report.error.as_deref().unwrap_or_default().contains("/srv/media/by-hand"), "{report:?}");
    assert_eq!(bed.see(node, BOOT_ID), before, "it was booted all the same");
    bed.see(node, "umount /srv/media/by-hand && rmdir /srv/media/by-hand");

    let run = kfleet(bed, &join);
    let report = run.expect(node, Outcome::Joined);
    assert_eq!((report.level, report.attempts), (Some(Level::Reboot), 1));
    assert_ne!(bed.see(node, BOOT_ID), before, "it was not booted");
    assert_eq!(bed.media(node), media, "media changed");
    let resets: Vec<_> = run
        .events
        .iter()
        .filter_map(|e| match e.kind {
            Kind::PhaseStarted { phase: Phase::Reset | Phase::Reboot, level, .. } => level,
            _ => None,
        })
        .collect();
    assert_eq!(resets, Level::ALL, "each rung once, in order");

    // sshd is enabled, and does not come up again.
    bed.see(node, &format!("kubeadm reset -f >/dev/null 2>&1; {MASKED}; echo nonsense >>/etc/ssh/sshd_config"));
    let run = kfleet(bed, &join_soon);
    let report = run.expect(node, Outcome::Gone);
    assert!(report.error.as_deref().unwrap_or_default().contains("did not come back within 60 s"), "{report:?}");
    assert_eq!(run.code, Some(1));
}
