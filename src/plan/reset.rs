//! The reset at each level: the whole list, in the only order that works.

use super::{PhaseScript, Step, with_systemd_cgroup};
use crate::model::{Allow, Fact, Facts, Level, Node, ProtectedPath, RemovePath, Root};

/// What a reset needs to know beyond the node.
#[derive(Clone, Debug)]
pub struct ResetRequest<'a> {
    /// How deep.
    pub level: Level,
    /// The run's id, which names the backup folder on the node.
    pub run: &'a str,
    /// What the last probe saw.
    pub facts: &'a Facts,
    /// What the user allows.
    pub allow: Allow,
}

/// Why a reset is not planned at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused: {0}")]
pub struct Refusal(pub String);

/// The steps of a reset of `node`.
///
/// The order follows from what needs what: pods go while CRI and CNI are up; nothing is deleted before it is unmounted;
/// containerd's run folder goes before its data (or a second run cannot find the mounts that are left). The firewall
/// comes last, when nothing that would make its chains anew runs and nothing but the way in can be lost by it; interfaces
/// after the IPVS services that are known by them; and what tells whose they all are, the plugins' own files, at the end.
pub fn reset(node: &Node, request: &ResetRequest<'_>) -> Result<PhaseScript, Refusal> {
    let steps = steps(&node.protect, request)?;
    Ok(PhaseScript::new(request.level.phase(), Some(request.level), node, request.run, steps))
}

/// The same as a list, for a machine that protects `protect`.
pub(super) fn steps(protect: &[ProtectedPath], request: &ResetRequest<'_>) -> Result<Vec<Step>, Refusal> {
    let etcd = etcd(protect, request)?;
    match request.level {
        Level::Gentle => Ok(gentle(request, etcd)),
        Level::Aggressive => aggressive(request, etcd),
        // A control-plane node is never booted, whatever else is allowed.
        Level::Reboot => Ok(vec![Step::CheckWorker { allow_control_plane: false }, Step::CheckReboot, Step::Reboot]),
    }
}

/// kubelet's own state: volumes, pods, certificates, config.
const KUBELET_STATE: RemovePath = RemovePath::contents(Root::Kubelet);

/// What kubelet makes in its `--root-dir` (its pki and config.yaml are where kubeadm puts them, not there).
pub(super) const MOVED_KUBELET_STATE: RemovePath = RemovePath::entries(
    Root::MovedKubelet,
    &[
        "pods",
        "plugins",
        "plugins_registry",
        "plugin-containers",
        "pod-resources",
        "device-plugins",
        "image_manager",
        "cpu_manager_state",
        "memory_manager_state",
        "dra_manager_state",
        "pod_status_manager_state",
        "allocated_pods_state",
        "actuated_pods_state",
    ],
);

/// containerd's folders in the order in which they go, `state` before `root`: its plugins keep all they have in folders
/// of their ids, its unpacking in tmpmounts.
const CONTAINERD_STATE: [RemovePath; 4] = [
    RemovePath::contents(Root::ContainerdState),
    RemovePath::entries(Root::MovedContainerdState, &["io.containerd.*"]),
    RemovePath::contents(Root::ContainerdRoot),
    RemovePath::entries(Root::MovedContainerdRoot, &["io.containerd.*", "tmpmounts"]),
];

/// What kubeadm writes into /etc/kubernetes. Other files there are the admin's and stay.
const KUBEADM_FILES: RemovePath = RemovePath::entries(
    Root::EtcKubernetes,
    &[
        "manifests",
        "pki",
        "tmp",
        "super-admin.conf",
        "kubelet.conf",
        "bootstrap-kubelet.conf",
        "controller-manager.conf",
        "scheduler.conf",
        "admin.conf", // last: while anything tells a control-plane node, the cluster can be asked with it
    ],
);

/// What host-local, the CNI library and flannel's plugin keep.
const CNI_STATE: RemovePath = RemovePath::entries(Root::CniState, &["networks", "results", "cache", "flannel"]);

/// The CNI configs that Kubernetes' network add-ons write, each by the exact name in the add-on's own manifest or source.
/// Podman's and others' stay (kubeadm#1822).
pub(super) const CNI_CONFIG_NAMES: [&str; 21] = [
    "10-flannel.conflist",
    "10-flannel.conf",
    "10-calico.conflist",
    "10-canal.conflist",
    "calico-kubeconfig",
    "05-cilium.conflist",
    "05-cilium.conf",
    "10-weave.conflist",
    "10-weave.conf",
    "10-kuberouter.conflist",
    "10-kuberouter.conf",
    "10-antrea.conflist",
    "10-kindnet.conflist",
    "00-multus.conf",
    "00-multus.conflist",
    "multus.d",
    "00-kube-ovn.conflist",
    "01-kube-ovn.conflist",
    "10-ovn-kubernetes.conf",
    "10-aws.conflist",
    "10-azure.conflist",
];
const CNI_CONFIGS: RemovePath = RemovePath::entries(Root::CniConfig, &CNI_CONFIG_NAMES);

