//! The probe: everything worth knowing, in one round trip, changing nothing.

use super::CRI_SOCKET;
use super::reset::{AGGRESSIVE_REMOVES, CNI_CONFIG_NAMES, GENTLE_REMOVES, MOVED_KUBELET_STATE, PLUGIN_REMOVES};
use super::step::LINKS;
use crate::model::{Node, RemovePath, TOOLS};
use crate::shell::{Fragment, Need, Script, Word};

/// A part of the probe's output. Each is a step of the script, so its bytes are delimited by marks and its exit status
/// is known: 0 measured, 64 the tool is not there, other: see the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// key=value lines about the machine.
    System,
    /// Description of kfleet.service, where it runs.
    Running,
    /// `systemctl show` of kubelet and containerd, a blank line between them.
    Units,
    /// key=value lines of versions.
    Versions,
    /// Paths that exist, one per line.
    Files,
    /// `server:` line of kubelet.conf.
    ApiServer,
    /// `crictl info`; without crictl "cri plugin STATE".
    CriInfo,
    /// Mount point from `crictl imagefsinfo`; block size, blocks and inodes of its file system; who named it; bytes used.
    ImageFilesystem,
    /// Interfaces, one per line.
    PodLinks,
    /// Backend and number of chains, one pair per line.
    Chains,
    /// Mount points, escaped, one per line.
    KubeletMounts,
    /// Paths a gentle reset would empty.
    GentleLeftovers,
    /// Paths only an aggressive reset would empty.
    AggressiveLeftovers,
    /// What is left outside of Kubernetes' own folders, one thing per line.
    Residue,
    /// A line per protected path.
    Protected,
    /// Who besides Kubernetes uses containerd, one per line.
    ContainerdSharers,
    /// A number.
    ContainerdItems,
    /// CRI's runtimes that are runc and do not use systemd for cgroups, one per line.
    Cgroupfs,
    /// config.toml.
    ContainerdConfig,
    /// `containerd config default`.
    ContainerdDefaultConfig,
    /// key=value lines of what kubeadm's preflight asks of the kernel and of name resolution, and the clock.
    Preflight,
    /// Those of [`TOOLS`] that are not in the PATH, one per line.
    Tools,
    /// key=value lines of what the kubelet was told.
    KubeletSettings,
    /// The process that listens on the kubelet's port.
    KubeletPort,
    /// The cluster CA, in PEM.
    ClusterCa,
    /// The kubelet's client certificate, in PEM, without its key.
    ClientCertificate,
    /// The node's own Node object, asked for with its own kubelet.conf.
    NodeObject,
    /// The kubelet's words, one per line.
    KubeletArguments,
    /// A digest of the kubelet's journal.
    KubeletLog,
    /// The kubelet's folder; block size, blocks and inodes of its file system.
    KubeletFilesystem,
    /// State and number of pods, one pair per line.
    Pods,
    /// State and number of containers, one pair per line.
    Containers,
    /// CNI's configs and plugins, one per line, and the first config.
    Cni,
    /// Kernel module and its state, one pair per line.
    Modules,
    /// A line per mount of a protected path below a folder that a reset empties.
    MediaMounts,
    /// `containerd config dump`.
    ContainerdDump,
    /// Mode and owner.
    ContainerdSocket,
    /// containerd's namespaces, one per line.
    ContainerdNamespaces,
    /// The last distinct errors in containerd's journal, one per line.
    ContainerdLog,
}

impl Section {
    /// In the order of the script.
    pub const ALL: [Self; 39] = [
        Self::System,
        Self::Running,
        Self::Units,
        Self::Versions,
        Self::Files,
        Self::ApiServer,
        Self::CriInfo,
        Self::ImageFilesystem,
        Self::PodLinks,
        Self::Chains,
        Self::KubeletMounts,
        Self::GentleLeftovers,
        Self::AggressiveLeftovers,
        Self::Residue,
        Self::Protected,
        Self::ContainerdSharers,
        Self::ContainerdItems,
        Self::Cgroupfs,
        Self::ContainerdConfig,
        Self::ContainerdDefaultConfig,
        Self::Preflight,
        Self::Tools,
        Self::KubeletSettings,
        Self::KubeletPort,
        Self::ClusterCa,
        Self::ClientCertificate,
        Self::NodeObject,
        Self::KubeletArguments,
        Self::KubeletLog,
        Self::KubeletFilesystem,
        Self::Pods,
        Self::Containers,
        Self::Cni,
        Self::Modules,
        Self::MediaMounts,
        Self::ContainerdDump,
        Self::ContainerdSocket,
        Self::ContainerdNamespaces,
        Self::ContainerdLog,
    ];

