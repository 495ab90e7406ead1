//! What a probe saw on a node.

use super::{
    ApiView, ClockOffset, ClusterDefaults, Cni, ContainerdSetup, Fact, Filesystem, ImageFilesystem, KubeletLog,
    MediaMount, ProtectedState, Socket,
};
use serde::{Deserialize, Serialize};

/// One round trip's worth of measurements. Everything may be unknown; nothing is guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// /proc/sys/kernel/hostname, lower case as kubeadm makes it: the Node's name unless the join says otherwise.
    pub hostname: Fact<String>,
    /// The name under which this machine is a Node, or would become one by default: `--hostname-override` of
    /// kubeadm-flags.env, else that of the client certificate, else the hostname.
    pub node_name: Fact<String>,
    /// /etc/machine-id, which the kubelet reports as the Node's `machineID`.
    pub machine_id: Fact<String>,
    /// The kernel's boot id, which the kubelet reports as `bootID`.
    pub boot_id: Fact<String>,
    /// What is another one as soon as the node has booted, a phase has begun on it, or somebody has joined it: a phase starts
    /// only where it still has the one that was seen.
    pub stamp: Fact<String>,
    /// Distribution, as /etc/os-release names it.
    pub os: Fact<String>,
    /// `uname -r`.
    pub kernel: Fact<String>,
    /// Seconds since the node was booted.
    pub uptime_seconds: Fact<u64>,
    /// What kfleet.service, if it runs, says of itself: the phase that somebody's kfleet has started on the node.
    pub running: Fact<Option<String>>,
    /// The kubelet unit.
    pub kubelet: Fact<Unit>,
    /// The containerd unit.
    pub containerd: Fact<Unit>,
    /// `kubeadm version -o short`.
    pub kubeadm_version: Fact<String>,
    /// `kubelet --version`.
    pub kubelet_version: Fact<String>,
    /// `containerd --version`.
    pub containerd_version: Fact<String>,
    /// Those of the files asked about that are there, as absolute paths.
    pub files: Fact<Vec<String>>,
    /// `server:` of kubelet.conf, where there is one.
    pub api_server: Fact<Option<String>>,
    /// Pin of the cluster CA that the node has from its join, as `--discovery-token-ca-cert-hash` takes it.
    pub cluster_ca: Fact<Option<String>>,
    /// The kubelet's client certificate, where there is one.
    pub client_certificate: Fact<Option<ClientCertificate>>,
    /// `cgroupDriver` of kubelet's config.yaml, where it names one.
    pub kubelet_cgroup_driver: Fact<Option<String>>,
    /// The command line of the kubelet that runs, or else the one that its unit would start.
    pub kubelet_arguments: Fact<Vec<String>>,
    /// What the kubelet's journal of this boot says.
    pub kubelet_log: Fact<KubeletLog>,
    /// The file system of /var/lib/kubelet, which the kubelet calls nodefs.
    pub kubelet_filesystem: Fact<Filesystem>,
    /// Whether kubelet.service starts the kubelet with the kubeconfig that kubeadm writes for TLS bootstrap.
    pub kubelet_bootstraps: Fact<bool>,
    /// Who listens on TCP port 10250: a process' name, or what is known of it; `None` where the port is free.
    pub kubelet_port: Fact<Option<String>>,
    /// Devices and files that are swapped to.
    pub swap: Fact<Vec<String>>,
    /// `net.ipv4.ip_forward`.
    pub ip_forward: Fact<bool>,
    /// `net.bridge.bridge-nf-call-iptables`; `None` where the kernel has no such setting (`br_netfilter` is not loaded).
    pub bridge_filter: Fact<Option<bool>>,
    /// Those of [`super::TOOLS`] that are not in the PATH.
    pub missing_tools: Fact<Vec<String>>,
    /// Whether the node can look up its own hostname.
    pub hostname_resolves: Fact<bool>,
    /// 1, or 2 where the unified hierarchy is the only one.
    pub cgroup_version: Fact<u64>,
    /// Whether the kernel has the memory controller on.
    pub memory_cgroup: Fact<bool>,
    /// The node's clock, in unix seconds, when it was probed.
    #[serde(rename = "clock_unix_seconds")]
    pub clock: Fact<i64>,
    /// The same beside the clock of the machine that kfleet runs on.
    pub clock_offset: Fact<ClockOffset>,
    /// Kernel modules that pods need: (name, "loaded", "available" to be loaded, "missing" or "unknown").
    pub modules: Fact<Vec<(String, String)>>,
    /// How the API server of the join command looks from the node; asked by a script of its own.
    pub api: Fact<ApiView>,
    /// What the cluster will tell this node's kubelet; asked of the inventory's control plane.
    pub cluster_defaults: Fact<ClusterDefaults>,
    /// What CRI says of the runtime.
    pub cri: Fact<Cri>,
    /// The image filesystem that CRI names.
    pub image_filesystem: Fact<ImageFilesystem>,
    /// Pods that CRI knows: (state, number).
    pub pods: Fact<Vec<(String, u64)>>,
    /// Containers that CRI knows: (state, number).
    pub containers: Fact<Vec<(String, u64)>>,
    /// What CNI has to work with.
    pub cni: Fact<Cni>,
    /// Interfaces of pod networks.
    pub pod_links: Fact<Vec<String>>,
    /// Chains of Kubernetes and CNI plugins: (backend, number), without zeros.
    pub chains: Fact<Vec<(String, u64)>>,
    /// Mount points below kubelet's root, escaped as mountinfo has them.
    pub kubelet_mounts: Fact<Vec<String>>,
    /// Paths that a gentle reset would empty and that are not empty.
    pub gentle_leftovers: Fact<Vec<String>>,
    /// Paths that only an aggressive reset would empty and that are not empty.
    pub aggressive_leftovers: Fact<Vec<String>>,
    /// What else of Kubernetes is left that only an aggressive reset removes, a line for people each.
    pub residue: Fact<Vec<String>>,
    /// The paths that no reset may touch.
    pub protected: Fact<Vec<ProtectedState>>,
    /// Protected paths that can also be seen below a folder which a reset empties.
    pub media_mounts: Fact<Vec<MediaMount>>,
    /// Who besides Kubernetes uses containerd, a line for people each.
    pub containerd_sharers: Fact<Vec<String>>,
    /// Snapshots, tasks and content blobs in containerd's folders; where it is shared, all that is Kubernetes' in it.
    pub containerd_items: Fact<u64>,
    /// Those of CRI's runtimes that are runc and do not use systemd for cgroups, by the config or in the containerd that runs.
    pub cgroupfs_runtimes: Fact<Vec<String>>,
    /// Whether config.toml disables containerd's CRI plugin.
    pub cri_disabled: Fact<bool>,
    /// containerd as its config, with all that it imports, has it.
    pub containerd_configured: Fact<ContainerdSetup>,
    /// containerd as it runs, in its own words over CRI.
    pub containerd_running: Fact<ContainerdSetup>,
    /// containerd's socket, where there is one.
    pub containerd_socket: Fact<Option<Socket>>,
    /// The last distinct errors in containerd's journal of this boot, oldest first.
    pub containerd_log: Fact<Vec<String>>,
    /// containerd's namespaces.
    pub containerd_namespaces: Fact<Vec<String>>,
    /// /etc/containerd/config.toml, where there is one. Registry passwords may be in it, so it leaves kfleet in no form.
    #[serde(skip)]
    pub containerd_config: Fact<Option<String>>,
    /// `containerd config default`.
    #[serde(skip)]
    pub containerd_default_config: Fact<String>,
    /// CA pins of the inventory's cluster; asked of its control plane.
    pub cluster_pins: Fact<Vec<String>>,
    /// This machine's Node object, asked for with its own kubelet.conf; `None` where that API server says there is none.
    pub own_node_object: Fact<Option<NodeObject>>,
    /// The same, asked of the inventory's control plane.
    pub cluster_node_object: Fact<Option<NodeObject>>,
}