/// Where a gentle reset removes; `kubeadm reset`, which runs in it too, also empties the CNI state.
const GENTLE_ROOTS: [Root; 4] = [Root::Kubelet, Root::EtcKubernetes, Root::CniState, Root::MovedKubelet];

/// What a gentle reset leaves empty.
pub(super) const GENTLE_REMOVES: [RemovePath; 2] = [KUBELET_STATE, KUBEADM_FILES];

/// What an aggressive reset leaves empty besides; containerd's own folders fill again as soon as it starts.
pub(super) const AGGRESSIVE_REMOVES: [RemovePath; 5] = [
    RemovePath::contents(Root::PodLogs),
    RemovePath::contents(Root::ContainerLogs),
    RemovePath::contents(Root::FlannelRun),
    CNI_STATE,
    CNI_CONFIGS,
];

/// What runs beside the kubelet where it is no pod, and would make interfaces and chains anew. Stopped, and left enabled:
/// who installed it on the host wants it after the next boot.
const NETWORK_UNITS: [&str; 3] = ["kube-proxy.service", "flanneld.service", "flannel.service"];

/// What network plugins keep outside of CNI's folders.
pub(super) const PLUGIN_REMOVES: [RemovePath; 5] = [
    RemovePath::contents(Root::CalicoRun),
    RemovePath::contents(Root::CiliumRun),
    RemovePath::contents(Root::KubeRouterState),
    RemovePath::contents(Root::WeaveState),
    RemovePath::contents(Root::CalicoState),
];

/// Pinned maps and programs of Cilium and of Calico's eBPF mode.
const BPF_PINS: RemovePath = RemovePath::entries(Root::BpfGlobals, &["cilium_*", "cali_*"]);

/// What a reset does about etcd.
#[derive(Clone, Copy, Debug, Default)]
struct Etcd {
    /// The node carries a member that goes.
    member: bool,
    /// Its data go too.
    data: bool,
}

const ETCD_DATA: RemovePath = RemovePath::contents(Root::Etcd);

/// Only a member that kubeadm's own manifest shows is ever removed; an external etcd is somebody else's.
fn etcd(protect: &[ProtectedPath], request: &ResetRequest<'_>) -> Result<Etcd, Refusal> {
    if !request.allow.control_plane {
        return Ok(Etcd::default());
    }
    let Some(member) = request.facts.has_file("/etc/kubernetes/manifests/etcd.yaml") else {
        return Err(Refusal("whether this node carries a member of etcd could not be told".to_owned()));
    };
    Ok(Etcd { member, data: member && !protect.iter().any(|path| path.touches(Root::Etcd)) })
}

/// What every reset looks at before anything is touched.
fn checks(request: &ResetRequest<'_>, roots: Vec<Root>, etcd: Etcd) -> Vec<Step> {
    let mut steps =
        vec![Step::CheckWorker { allow_control_plane: request.allow.control_plane }, Step::CheckRoots(roots)];
    if etcd.data {
        steps.push(Step::CheckRoots(vec![Root::Etcd]));
    }
    steps
}

/// Copies, and what must be told apart while the files are there that tell it.
fn put_aside(run: &str, moved: &'static [Root]) -> Vec<Step> {
    let run = run.to_owned();
    vec![
        Step::Backup { run: run.clone() },
        Step::NoteMoved(moved),
        Step::MoveKubeconfig { run: run.clone() },
        Step::MoveDropIns { run },
        Step::RemoveTmpLeftovers,
    ]
}

fn kubernetes_state(lazy: bool, etcd: Etcd) -> Vec<Step> {
    let mut steps = Vec::new();
    if etcd.member {
        steps.push(Step::RemoveEtcdMember);
    }
    steps.extend([
        Step::StopUnit("kubelet.service"),
        Step::RemovePods,
        Step::UnmountBelow { path: KUBELET_STATE, lazy },
        Step::UnmountBelow { path: MOVED_KUBELET_STATE, lazy },
        Step::KubeadmReset,
    ]);
    steps.extend(GENTLE_REMOVES.map(Step::Remove));
    steps.push(Step::Remove(MOVED_KUBELET_STATE));
    if etcd.data {
        steps.push(Step::Remove(ETCD_DATA));
    }
    steps
}

