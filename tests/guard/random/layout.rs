//! Throws the dice for one machine.

use super::dice::Dice;
use super::kinds::{ALIASED, ITEMS, MEDIA, MOVED};
use crate::case::Case;
use crate::names::NAMES;
use crate::sandbox::{Shell, roots};
use crate::steps::Run;
use std::fmt::Write;

/// One random machine, and what a reset of it must come to.
pub(crate) struct Layout {
    pub(crate) run: Run,
    pub(crate) case: Case,
    /// Whether a protected path is in reach of this reset, which must then be refused before anything is touched.
    pub(crate) aliased: bool,
    /// Whether mounts are shared between namespaces, as systemd has them.
    pub(crate) shared: bool,
    /// What it is made of; of its items, only those count that could be planted (`Outcome::planted`).
    pub(crate) kinds: Vec<String>,
}

/// What a gentle reset empties, as far as the guard looks at it first.
pub(super) const GENTLE: [&str; 3] = ["/var/lib/kubelet", "/etc/kubernetes", "/var/lib/cni"];

/// The folders that are on each worker.
const USUAL: [&str; 9] = [
    "/var/lib/kubelet",
    "/etc/kubernetes",
    "/var/lib/cni",
    "/etc/cni/net.d",
    "/run/flannel",
    "/run/containerd",
    "/var/lib/containerd",
    "/var/log/pods",
    "/var/log/containers",
];

/// Where things are mounted on a worker.
const MOUNTED: [&str; 4] = ["/var/lib/kubelet", "/var/lib/kubelet", "/run/containerd", "/var/lib/containerd"];

pub(crate) fn layout(dice: &mut Dice) -> Layout {
    let run = dice.pick(&[Run::Gentle, Run::Aggressive]);
    let mut kinds = vec![format!("{run:?} reset")];
    let mut plant = String::new();
    let mut add = |(kind, text): (&str, &str), root: &str| {
        kinds.push(kind.to_owned());
        writeln!(plant, "{}", text.replace("ROOT", root)).expect("memory");
    };
    add(dice.pick(&MEDIA), "");
    let unsafe_ = dice.roll(4) == 0;
    let (root, other) = (dice.pick(&roots()), dice.pick(&USUAL));
    let root = if dice.roll(4) == 0 { root } else { other };
    // Copies are kept of the folder of CNI configs, and not of a whole machine.
    let root = if run == Run::Gentle && root == "/etc/cni/net.d" { "/var/log/pods" } else { root };
    let aliased = unsafe_ && (run == Run::Aggressive || GENTLE.contains(&root));
    let plugin =
        !["kubelet", "kubernetes", "cni", "flannel", "containerd", "/var/log"].iter().any(|name| root.contains(name));
    if plugin || dice.roll(8) == 0 {
        add(("plugins", "plugins"), "");
    }
    add(if unsafe_ { dice.pick(&ALIASED) } else { dice.pick(&MOVED) }, root);
    kinds.push(format!("{} {}", if unsafe_ { "aliased:" } else { "placed:" }, root));
    if dice.roll(2) == 0 {
        kinds.push("CNI is Kubernetes' alone".to_owned());
        plant.push_str("rm -f /etc/cni/net.d/87-podman.conflist\n");
    }
    plant.push_str("last=/var/lib/kubelet n=0\n");
    for _ in 0..=dice.roll(6) {
        plant.push_str(&item(dice));
    }
    let shared = dice.roll(3) > 0;
    let mut case = Case::new(run, plant).shells(&[dice.pick(&Shell::ALL)]);
    if !shared {
        kinds.push("private mounts".to_owned());
        case = case.private();
    }
    Layout { run, case, aliased, shared, kinds }
}

/// One more thing, of a random name, in a folder that a reset empties. What cannot be there is left out.
fn item(dice: &mut Dice) -> String {
    let (kind, text) = dice.pick(&ITEMS);
    let root = if dice.roll(12) == 0 { dice.pick(&USUAL) } else { dice.pick(&MOUNTED) };
    let from = dice.pick(&["/srv/media", "/srv/media/deep", "/mnt/media", "/srv", "/disk/other", "\"$last\""]);
    let name = dice.pick(&NAMES).replace("//", "").replace('\'', r"'\''");
    // What was planted last may lie in the media too; a part of the root must not come there.
    let last =
        if text.contains("ROOT") || text.contains("overlay") || from == "\"$last\"" { "$root/" } else { "$last/" };
    let below = match root {
        "/run/containerd" => dice.pick(&["$TASKS/c1/rootfs", "$root/io.containerd.grpc.v1.cri/sandboxes/", last]),
        "/var/lib/containerd" => dice.pick(&["$root/tmpmounts/containerd-mount", "$root/", last]),
        _ => dice.pick(&["$root/", "$root/pods/0a1b2c3d/volume-subpaths/v/c/", "$root/pods/-x y/", last]),
    };
    let part = if from == "\"$last\"" { "mount of what is in a root" } else { "mount of what is not" };
    let text = text.replace("FROM", from).replace("ROOT", root);
    // Shared mounts in shared mounts multiply, so at some number it is enough.
    format!(
        "name=$(printf '%b' '{name}' && printf x); name=${{name%x}}; n=$((n + 1)); root={root}; at=\"{below}$name\"; (
set +e
[ \"$(wc -l </proc/self/mountinfo)\" -lt 60 ] || exit
{text}
) 2>/dev/null </dev/null && printf '%s\\n' '{kind}' 'something below {root}' '{part}' >>/guard/planted; last=$at; [ -d \"$last\" ] || last=/var/lib/kubelet\n"
    )
}