impl Facts {
    /// The Node object as the control plane has it, or else as the node itself could read it.
    pub fn node_object(&self) -> &Fact<Option<NodeObject>> {
        match &self.cluster_node_object {
            Fact::Known(_) => &self.cluster_node_object,
            Fact::Unknown(_) => &self.own_node_object,
        }
    }

    /// Whether a file asked about is there.
    pub fn has_file(&self, path: &str) -> Option<bool> {
        self.files.known().map(|files| files.iter().any(|f| f == path))
    }

    /// Whether kubeadm's last file of a join is there; `None` where that could not be told.
    pub fn has_joined(&self) -> Option<bool> {
        self.has_file("/etc/kubernetes/kubelet.conf")
    }
}

/// `systemctl show` of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// `LoadState`: "loaded", "not-found", "masked".
    pub load: String,
    /// `ActiveState`: "active", "inactive", "failed", "activating".
    pub active: String,
    /// `SubState`: "running", "auto-restart".
    pub sub: String,
    /// `NRestarts` since the unit was last started by hand.
    pub restarts: u64,
}

/// What the container runtime said through CRI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cri {
    /// Condition `RuntimeReady` is true.
    Ready {
        /// Condition `NetworkReady`; false is right on a node without CNI config.
        network: bool,
        /// What it says of the network.
        #[serde(default)]
        network_message: String,
    },
    /// containerd says that its CRI plugin is loaded; CRI itself was not asked, as crictl is not on the node.
    Loaded,
    /// It answered, and the runtime is not ready.
    NotReady(String),
    /// It did not answer like a CRI runtime; what was seen instead.
    NoAnswer(String),
}