fn gentle(request: &ResetRequest<'_>, etcd: Etcd) -> Vec<Step> {
    let mut steps = checks(request, GENTLE_ROOTS.to_vec(), etcd);
    steps.extend(put_aside(request.run, &[Root::MovedKubelet]));
    steps.extend(kubernetes_state(false, etcd));
    steps.extend([
        Step::ReloadUnits,
        Step::RestartContainerd,
        Step::AwaitCri,
        Step::ForgetMoved(&[Root::MovedKubelet]),
    ]);
    steps
}

fn aggressive(request: &ResetRequest<'_>, etcd: Etcd) -> Result<Vec<Step>, Refusal> {
    let present = match &request.facts.containerd_config {
        Fact::Known(text) => text.as_deref(),
        Fact::Unknown(why) => {
            return Err(Refusal(format!("containerd's config could not be read ({why}), so none can be made of it")));
        }
    };
    let default = request.facts.containerd_default_config.known().map(String::as_str);
    let config = with_systemd_cgroup(present, default).map_err(|error| Refusal(error.to_string()))?;

    let shared = request.allow.shared_runtime && !request.facts.containerd_sharers.is_known_and(Vec::is_empty);
    let moved: &'static [Root] = if shared { &[Root::MovedKubelet] } else { &Root::MOVED };
    // Shared, containerd's folders are left to containerd.
    let of_containerd = |root: &Root| CONTAINERD_STATE.iter().any(|path| path.root() == *root);
    let roots = Root::ALL.into_iter().filter(|root| !shared || !of_containerd(root)).collect();
    let mut steps = checks(request, roots, etcd);
    if shared {
        steps.push(Step::CheckSharedContainerd);
    } else {
        steps.extend([Step::CheckSnapshotters, Step::CheckContainerdIsOurs]);
    }
    steps.extend([Step::CheckSshDevice, Step::CheckContainerdConfig { text: config.clone() }]);
    steps.extend(put_aside(request.run, moved));
    steps.extend(kubernetes_state(true, etcd));
    steps.extend(NETWORK_UNITS.map(Step::StopUnit));
    if shared {
        steps.extend([Step::RemoveShare, Step::KillPods, Step::RemovePodNetns]);
    } else {
        steps.extend([Step::StopUnit("containerd.service"), Step::KillPods, Step::RemovePodNetns]);
        steps.extend(CONTAINERD_STATE.map(|path| Step::UnmountBelow { path, lazy: true }));
        steps.extend(CONTAINERD_STATE.map(Step::Remove));
    }
    steps.extend(AGGRESSIVE_REMOVES.map(Step::Remove));
    steps.extend([
        Step::ReloadUnits,
        Step::ApplyContainerdConfig { text: config, run: request.run.to_owned(), shared },
        Step::ArmFirewall { run: request.run.to_owned(), from: None },
        Step::PurgeFirewall,
        Step::DeleteLinks,
    ]);
    for root in [Root::CalicoRun, Root::CiliumRun] {
        steps.push(Step::UnmountBelow { path: RemovePath::contents(root), lazy: true });
    }
    steps.extend(PLUGIN_REMOVES.map(Step::Remove));
    steps.extend([Step::Remove(BPF_PINS), Step::ForgetMoved(moved)]);
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containerd_s_folders_are_left_to_it_where_others_may_have_something_in_them() {
        let plan = |shared_runtime, containerd_sharers| {
            let facts = Facts {
                containerd_config: Fact::Known(None),
                containerd_default_config: Fact::Known("version = 2\n".to_owned()),
                containerd_sharers,
                ..Facts::default()
            };
            let allow = Allow { shared_runtime, ..Allow::default() };
            aggressive(&ResetRequest { level: Level::Aggressive, run: "run", facts: &facts, allow }, Etcd::default())
                .unwrap()
        };
        let empties = |steps: &[Step]| {
            let of_containerd = |step: &Step| {
                matches!(step, Step::StopUnit("containerd.service"))
                    || ["/run/containerd", "/var/lib/containerd"].iter().any(|root| step.to_string().contains(root))
            };
            steps.iter().filter(|step| of_containerd(step)).count()
        };
        let others = || Fact::Known(vec!["containers of moby".to_owned()]);
        for sharers in [others(), Fact::default()] {
            let steps = plan(true, sharers.clone());
            assert!(steps.contains(&Step::RemoveShare) && steps.contains(&Step::CheckSharedContainerd));
            assert_eq!(empties(&steps), 0, "{steps:?}");
            // Without the flag the node refuses.
            assert!(plan(false, sharers).contains(&Step::CheckContainerdIsOurs));
        }
        for steps in [plan(true, Fact::Known(Vec::new())), plan(false, Fact::default())] {
            assert!(steps.contains(&Step::CheckContainerdIsOurs) && !steps.contains(&Step::RemoveShare));
            assert_eq!(empties(&steps), 5, "{steps:?}");
        }
    }
}
