//! Paths that must live and paths that may be removed. The two types do not convert into each other.

use std::fmt;

/// Where a node keeps copies of what runs change, a folder per run.
pub const BACKUPS: &str = "/var/lib/kfleet/backup";

/// Protected on every node, whatever the inventory says.
pub const ALWAYS_PROTECTED: [&str; 2] = ["/srv/media", "/mnt/media"];

/// A path that no delete may reach: not by name, link, bind mount or parent folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtectedPath(String);

/// Why a text cannot be protected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be protected: {reason}")]
pub struct InvalidPath {
    /// What was written.
    pub text: String,
    /// The rule that it breaks.
    pub reason: &'static str,
}

impl ProtectedPath {
    /// Checks that `text` is an absolute path without `.`, `..` or control characters. `/` is refused: with it nothing
    /// could ever be reset, so it can only be a mistake.
    pub fn new(text: &str) -> Result<Self, InvalidPath> {
        let trimmed = text.trim_end_matches('/');
        let reason = if !text.starts_with('/') {
            "it must be absolute (begin with `/`)"
        } else if trimmed.is_empty() {
            "it is the root folder, and every reset removes something below that"
        } else if text.chars().any(char::is_control) {
            "it contains a control character"
        } else if trimmed.split('/').skip(1).any(|s| matches!(s, "" | "." | "..")) {
            "write it without `//`, `.` and `..`"
        } else {
            return Ok(Self(trimmed.to_owned()));
        };
        Err(InvalidPath { text: text.to_owned(), reason })
    }

    /// The two paths that are always protected.
    pub fn always() -> [Self; 2] {
        ALWAYS_PROTECTED.map(|p| Self(p.to_owned()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the two are one by name, or one lies in the other.
    pub fn touches(&self, root: Root) -> bool {
        let below = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        below(&self.0, root.path()) || below(root.path(), &self.0)
    }
}

impl fmt::Display for ProtectedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The folders in which Kubernetes keeps what a reset removes. There is no other place to remove from.
///
/// Three of them are where a node's own configuration puts them: the node finds them, they have no path here, and only
/// entries that their owner is known to make are ever removed from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// kubelet's `--root-dir`.
    Kubelet,
    /// kubeadm's configuration folder.
    EtcKubernetes,
    /// CNI plugins' state (host-local leases, cached results).
    CniState,
    /// CNI configuration.
    CniConfig,
    /// flannel's subnet file.
    FlannelRun,
    /// containerd's `state`: tasks, sandboxes. Emptied before `ContainerdRoot`, or a second reset cannot find its mounts.
    ContainerdState,
    /// containerd's `root`: content, snapshots, metadata.
    ContainerdRoot,
    /// Pods' log files.
    PodLogs,
    /// Links to pods' log files.
    ContainerLogs,
    /// kubelet's `--root-dir`, where that is another folder.
    MovedKubelet,
    /// containerd's `state`, where that is another folder.
    MovedContainerdState,
    /// containerd's `root`, where that is another folder.
    MovedContainerdRoot,
    /// Where network namespaces are mounted, pods' among others.
    Netns,
    /// Calico's name of the node and its MTU.
    CalicoState,
    /// Calico's sockets and, in eBPF mode, a cgroup mount.
    CalicoRun,
    /// Cilium's state and a cgroup mount.
    CiliumRun,
    /// kube-router's kubeconfig.
    KubeRouterState,
    /// Weave's database.
    WeaveState,
    /// Where Cilium and Calico's eBPF mode pin maps and programs; a file system of its own kind.
    BpfGlobals,
    /// The data of the etcd member that kubeadm runs on a control-plane node.
    Etcd,
}

impl Root {
    /// Every root of a worker: all but [`Root::Etcd`].
    pub const ALL: [Self; 19] = [
        Self::Kubelet,
        Self::EtcKubernetes,
        Self::CniState,
        Self::CniConfig,
        Self::FlannelRun,
        Self::ContainerdState,
        Self::ContainerdRoot,
        Self::PodLogs,
        Self::ContainerLogs,
        Self::MovedKubelet,
        Self::MovedContainerdState,
        Self::MovedContainerdRoot,
        Self::Netns,
        Self::CalicoState,
        Self::CalicoRun,
        Self::CiliumRun,
        Self::KubeRouterState,
        Self::WeaveState,
        Self::BpfGlobals,
    ];

    /// Those whose place only the node knows.
    pub const MOVED: [Self; 3] = [Self::MovedKubelet, Self::MovedContainerdState, Self::MovedContainerdRoot];

    /// Where it is, by the defaults of kubeadm, kubelet, containerd and the CNI plugins; of a moved one the symbol by which
    /// the script on the node knows it (`plan/sh/roots.sh`), which is no path.
    pub fn path(self) -> &'static str {
        match self {
            Self::Kubelet => "/var/lib/kubelet",
            Self::EtcKubernetes => "/etc/kubernetes",
            Self::CniState => "/var/lib/cni",
            Self::CniConfig => "/etc/cni/net.d",
            Self::FlannelRun => "/run/flannel",
            Self::ContainerdState => "/run/containerd",
            Self::ContainerdRoot => "/var/lib/containerd",
            Self::PodLogs => "/var/log/pods",
            Self::ContainerLogs => "/var/log/containers",
            Self::MovedKubelet => "@kubelet",
            Self::MovedContainerdState => "@containerd-state",
            Self::MovedContainerdRoot => "@containerd-root",
            Self::Netns => "/run/netns",
            Self::CalicoState => "/var/lib/calico",
            Self::CalicoRun => "/run/calico",
            Self::CiliumRun => "/run/cilium",
            Self::KubeRouterState => "/var/lib/kube-router",
            Self::WeaveState => "/var/lib/weave",
            Self::BpfGlobals => "/sys/fs/bpf/tc/globals",
            Self::Etcd => "/var/lib/etcd",
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MovedKubelet => "kubelet's moved folder",
            Self::MovedContainerdState => "containerd's moved state",
            Self::MovedContainerdRoot => "containerd's moved root",
            usual => usual.path(),
        })
    }
}