/// What the kubelet's client certificate says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertificate {
    /// The common name behind `system:node:`.
    pub node_name: String,
    /// When it began, in unix seconds.
    #[serde(rename = "not_before_unix_seconds")]
    pub not_before: i64,
    /// When it ends, in unix seconds.
    #[serde(rename = "not_after_unix_seconds")]
    pub not_after: i64,
}

/// The part of a Node object that proves it is this machine's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeObject {
    /// `.status.nodeInfo.machineID`.
    pub machine_id: String,
    /// `.status.nodeInfo.bootID`.
    pub boot_id: String,
    /// Status of condition Ready: "True", "False", "Unknown".
    pub ready: String,
    /// Its message.
    pub message: String,
    /// When the kubelet last said so (`lastHeartbeatTime`, RFC 3339); it changes about every five minutes without news.
    pub heartbeat: String,
    /// `.metadata.uid`: another one is another object of the same name.
    pub uid: String,
    /// `.metadata.creationTimestamp`, RFC 3339.
    pub created: String,
    /// Whether it is cordoned.
    pub unschedulable: bool,
}

impl NodeObject {
    /// Whether the Node works but for the pod network, which is a `DaemonSet`'s to bring.
    pub fn waits_for_cni(&self) -> bool {
        // kubelet 1.20: "[runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin
        // returns error: cni plugin not initialized, CSINode is not yet initialized]"; from 1.24 on "container runtime
        // network not ready: ...". Any other reason among them is the node's own trouble.
        const OUTSIDE: [&str; 3] =
            ["container runtime network not ready", "runtime network not ready", "CSINode is not yet initialized"];
        let reasons = self.message.trim_start_matches('[').trim_end_matches(']').split(", ");
        self.ready == "False"
            && self.message.contains("network not ready")
            && reasons.into_iter().all(|reason| OUTSIDE.iter().any(|words| reason.starts_with(words)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_network_is_waited_for() {
        let waits = |message: &str| {
            let object = NodeObject { ready: "False".to_owned(), message: message.to_owned(), ..NodeObject::default() };
            object.waits_for_cni()
        };
        let cni = "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";
        assert!(waits(cni) && waits(&format!("container {cni}")));
        assert!(waits(&format!("[{cni}, CSINode is not yet initialized]")));
        assert!(!waits(&format!("[PLEG is not healthy: pleg was last seen active 3m ago, {cni}]")));
        assert!(!waits("PLEG is not healthy") && !waits(""));
    }
}
