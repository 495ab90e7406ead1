//! The reset at each level: the whole list, in the only order that works.

use super::{PhaseScript, Step, moved_folder, with_systemd_cgroup};
use crate::model::{Allow, Fact, Facts, Level, Node, Phase, RemovePath, Root};

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
    let steps = match request.level {
        Level::Gentle => gentle(request),
        Level::Aggressive => aggressive(request)?,
    };
    Ok(PhaseScript::new(Phase::Reset, Some(request.level), node, request.run, steps))
}

/// kubelet's own state: volumes, pods, certificates, config.
const KUBELET_STATE: RemovePath = RemovePath::contents(Root::Kubelet);

/// What kubeadm writes into /etc/kubernetes. Other files there are the admin's and stay.
const KUBEADM_FILES: RemovePath = RemovePath::entries(
    Root::EtcKubernetes,
    &[
        "manifests",
        "pki",
        "tmp",
        "admin.conf",
        "super-admin.conf",
        "kubelet.conf",
        "bootstrap-kubelet.conf",
        "controller-manager.conf",
        "scheduler.conf",
    ],
);

/// What host-local, the CNI library and flannel's plugin keep.
const CNI_STATE: RemovePath = RemovePath::entries(Root::CniState, &["networks", "results", "cache", "flannel"]);

/// The CNI configs that Kubernetes' network add-ons write. Podman's and others' stay (kubeadm#1822).
pub(super) const CNI_CONFIG_NAMES: [&str; 8] = [
    "10-flannel.conflist",
    "10-flannel.conf",
    "10-calico.conflist",
    "calico-kubeconfig",
    "05-cilium.conflist",
    "05-cilium.conf",
    "10-weave.conflist",
    "10-kuberouter.conflist",
];
const CNI_CONFIGS: RemovePath = RemovePath::entries(Root::CniConfig, &CNI_CONFIG_NAMES);

/// Where a gentle reset removes; `kubeadm reset`, which runs in it too, also empties the CNI state.
const GENTLE_ROOTS: [Root; 3] = [Root::Kubelet, Root::EtcKubernetes, Root::CniState];

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

fn kubernetes_state(lazy: bool) -> Vec<Step> {
    let mut steps = vec![
        Step::StopUnit("kubelet.service"),
        Step::RemovePods,
        Step::UnmountBelow { root: Root::Kubelet, lazy },
        Step::KubeadmReset,
    ];
    steps.extend(GENTLE_REMOVES.map(Step::Remove));
    steps
}

fn gentle(request: &ResetRequest<'_>) -> Vec<Step> {
    let mut steps =
        vec![Step::CheckWorker, Step::CheckRoots(&GENTLE_ROOTS), Step::Backup { run: request.run.to_owned() }];
    steps.extend(kubernetes_state(false));
    steps.extend([Step::ReloadUnits, Step::RestartContainerd, Step::AwaitCri]);
    steps
}

fn aggressive(request: &ResetRequest<'_>) -> Result<Vec<Step>, Refusal> {
    let present = match &request.facts.containerd_config {
        Fact::Known(text) => text.as_deref(),
        Fact::Unknown(why) => {
            return Err(Refusal(format!("containerd's config could not be read ({why}), and it may move its data")));
        }
    };
    if let Some(folder) = present.and_then(moved_folder) {
        return Err(Refusal(format!(
            "containerd's config.toml moves its data (`{folder}`), and kfleet removes only the default folders"
        )));
    }
    let default = request.facts.containerd_default_config.known().map(String::as_str);
    let config = with_systemd_cgroup(present, default).map_err(|error| Refusal(error.to_string()))?;

    let mut steps = vec![
        Step::CheckWorker,
        Step::CheckRoots(&Root::ALL),
        Step::CheckContainerdIsOurs,
        Step::CheckSshDevice,
        Step::Backup { run: request.run.to_owned() },
    ];
    steps.extend(kubernetes_state(true));
    steps.extend([Step::StopUnit("containerd.service"), Step::KillPods, Step::RemovePodNetns]);
    for root in [Root::ContainerdState, Root::ContainerdRoot] {
        steps.push(Step::UnmountBelow { root, lazy: true });
    }
    steps.extend([Root::ContainerdState, Root::ContainerdRoot].map(RemovePath::contents).map(Step::Remove));
    steps.extend(AGGRESSIVE_REMOVES.map(Step::Remove));
    steps.extend([
        Step::WriteContainerdConfig { text: config, run: request.run.to_owned() },
        Step::ReloadUnits,
        Step::RestartContainerd,
        Step::AwaitCri,
        Step::ArmFirewall { run: request.run.to_owned() },
        Step::PurgeFirewall,
        Step::DeleteLinks,
    ]);
    for root in [Root::CalicoRun, Root::CiliumRun] {
        steps.push(Step::UnmountBelow { root, lazy: true });
    }
    steps.extend(PLUGIN_REMOVES.map(Step::Remove));
    steps.push(Step::Remove(BPF_PINS));
    Ok(steps)
}
