//! One thing done to a node.

use super::join_configuration::join_configuration;
use crate::model::{BACKUPS, JoinCommand, Patience, RemovePath, Root, RunId};
use crate::shell::{Fragment, Need, Word};
use std::fmt;
use std::time::Duration;

/// A step of a phase that changes a node. Each is one small function of the constant library in `plan/sh`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Refuses on machines that carry a control plane or etcd, or lack the tools that make deleting safe.
    CheckWorker {
        /// Whether a control-plane node passes, where the API server shows that it is not the last one.
        allow_control_plane: bool,
    },
    /// Refuses where a folder to be emptied is, holds or lies in a protected path, or has something mounted in it that no
    /// step unmounts, before anything is touched. Each delete asks the same again, right before it.
    CheckRoots(Vec<Root>),
    /// Refuses where containerd keeps snapshots that are more than files in folders.
    CheckSnapshotters,
    /// Writes down where kubelet and containerd have moved these, as the files that say so go before the folders do.
    NoteMoved(&'static [Root]),
    /// Drops what was written down: the reset of these came to its end.
    ForgetMoved(&'static [Root]),
    /// Refuses where Docker or another containerd namespace would lose its containers.
    CheckContainerdIsOurs,
    /// Refuses where Kubernetes' share of a containerd that serves others cannot be told apart, or containerd not be
    /// started again beside them.
    CheckSharedContainerd,
    /// Refuses where containerd, with its drop-ins, does not make of the new config what it is meant to be.
    CheckContainerdConfig {
        /// The whole new text.
        text: String,
    },
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
    /// Unmounts all below what is going to be removed; `lazy` detaches what is busy.
    UnmountBelow {
        /// What is going to be removed.
        path: RemovePath,
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
    /// Removes what in containerd is Kubernetes', through containerd, which goes on serving others.
    RemoveShare,
    /// Unmounts and removes the network namespaces of pods that are gone.
    RemovePodNetns,
    /// Saves the firewall's rules and starts a timer on the node that puts them back, unless kfleet takes it back over a
    /// new connection.
    ArmFirewall {
        /// The run whose backup folder takes the copies.
        run: String,
        /// The run whose change of the firewall is about to be undone, where that is what will be done.
        from: Option<RunId>,
    },
    /// Removes chains of Kubernetes and CNI plugins, and every jump to them, from every iptables backend; their nftables
    /// tables, ipsets and IPVS services.
    PurgeFirewall,
    /// Deletes the pod networks' interfaces, and routes that would outlive them.
    DeleteLinks,
    /// Puts config.toml in place, starts containerd with it, and asks the running containerd what it made of it. Where it
    /// does not come up, the old file is put back.
    ApplyContainerdConfig {
        /// The whole new text.
        text: String,
        /// The run whose backup folder takes the old file.
        run: String,
        /// Whether containerd serves others too, and is started again only where it must be.
        shared: bool,
    },
    /// daemon-reload, reset-failed, kubelet enabled (kubeadm starts it).
    ReloadUnits,
    /// Refuses where the machine would not come back by itself, or without a protected path.
    CheckReboot,
    /// Has the machine boot anew, a moment after the phase has ended.
    Reboot,
    /// Restarts containerd.
    RestartContainerd,
    /// Restarts a systemd unit.
    RestartUnit(&'static str),
    /// Waits until CRI says that the runtime is ready.
    AwaitCri,
    /// Fails where a run left no copies on this node.
    CheckBackup(RunId),
    /// Puts the config.toml back that a run kept a copy of, and restarts containerd.
    RestoreContainerdConfig {
        /// The run that kept the copy.
        from: RunId,
        /// The run whose backup folder takes the present file.
        run: String,
    },
    /// Puts the rules back that a run kept a copy of.
    RestoreFirewall(RunId),
    /// `kubeadm join`.
    KubeadmJoin {
        /// What to join.
        command: Box<JoinCommand>,
        /// Of kubeadm's configuration file.
        api_version: &'static str,
        /// How long kubeadm may take.
        limit: Duration,
    },
    /// `kubeadm join` with the configuration that the stand-alone script has made of its arguments.
    KubeadmJoinAsGiven,
}

/// Interfaces that pod networks create under fixed names (flannel, Calico, Cilium, Weave, kube-router, kube-proxy,
/// `NodeLocal` DNS), in the order in which they can be deleted. Never a pattern such as "anything vxlan".
pub(super) const LINKS: [&str; 28] = [
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
    "bpfin.cali",
    "bpfout.cali",
    "cilium_host",
    "cilium_net",
    "cilium_vxlan",
    "cilium_geneve",
    "cilium_wg0",
    "vethwe-bridge",
    "vethwe-datapath",
    "vethwe-pcap",
    "weave",
    "datapath",
    "vxlan-6784",
    "kube-bridge",
    "kube-dummy-if",
    "kube-ipvs0",
    "nodelocaldns",
    "lxc_health",
];

/// Where kubelet, containerd and network plugins mount, so that a reset unmounts before it removes.
const UNMOUNTED: [Root; 9] = [
    Root::Kubelet,
    Root::ContainerdState,
    Root::ContainerdRoot,
    Root::MovedKubelet,
    Root::MovedContainerdState,
    Root::MovedContainerdRoot,
    Root::Netns,
    Root::CalicoRun,
    Root::CiliumRun,
];

/// How long the node waits for kfleet after a change of its firewall, in seconds, before it takes the change back. Long
/// enough for the rest of the phase and for a busy workstation to connect; shorter than kfleet tries to reconnect
/// (`model::Patience::reconnect`), so that a node that locked itself is seen again in the same run.
pub(crate) const ROLLBACK_SECONDS: u64 = 90;

impl Step {
    /// Whether the phase ends when this step fails. A guard's refusal always ends it.
    pub fn need(&self) -> Need {
        match self {
            // Whether CRI came back is for the next probe to judge, and containerd must be started again in any case.
            // kubeadm's removals are all made again by `Remove`; a sick runtime cannot remove its pods.
            Self::RemovePods
            | Self::KubeadmReset
            | Self::KillPods
            | Self::RemoveShare
            | Self::RemovePodNetns
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
            Self::CheckRoots(roots) => Fragment::new("check_roots \"$@\"")
                .var("UNMOUNTED", Word::new(UNMOUNTED.map(Root::path).join(" ")))
                .args(places(roots)),
            Self::CheckSnapshotters => Fragment::new("check_snapshotters"),
            Self::NoteMoved(roots) => Fragment::new("note_moved \"$@\"").args(places(roots)),
            Self::ForgetMoved(roots) => Fragment::new("forget_moved \"$@\"").args(places(roots)),
            Self::CheckContainerdIsOurs => Fragment::new("check_containerd_is_ours"),
            Self::CheckSharedContainerd => Fragment::new("check_shared_containerd"),
            Self::CheckContainerdConfig { text } => {
                Fragment::new("check_containerd_config").var("CONFIG", Word::secret(text.as_str()))
            }
            Self::CheckSshDevice => Fragment::new("check_ssh_device \"$@\"").args(LINKS.map(Word::new)),
            Self::Backup { run } => Fragment::new("backup").var("BACKUP", Word::within(BACKUPS, run)),
            Self::StopUnit(unit) => Fragment::new("stop_unit").var("UNIT", Word::new(*unit)),
            Self::RemovePods => Fragment::new("remove_pods"),
            Self::UnmountBelow { path, lazy } => Fragment::new("unmount_below \"$@\"")
                .var("ROOT", Word::new(path.root().path()))
                .var("LAZY", Word::new(if *lazy { "yes" } else { "no" }))
                .args(names(path)),
            Self::MoveDropIns { run } => Fragment::new("move_dropins").var("BACKUP", Word::within(BACKUPS, run)),
            Self::MoveKubeconfig { run } => Fragment::new("move_kubeconfig").var("BACKUP", Word::within(BACKUPS, run)),
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
                Fragment::new(function).var("ROOT", Word::new(path.root().path())).args(names(path))
            }
            Self::KillPods => Fragment::new("kill_pods"),
            Self::RemoveShare => Fragment::new("remove_share"),
            Self::RemovePodNetns => Fragment::new("remove_pod_netns").var("ROOT", Word::new(Root::Netns.path())),
            Self::ArmFirewall { run, from } => Fragment::new("arm_firewall")
                .var("FROM", from.as_ref().map_or_else(|| Word::new(""), |from| Word::within(BACKUPS, from.as_str())))
                .var("BACKUP", Word::within(BACKUPS, run))
                .var("ROLLBACK_SECONDS", Word::number(ROLLBACK_SECONDS)),
            Self::PurgeFirewall => Fragment::new("purge_firewall"),
            Self::DeleteLinks => Fragment::new("delete_links \"$@\"").args(LINKS.map(Word::new)),
            Self::ApplyContainerdConfig { text, run, shared } => Fragment::new("apply_containerd_config")
                .var("CONFIG", Word::secret(text.as_str())) // registry passwords may be in it
                .var("BACKUP", Word::within(BACKUPS, run))
                .var("SHARED", Word::new(if *shared { "yes" } else { "no" })),
            Self::ReloadUnits => Fragment::new("reload_units"),
            Self::CheckReboot => Fragment::new("check_reboot"),
            Self::Reboot => Fragment::new("reboot_machine"),
            Self::RestartContainerd => Fragment::new("restart_containerd"),
            Self::RestartUnit(unit) => Fragment::new("restart_unit \"$@\"").args([Word::new(*unit)]),
            Self::AwaitCri => Fragment::new("await_cri"),
            Self::CheckBackup(from) => Fragment::new("check_backup").var("FROM", Word::within(BACKUPS, from.as_str())),
            Self::RestoreContainerdConfig { from, run } => Fragment::new("restore_containerd_config")
                .var("FROM", Word::within(BACKUPS, from.as_str()))
                .var("BACKUP", Word::within(BACKUPS, run)),
            Self::RestoreFirewall(from) => {
                Fragment::new("restore_firewall").var("FROM", Word::within(BACKUPS, from.as_str()))
            }
            Self::KubeadmJoin { command, api_version, limit } => Fragment::new("join_cluster")
                .var("CONFIGURATION", join_configuration(command, api_version))
                .var("JOIN_SECONDS", seconds(*limit)),
            Self::KubeadmJoinAsGiven => {
                Fragment::new("join_cluster").var("JOIN_SECONDS", seconds(Patience::default().join))
            }
        }
    }
}

/// At least one: 0 is no bound to `timeout`.
fn seconds(limit: Duration) -> Word {
    Word::number(limit.as_secs().max(1))
}

fn places(roots: &[Root]) -> impl Iterator<Item = Word> {
    roots.iter().map(|root| Word::new(root.path()))
}

fn names(path: &RemovePath) -> impl Iterator<Item = Word> {
    path.names().iter().map(|name| Word::new(*name))
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CheckWorker { allow_control_plane: false } => f.write_str("check that this is a worker"),
            Self::CheckWorker { allow_control_plane: true } => {
                f.write_str("check that this is not the last control-plane node")
            }
            Self::CheckRoots(_) => f.write_str("check that no protected path is in reach"),
            Self::CheckSnapshotters => f.write_str("check how containerd keeps snapshots"),
            Self::NoteMoved(_) => f.write_str("note moved folders"),
            Self::ForgetMoved(_) => f.write_str("forget moved folders"),
            Self::CheckContainerdIsOurs => f.write_str("check that nobody else uses containerd"),
            Self::CheckSharedContainerd => f.write_str("check that containerd can be shared"),
            Self::CheckContainerdConfig { .. } => f.write_str("check containerd's new config"),
            Self::CheckSshDevice => f.write_str("check the way of this connection"),
            Self::Backup { .. } => f.write_str("keep copies of configuration"),
            Self::StopUnit(unit) => write!(f, "stop {unit}"),
            Self::RemovePods => f.write_str("remove pods"),
            Self::UnmountBelow { path, .. } => write!(f, "unmount below {}", path.root()),
            Self::MoveDropIns { .. } => f.write_str("move broken kubelet drop-ins aside"),
            Self::MoveKubeconfig { .. } => f.write_str("move root's kubeconfig of this cluster aside"),
            Self::RemoveTmpLeftovers => f.write_str("remove leftovers in /tmp"),
            Self::RemoveEtcdMember => f.write_str("remove this node's member from etcd"),
            Self::KubeadmReset => f.write_str("kubeadm reset"),
            Self::Remove(path) => write!(f, "remove {path}"),
            Self::KillPods => f.write_str("kill leftover containers"),
            Self::RemoveShare => f.write_str("remove Kubernetes' share of containerd"),
            Self::RemovePodNetns => f.write_str("remove network namespaces of pods"),
            Self::ArmFirewall { .. } => f.write_str("arm the timer that restores the firewall"),
            Self::PurgeFirewall => f.write_str("remove firewall rules"),
            Self::DeleteLinks => f.write_str("delete pod network interfaces"),
            Self::ApplyContainerdConfig { .. } => f.write_str("configure and start containerd"),
            Self::ReloadUnits => f.write_str("reload systemd units"),
            Self::CheckReboot => f.write_str("check that the machine comes back by itself"),
            Self::Reboot => f.write_str("boot the machine anew"),
            Self::RestartContainerd => f.write_str("restart containerd"),
            Self::RestartUnit(unit) => write!(f, "restart {unit}"),
            Self::AwaitCri => f.write_str("wait for the container runtime"),
            Self::CheckBackup(from) => write!(f, "look for the copies of run {from}"),
            Self::RestoreContainerdConfig { .. } => f.write_str("put containerd's config back"),
            Self::RestoreFirewall(_) => f.write_str("put the firewall back"),
            Self::KubeadmJoin { .. } | Self::KubeadmJoinAsGiven => f.write_str("kubeadm join"),
        }
    }
}
