//! A reset that is killed anywhere and run again ends where one ends that nothing disturbed.

use crate::as_root;
use crate::case::Case;
use crate::outcome::Outcome;
use crate::sandbox::{Shell, in_parallel};
use crate::steps::Run;
use std::collections::BTreeSet;

/// Mounts of every kind that a reset meets, held by pods, and things of others next door.
pub(crate) const WORKER: &str = r#"
    plugins
    bind /srv/media "$SUBPATH"; tmpfs /srv/media/disk; files /srv/media/disk/film
    tmpfs /var/lib/kubelet/pods/0a1b2c3d/volumes/secret; files /var/lib/kubelet/pods/0a1b2c3d/volumes/secret/token
    bind /mnt/media/photo.jpg /var/lib/kubelet/pods/0a1b2c3d/etc-hosts; bind_ro /mnt/media "/var/lib/kubelet/pods/a b"
    overlay "$TASKS/c1/rootfs"; pod "$TASKS/c1/rootfs"; pod "$SUBPATH/deep"
    tmpfs /run/containerd/io.containerd.grpc.v1.cri/sandboxes/s1/shm; overlay /var/lib/containerd/tmpmounts/m1
    ln -s /srv/media /var/lib/kubelet/media; ln /srv/media/film.mkv /var/lib/containerd/film
    files /etc/containerd/config.toml /etc/cni/net.d/05-cilium.conf /sys/class/net/flannel.1/mtu
"#;

fn killed(run: Run, cut: &str, shell: Shell) -> Outcome {
    let plant = format!("{WORKER}\necho '{cut}' >/guard/cut");
    Case::new(run, plant)
        .how(include_str!("interrupt.sh"))
        .shells(&[shell])
        .private()
        .outcomes()
        .pop()
        .expect("a shell")
}

/// Calls that change something; but a reset that was killed leaves a timer, which the next one stops.
fn changes(outcome: &Outcome) -> BTreeSet<&str> {
    let reads = ["kfleet-firewall.timer", "show", "pods -q", "info", "-save", " ls", "route get", "config dump"];
    let calls = outcome.calls.iter().map(String::as_str);
    calls.filter(|call| !reads.iter().any(|word| call.contains(word))).collect()
}

/// What is not as it should be, where something is not.
fn wrong(undisturbed: &Outcome, outcome: &Outcome, cut: &str) -> Option<String> {
    let differ = |what: &str, a: &BTreeSet<_>, b: &BTreeSet<_>| {
        let (gone, new): (Vec<_>, Vec<_>) = (a.difference(b).collect(), b.difference(a).collect());
        (a != b).then(|| format!("{what}\nwithout {gone:#?}\nwith {new:#?}"))
    };
    let texts = |calls: BTreeSet<&str>| calls.into_iter().map(str::to_owned).collect();
    let [first, again] = &outcome.states;
    let complete = outcome.kept() && outcome.unknown.is_empty() && outcome.bye && outcome.is_empty(Run::Gentle);
    (!complete || outcome.notes.is_empty() != (cut == "never"))
        .then(|| format!("not complete, or not killed{outcome}"))
        .or_else(|| differ("ends in another way", &undisturbed.states[0], first))
        .or_else(|| differ("one more run changed something", first, again))
        .or_else(|| differ("did not call the same", &texts(changes(undisturbed)), &texts(changes(outcome))))
        .map(|what| format!("killed at {cut}, it {what}"))
}

/// Where the state differs: before the first step, and after each that did something. Nothing happens between the end of one
/// and the begin of the next.
fn cuts(undisturbed: &Outcome) -> Vec<String> {
    let steps = &undisturbed.steps;
    let did_something = |(title, status): &(String, i32)| *status != 64 && !title.starts_with("check");
    let changed = (0..steps.len()).filter(|i| did_something(&steps[*i]));
    let after = changed.map(|i| if i + 1 < steps.len() { format!("begin {}", i + 1) } else { format!("end {i}") });
    ["begin 0".to_owned()].into_iter().chain(after).collect()
}

as_root! {
    #[allow(clippy::print_stdout, reason = "the counts are what the reader of a run wants")]
    fn a_reset_killed_anywhere_and_run_again() {
        for run in [Run::Gentle, Run::Aggressive] {
            let undisturbed = killed(run, "never", Shell::Dash);
            assert_eq!(wrong(&undisturbed, &undisturbed, "never"), None);
            let cuts = cuts(&undisturbed);
            let failures = in_parallel(cuts.len() as u64, |n| {
                let cut = &cuts[usize::try_from(n).expect("a small number")];
                let shell = if n % 2 == 0 { Shell::Dash } else { Shell::Busybox };
                wrong(&undisturbed, &killed(run, cut, shell), cut)
            });
            let failures: Vec<_> = failures.into_iter().flatten().collect();
            assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cuts.len(), failures.join("\n"));
            println!("guard: {run:?} reset killed at {} points and run again", cuts.len());
        }
    }
}