/// Something that a reset removes: the contents of a known root, or named entries in it.
///
/// There is no constructor from a `String`: nothing read from an inventory can become a path to remove, and nothing read
/// from a node a folder to empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemovePath {
    root: Root,
    entries: &'static [&'static str],
}

impl RemovePath {
    /// Everything in `root`; the folder itself stays, as it may be a mount point.
    ///
    /// # Panics
    /// Where a node says which folder that is; in a `const` that is a compile error.
    pub const fn contents(root: Root) -> Self {
        let moved = matches!(root, Root::MovedKubelet | Root::MovedContainerdState | Root::MovedContainerdRoot);
        assert!(!moved, "a folder that a node names is never emptied");
        Self { root, entries: &[] }
    }

    /// Files or folders directly in `root`: plain names, or how names begin, with a `*` at the end.
    ///
    /// # Panics
    /// Where there is none, or one is something else; in a `const` that is a compile error.
    pub const fn entries(root: Root, entries: &'static [&'static str]) -> Self {
        assert!(!entries.is_empty(), "no entries would mean all contents");
        let mut i = 0;
        while i < entries.len() {
            let name = entries[i].as_bytes();
            assert!(!name.is_empty() && name[0] != b'.' && name[0] != b'-', "an entry is a plain name");
            let mut j = 0;
            while j < name.len() {
                assert!(name[j] != b'/' && name[j] > b' ' && name[j] < 0x7f, "an entry is a plain name");
                let pattern = matches!(name[j], b'*' | b'?' | b'[' | b'\\');
                assert!(!pattern || (name[j] == b'*' && j >= 4 && j + 1 == name.len()), "a `*` stands at the end only");
                j += 1;
            }
            i += 1;
        }
        Self { root, entries }
    }

    /// The known folder.
    pub fn root(self) -> Root {
        self.root
    }

    /// The entries, where only some are removed; empty means all contents.
    pub fn names(self) -> &'static [&'static str] {
        self.entries
    }
}

impl fmt::Display for RemovePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entries {
            [] => write!(f, "contents of {}", self.root),
            [entry] if self.root.path().starts_with('/') => write!(f, "{}/{entry}", self.root),
            [..] => write!(f, "Kubernetes' files in {}", self.root),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protected_paths_are_absolute_and_plain() {
        for (text, want) in [("/srv/media", "/srv/media"), ("/srv/media/", "/srv/media"), ("/a b/ü", "/a b/ü")] {
            assert_eq!(ProtectedPath::new(text).unwrap().as_str(), want);
        }
        for bad in ["", "/", "//", "srv", "~/media", "/srv/../etc", "/srv//media", "/srv/./m", "/a\nb", "/a\0b"] {
            assert!(ProtectedPath::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_protected_path_touches_a_root_that_it_is_or_holds_or_lies_in() {
        for (path, touches) in [
            ("/var/lib/etcd", true),
            ("/var/lib/etcd/member", true),
            ("/var/lib", true),
            ("/var/lib/etcd2", false),
            ("/var/lib/et", false),
        ] {
            assert_eq!(ProtectedPath::new(path).unwrap().touches(Root::Etcd), touches, "{path}");
        }
    }

    #[test]
    fn no_root_to_remove_lies_in_or_around_what_is_always_protected() {
        for root in Root::ALL {
            for protected in ALWAYS_PROTECTED {
                assert!(!protected.starts_with(root.path()) && !root.path().starts_with(protected));
            }
        }
    }

    #[test]
    #[should_panic(expected = "plain name")]
    fn an_entry_cannot_climb() {
        let _ = RemovePath::entries(Root::Kubelet, &["../media"]);
    }

    #[test]
    #[should_panic(expected = "at the end only")]
    fn an_entry_is_not_just_any_name() {
        let _ = RemovePath::entries(Root::MovedKubelet, &["*"]);
    }

    #[test]
    fn a_moved_folder_is_no_path_and_is_never_emptied() {
        for root in Root::ALL {
            let moved = Root::MOVED.contains(&root);
            assert_eq!(root.path().starts_with('@'), moved);
            assert_eq!(std::panic::catch_unwind(|| RemovePath::contents(root)).is_err(), moved);
        }
    }
}
