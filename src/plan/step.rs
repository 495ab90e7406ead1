//! One thing done to a node.

use crate::model::{JoinCommand, RemovePath, Root};
use crate::shell::{Fragment, Need, Word};
use std::fmt;

/// A step of a phase that changes a node. Each is one small function of the constant library in `plan/sh`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Refuses on machines that carry a control plane or etcd, or lack the tools that make deleting safe.
    CheckWorker {
        /// Whether a control-plane node passes, where the API server shows that it is not the last one.
        allow_control_plane: bool,
    },
    /// Refuses where a folder to be emptied is, holds or lies in a protected path, before anything is touched. Each delete
    /// asks the same again, right before it.
    CheckRoots(&'static [Root]),
    /// Refuses where Docker or another containerd namespace would lose its containers.
    CheckContainerdIsOurs,
    /// Refuses where the SSH connection runs over an interface that would be deleted.
    CheckSshDevice,
    /// Copies what a reset removes and an admin may have put there himself.
    Backup {
        /// The run whose backup folder takes the copies.
        run: String,
    },
    /// Stops a systemd unit; never disables, masks or deletes it.
    StopUnit(&'static str),
    /// Removes pods through CRI, while CNI can still clean up after them.
    RemovePods,
    /// Unmounts all below a root; `lazy` detaches what is busy.
    UnmountBelow {
        /// The root.
        root: Root,
        /// Whether busy mounts are detached (`umount -l`) as a last resort.
        lazy: bool,
    },
    /// Moves drop-ins aside that would break the next kubelet.
    MoveDropIns {
        /// The run whose backup folder takes them.
        run: String,
    },
    /// Moves root's kubeconfig aside where it leads to the cluster that is being left.
    MoveKubeconfig {
        /// The run whose backup folder takes it.
        run: String,
    },
    /// Removes what the shell script before kfleet left in /tmp.
    RemoveTmpLeftovers,
    /// Takes the node's member out of etcd, while its API server still runs.
    RemoveEtcdMember,
    /// `kubeadm reset`, secluded and without its etcd phase.
    KubeadmReset,
    /// Removes what the guard proves to be Kubernetes' alone.
    Remove(RemovePath),
    /// Kills what is left of pods and their shims.
    KillPods,
    /// Removes chains of Kubernetes and CNI plugins, and every jump to them, from every iptables backend.
    PurgeFirewall,
    /// Deletes the pod networks' interfaces.
    DeleteLinks,
    /// Puts a config.toml in place that containerd itself has read; the old one is kept.
    WriteContainerdConfig {
        /// The whole new text.
        text: String,
        /// The run whose backup folder takes the old file.
        run: String,
    },
    /// daemon-reload, reset-failed, kubelet enabled (kubeadm starts it).
    ReloadUnits,
    /// Restarts containerd.
    RestartContainerd,
    /// Waits until CRI says that the runtime is ready.
    AwaitCri,
    /// `kubeadm join`.
    KubeadmJoin(Box<JoinCommand>),
}

/// Interfaces that pod networks create under fixed names (flannel, Calico, Cilium, Weave, kube-router, kube-proxy,
/// `NodeLocal` DNS), in the order in which they can be deleted. Never a pattern such as "anything vxlan".
pub(super) const LINKS: [&str; 22] = [
    "cni0",
    "cbr0",
    "flannel.1",
    "flannel-v6.1",
    "flannel-wg",
    "flannel-wg-v6",
    "vxlan.calico",
    "vxlan-v6.calico",
    "wireguard.cali",
    "wg-v6.cali",
    "cilium_host",
    "cilium_net",
    "cilium_vxlan",
    "cilium_geneve",
    "weave",
    "datapath",
    "vxlan-6784",
    "kube-bridge",
    "kube-dummy-if",
    "kube-ipvs0",
    "nodelocaldns",
    "lxc_health",
];

impl Step {
    /// Whether the phase ends when this step fails. A guard's refusal always ends it.
    pub fn need(&self) -> Need {
        match self {
            // Whether interfaces and chains are gone and CRI came back is for the next probe to judge, and containerd must
            // be started again in any case. kubeadm's removals are all made again by `Remove`; a sick runtime cannot
            // remove its pods.
            Self::PurgeFirewall
            | Self::DeleteLinks
            | Self::RemovePods
            | Self::KubeadmReset
            | Self::KillPods
            | Self::AwaitCri
            // Files that stay are told by the next probe.
            | Self::MoveDropIns { .. }
            | Self::MoveKubeconfig { .. }
            | Self::RemoveTmpLeftovers => Need::Optional,
            _ => Need::Required,
        }
    }

    /// The call of the library function, with its values.
    pub fn fragment(&self) -> Fragment {
        match self {
            Self::CheckWorker { allow_control_plane } => Fragment::new("check_worker")
                .var("ALLOW_CONTROL_PLANE", Word::new(if *allow_control_plane { "yes" } else { "no" })),
            Self::CheckRoots(roots) => {
                Fragment::new("check_roots \"$@\"").args(roots.iter().map(|root| Word::new(root.path())))
            }
            Self::CheckContainerdIsOurs => Fragment::new("check_containerd_is_ours"),
            Self::CheckSshDevice => Fragment::new("check_ssh_device \"$@\"").args(LINKS.map(Word::new)),
            Self::Backup { run } => Fragment::new("backup").var("BACKUP", Word::within(BACKUP, run)),
            Self::StopUnit(unit) => Fragment::new("stop_unit").var("UNIT", Word::new(*unit)),
            Self::RemovePods => Fragment::new("remove_pods"),
            Self::UnmountBelow { root, lazy } => Fragment::new("unmount_below")
                .var("ROOT", Word::new(root.path()))
                .var("LAZY", Word::new(if *lazy { "yes" } else { "no" })),
            Self::MoveDropIns { run } => Fragment::new("move_dropins").var("BACKUP", Word::within(BACKUP, run)),
            Self::MoveKubeconfig { run } => Fragment::new("move_kubeconfig").var("BACKUP", Word::within(BACKUP, run)),
            Self::RemoveTmpLeftovers => Fragment::new("remove_tmp_leftovers"),
            Self::RemoveEtcdMember => Fragment::new("remove_etcd_member"),
            Self::KubeadmReset => Fragment::new("kubeadm_reset"),
            Self::Remove(path) => {
                let function = match (path.root(), path.names()) {
                    (Root::CniState, _) => "remove_cni_state \"$@\"",
                    (Root::Etcd, _) => "remove_etcd_data",
                    (_, []) => "remove_contents",
                    (_, [_, ..]) => "remove_entries \"$@\"",
                };
                let names = path.names().iter().map(|name| Word::new(*name));
                Fragment::new(function).var("ROOT", Word::new(path.root().path())).args(names)
            }
            Self::KillPods => Fragment::new("kill_pods"),
            Self::PurgeFirewall => Fragment::new("purge_firewall"),
            Self::DeleteLinks => Fragment::new("delete_links \"$@\"").args(LINKS.map(Word::new)),
            Self::WriteContainerdConfig { text, run } => Fragment::new("write_containerd_config")
                .var("CONFIG", Word::secret(text.as_str())) // registry passwords may be in it
                .var("BACKUP", Word::within(BACKUP, run)),
            Self::ReloadUnits => Fragment::new("reload_units"),
            Self::RestartContainerd => Fragment::new("restart_containerd"),
            Self::AwaitCri => Fragment::new("await_cri"),
            Self::KubeadmJoin(command) => Fragment::new(JOIN).args(super::join::arguments(command)),
        }
    }
}

/// Where copies of what a run changes are kept, a folder per run.
const BACKUP: &str = "/var/lib/kfleet/backup";

/// kubeadm's own waits add up to about 10 minutes (discovery 5, TLS bootstrap 5 [kubeadm constants]); the bound is for
/// a kubeadm that hangs.
const JOIN: &str = "timeout -k 10 900 kubeadm join \"$@\"";

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CheckWorker { allow_control_plane: false } => f.write_str("check that this is a worker"),
            Self::CheckWorker { allow_control_plane: true } => {
                f.write_str("check that this is not the last control-plane node")
            }
            Self::CheckRoots(_) => f.write_str("check that no protected path is in reach"),
            Self::CheckContainerdIsOurs => f.write_str("check that nobody else uses containerd"),
            Self::CheckSshDevice => f.write_str("check the way of this connection"),
            Self::Backup { .. } => f.write_str("keep copies of configuration"),
            Self::StopUnit(unit) => write!(f, "stop {unit}"),
            Self::RemovePods => f.write_str("remove pods"),
            Self::UnmountBelow { root, .. } => write!(f, "unmount below {}", root.path()),
            Self::MoveDropIns { .. } => f.write_str("move broken kubelet drop-ins aside"),
            Self::MoveKubeconfig { .. } => f.write_str("move root's kubeconfig of this cluster aside"),
            Self::RemoveTmpLeftovers => f.write_str("remove leftovers in /tmp"),
            Self::RemoveEtcdMember => f.write_str("remove this node's member from etcd"),
            Self::KubeadmReset => f.write_str("kubeadm reset"),
            Self::Remove(path) => write!(f, "remove {path}"),
            Self::KillPods => f.write_str("kill leftover containers"),
            Self::PurgeFirewall => f.write_str("remove firewall chains"),
            Self::DeleteLinks => f.write_str("delete pod network interfaces"),
            Self::WriteContainerdConfig { .. } => f.write_str("write containerd's config"),
            Self::ReloadUnits => f.write_str("reload systemd units"),
            Self::RestartContainerd => f.write_str("restart containerd"),
            Self::AwaitCri => f.write_str("wait for the container runtime"),
            Self::KubeadmJoin(_) => f.write_str("kubeadm join"),
        }
    }
}
