//! The phases under test: a reset's own, or those of its steps that delete.

use kfleet::model::{Access, Allow, Become, Fact, Facts, Level, Node, NodeName, Phase, ProtectedPath, Role};
use kfleet::plan::{PhaseScript, ResetRequest, Step, reset};
use std::time::Duration;

/// What a case runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// A gentle reset, whole.
    Gentle,
    /// An aggressive reset, whole.
    Aggressive,
    /// Its steps that unmount or delete files, without the checks that would end it first.
    Unchecked,
    /// Unmounting and emptying kubelet's folder and /etc/kubernetes, as an aggressive reset does.
    Kubelet,
    /// Those steps of an aggressive reset that find moved folders, look at folders, unmount or delete.
    Roots,
    /// `Kubelet` on a control-plane node that may be reset: the member of etcd goes first, then its data.
    ControlPlane,
    /// `Kubelet` without unmounting: all that stands between the media and the delete is the guard.
    GuardOnly,
}

/// The phase for a node that protects `protect` besides what is always protected.
pub(crate) fn phase(run: Run, protect: &[&str]) -> PhaseScript {
    let node = node(protect);
    let default = include_str!("../fixtures/containerd-1.7.24/config-default.toml");
    let facts = Facts {
        containerd_config: Fact::Known(None),
        containerd_default_config: Fact::Known(default.to_owned()),
        files: Fact::Known(vec!["/etc/kubernetes/manifests/etcd.yaml".to_owned()]),
        ..Facts::default()
    };
    let allow = Allow { control_plane: run == Run::ControlPlane, ..Allow::default() };
    let level = if run == Run::Gentle { Level::Gentle } else { Level::Aggressive };
    let whole =
        reset(&node, &ResetRequest { level, run: "guard", facts: &facts, allow }).expect("a plain node is reset");
    if matches!(run, Run::Gentle | Run::Aggressive) {
        return whole;
    }
    let of_kubelet = |step: &Step| ["/var/lib/kubelet", "/etc/kubernetes"].iter().any(|r| step.to_string().contains(r));
    let wanted = |step: &Step| match step {
        Step::CheckRoots(_) | Step::CheckSnapshotters | Step::NoteMoved(_) | Step::ForgetMoved(_) => run == Run::Roots,
        Step::RemovePodNetns | Step::MoveDropIns { .. } | Step::MoveKubeconfig { .. } | Step::RemoveTmpLeftovers => {
            run == Run::Unchecked
        }
        Step::RemoveEtcdMember => true,
        Step::KubeadmReset => run != Run::GuardOnly,
        Step::UnmountBelow { .. } => {
            run != Run::GuardOnly && (!matches!(run, Run::Kubelet | Run::ControlPlane) || of_kubelet(step))
        }
        Step::Remove(path) => {
            matches!(run, Run::Unchecked | Run::Roots)
                || path.root().path() == "/etc/kubernetes"
                || path.root().path() == "/var/lib/kubelet"
                || path.root().path() == "/var/lib/etcd"
        }
        _ => false,
    };
    let steps = whole.steps.into_iter().filter(wanted).collect();
    PhaseScript::new(Phase::Reset, Some(level), &node, "guard", steps)
}

fn node(protect: &[&str]) -> Node {
    Node {
        name: NodeName::new("node1").expect("a name"),
        role: Role::Worker,
        groups: Vec::new(),
        access: Access {
            host: "node1".to_owned(),
            port: 22,
            user: "root".to_owned(),
            privilege: Become::None,
            identity_files: Vec::new(),
            known_hosts: "/dev/null".into(),
            connect_timeout: Duration::from_secs(1),
        },
        protect: protect
            .iter()
            .map(|path| ProtectedPath::new(path).expect("a path"))
            .chain(ProtectedPath::always())
            .collect(),
    }
}