    /// The name under which the parser knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Running => "Running",
            Self::Units => "Units",
            Self::Versions => "Versions",
            Self::Files => "Files",
            Self::ApiServer => "ApiServer",
            Self::CriInfo => "CriInfo",
            Self::ImageFilesystem => "ImageFilesystem",
            Self::PodLinks => "PodLinks",
            Self::Chains => "Chains",
            Self::KubeletMounts => "KubeletMounts",
            Self::GentleLeftovers => "GentleLeftovers",
            Self::AggressiveLeftovers => "AggressiveLeftovers",
            Self::Residue => "Residue",
            Self::Protected => "Protected",
            Self::ContainerdSharers => "ContainerdSharers",
            Self::ContainerdItems => "ContainerdItems",
            Self::Cgroupfs => "Cgroupfs",
            Self::ContainerdConfig => "ContainerdConfig",
            Self::ContainerdDefaultConfig => "ContainerdDefaultConfig",
            Self::Preflight => "Preflight",
            Self::Tools => "Tools",
            Self::KubeletSettings => "KubeletSettings",
            Self::KubeletPort => "KubeletPort",
            Self::ClusterCa => "ClusterCa",
            Self::ClientCertificate => "ClientCertificate",
            Self::NodeObject => "NodeObject",
            Self::KubeletArguments => "KubeletArguments",
            Self::KubeletLog => "KubeletLog",
            Self::KubeletFilesystem => "KubeletFilesystem",
            Self::Pods => "Pods",
            Self::Containers => "Containers",
            Self::Cni => "Cni",
            Self::Modules => "Modules",
            Self::MediaMounts => "MediaMounts",
            Self::ContainerdDump => "ContainerdDump",
            Self::ContainerdSocket => "ContainerdSocket",
            Self::ContainerdNamespaces => "ContainerdNamespaces",
            Self::ContainerdLog => "ContainerdLog",
        }
    }

    fn fragment(self, node: &Node, count: Count) -> Fragment {
        match self {
            Self::System => Fragment::new("probe_system"),
            Self::Running => Fragment::new("probe_running"),
            Self::Units => Fragment::new("probe_units"),
            Self::Versions => Fragment::new("probe_versions"),
            Self::Files => Fragment::new("probe_files \"$@\"").args(FILES.map(Word::new)),
            Self::ApiServer => Fragment::new("probe_api_server"),
            Self::CriInfo => Fragment::new("probe_cri_info"),
            Self::ImageFilesystem => Fragment::new("probe_image_filesystem"),
            Self::PodLinks => Fragment::new("pod_links \"$@\"").args(LINKS.map(Word::new)),
            Self::Chains => Fragment::new("count_chains"),
            Self::KubeletMounts => of_moved_kubelet("probe_kubelet_mounts"),
            Self::GentleLeftovers => {
                of_moved_kubelet("probe_leftovers \"$@\" && probe_moved_leftovers").args(leftovers(&GENTLE_REMOVES))
            }
            Self::AggressiveLeftovers => Fragment::new("probe_leftovers \"$@\"")
                .args(leftovers(&AGGRESSIVE_REMOVES).into_iter().chain(leftovers(&PLUGIN_REMOVES))),
            Self::Residue => Fragment::new("probe_residue"),
            Self::Protected => {
                let count = Word::new(if count == Count::All { "yes" } else { "no" });
                let paths = node.protect.iter().map(|path| Word::new(path.as_str()));
                Fragment::new("probe_protected \"$@\"").args(std::iter::once(count).chain(paths))
            }
            Self::ContainerdSharers => Fragment::new("containerd_sharers"),
            Self::ContainerdItems => Fragment::new("probe_containerd_items"),
            Self::Cgroupfs => Fragment::new("probe_cgroupfs"),
            Self::ContainerdConfig => {
                Fragment::new("[ -f /etc/containerd/config.toml ] || return 64; cat /etc/containerd/config.toml")
            }
            Self::ContainerdDefaultConfig => Fragment::new(
                "command -v containerd >/dev/null || return 64; timeout -k 1 20 containerd config default",
            ),
            Self::Preflight => Fragment::new("probe_preflight"),
            Self::Tools => Fragment::new("missing_tools \"$@\"").args(TOOLS.map(|tool| Word::new(tool.name))),
            Self::KubeletSettings => Fragment::new("probe_kubelet_settings"),
            Self::KubeletPort => Fragment::new("probe_kubelet_port"),
            Self::ClusterCa => Fragment::new("probe_cluster_ca"),
            Self::ClientCertificate => Fragment::new("probe_client_certificate"),
            Self::NodeObject => Fragment::new("probe_node_object"),
            Self::KubeletArguments => Fragment::new("probe_kubelet_arguments"),
            Self::KubeletLog => Fragment::new("probe_kubelet_log"),
            Self::KubeletFilesystem => Fragment::new("probe_kubelet_filesystem"),
            Self::Pods => Fragment::new("probe_states sandbox pods"),
            Self::Containers => Fragment::new("probe_states container ps -a"),
            Self::Cni => Fragment::new("probe_cni"),
            Self::Modules => Fragment::new("module_states \"$@\"").args(MODULES.map(Word::new)),
            Self::MediaMounts => Fragment::new("probe_media_mounts \"$@\"")
                .args(node.protect.iter().map(|path| Word::new(path.as_str()))),
            Self::ContainerdDump => Fragment::new("probe_containerd_dump"),
            Self::ContainerdSocket => Fragment::new("probe_containerd_socket"),
            Self::ContainerdNamespaces => Fragment::new("probe_containerd_namespaces"),
            Self::ContainerdLog => Fragment::new("probe_containerd_log"),
        }
    }
}

