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
/// containerd's run folder goes before its data (or a second run cannot find the mounts that are left); chains go after
/// kubelet stopped, which would make them anew.
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

/// What host-local and the CNI library keep.
const CNI_STATE: RemovePath = RemovePath::entries(Root::CniState, &["networks", "results", "cache"]);

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

/// The roots of an aggressive reset that leaves containerd's folders to containerd.
const SHARED_ROOTS: [Root; 7] = [
    Root::Kubelet,
    Root::EtcKubernetes,
    Root::CniState,
    Root::CniConfig,
    Root::FlannelRun,
    Root::PodLogs,
    Root::ContainerLogs,
];

/// What runs beside the kubelet where it is no pod, and would make interfaces and chains anew. Stopped, and left enabled:
/// who installed it on the host wants it after the next boot.
const NETWORK_UNITS: [&str; 3] = ["kube-proxy.service", "flanneld.service", "flannel.service"];

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

    let shared = request.allow.shared_runtime && !request.facts.containerd_sharers.is_known_and(Vec::is_empty);
    let (roots, whose): (&[Root], _) =
        if shared { (&SHARED_ROOTS, Step::CheckSharedContainerd) } else { (&Root::ALL, Step::CheckContainerdIsOurs) };
    let mut steps = vec![
        Step::CheckWorker,
        Step::CheckRoots(roots),
        whose,
        Step::CheckSshDevice,
        Step::CheckContainerdConfig { text: config.clone() },
        Step::Backup { run: request.run.to_owned() },
    ];
    steps.extend(kubernetes_state(true));
    steps.extend(NETWORK_UNITS.map(Step::StopUnit));
    if shared {
        steps.extend([Step::RemoveShare, Step::KillPods]);
    } else {
        steps.extend([Step::StopUnit("containerd.service"), Step::KillPods]);
        for root in [Root::ContainerdState, Root::ContainerdRoot] {
            steps.push(Step::UnmountBelow { root, lazy: true });
        }
        steps.extend([Root::ContainerdState, Root::ContainerdRoot].map(RemovePath::contents).map(Step::Remove));
    }
    steps.extend(AGGRESSIVE_REMOVES.map(Step::Remove));
    steps.extend([
        Step::PurgeFirewall,
        Step::DeleteLinks,
        Step::ReloadUnits,
        Step::ApplyContainerdConfig { text: config, run: request.run.to_owned(), shared },
    ]);
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
            aggressive(&ResetRequest { level: Level::Aggressive, run: "run", facts: &facts, allow }).unwrap()
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