/// `body` with kubelet's entries in a moved folder as words in `ENTRIES`.
fn of_moved_kubelet(body: &'static str) -> Fragment {
    Fragment::new(body).var("ENTRIES", Word::new(MOVED_KUBELET_STATE.names().join(" ")))
}

/// What tells a fresh node from a half-joined and a joined one, and a worker from a control plane.
const FILES: [&str; 13] = [
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/bootstrap-kubelet.conf",
    "/etc/kubernetes/pki/ca.crt",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
    "/var/lib/kubelet/pki/kubelet-client-current.pem",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/manifests/etcd.yaml",
    "/etc/kubernetes/manifests/kube-controller-manager.yaml",
    "/etc/kubernetes/manifests/kube-scheduler.yaml",
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/pki/ca.key",
    "/etc/kubernetes/pki/etcd/ca.key",
];

/// What pods and their networks need of the kernel: containerd's snapshotter, the bridge plugin and its filter, flannel's
/// and Calico's overlays.
const MODULES: [&str; 4] = ["overlay", "bridge", "br_netfilter", "vxlan"];

/// Entries, and folders with a `/` behind them, which stand for all their contents.
fn leftovers(paths: &'static [RemovePath]) -> Vec<Word> {
    let mut words = Vec::new();
    for path in paths {
        let folder = path.root().path();
        if path.names().is_empty() {
            words.push(Word::contents(folder));
        }
        words.extend(path.names().iter().map(|entry| Word::within(folder, entry)));
    }
    words
}

/// What is counted in protected paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// What lies directly in them: quick, for a look.
    Top,
    /// All that is below them, within half a minute: for what is compared before and after a change.
    All,
}

/// The probe of `node`. Read-only: it is streamed and runs attached, as nothing is lost when it is cut off.
pub fn probe(node: &Node, run: &str, count: Count) -> Script {
    let title = format!("kfleet {} probe node={} run={run}", env!("CARGO_PKG_VERSION"), node.name);
    let mut script = Script::new(&title)
        .answers()
        .global("RUN", Word::new(run))
        .global("CRI_SOCKET", Word::new(CRI_SOCKET))
        .global("CNI_CONFIGS", Word::new(CNI_CONFIG_NAMES.join(" ")));
    for text in LIBRARY {
        script = script.library(text);
    }
    script = script.first("dump_once");
    for section in Section::ALL {
        script = script.step(Need::Optional, section.fragment(node, count));
    }
    script
}

const LIBRARY: &[&str] = &[
    include_str!("sh/common.sh"),
    include_str!("sh/stamp.sh"),
    include_str!("sh/guard.sh"),
    include_str!("sh/backing.sh"),
    include_str!("sh/roots.sh"),
    include_str!("sh/remove.sh"),
    include_str!("sh/network.sh"),
    include_str!("sh/netns.sh"),
    include_str!("sh/firewall.sh"),
    include_str!("sh/nft.sh"),
    include_str!("sh/ipset.sh"),
    include_str!("sh/ipvs.sh"),
    include_str!("sh/leftovers.sh"),
    include_str!("sh/residue.sh"),
    include_str!("sh/protected.sh"),
    include_str!("sh/runtime.sh"),
    include_str!("sh/node_object.sh"),
    include_str!("sh/preflight.sh"),
    include_str!("sh/journal.sh"),
    include_str!("sh/probe.sh"),
    include_str!("sh/facts.sh"),
];
