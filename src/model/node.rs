//! A node of the inventory, all defaults resolved.

use super::{NodeName, ProtectedPath};
use std::path::PathBuf;
use std::time::Duration;

/// What a node is in its cluster. Only workers are joined, and only workers are reset without a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Runs the API server; asked for tokens and Node objects.
    ControlPlane,
    /// The default.
    Worker,
}

/// How root's rights are had on the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Become {
    /// The SSH user is root (or must do without).
    None,
    /// `sudo -n`: passwordless sudo, refused where it asks for a password.
    Sudo,
}

/// How a node is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Name or address to connect to.
    pub host: String,
    /// TCP port of sshd.
    pub port: u16,
    /// The user to log in as.
    pub user: String,
    /// How that user gets root's rights.
    pub privilege: Become,
    /// Private keys to offer after the agent's, in order; `~` already expanded.
    pub identity_files: Vec<PathBuf>,
    /// The file that must hold the host's key; `~` already expanded.
    pub known_hosts: PathBuf,
    /// Time allowed from the first packet to a logged-in connection.
    pub connect_timeout: Duration,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name in the inventory and in all output.
    pub name: NodeName,
    /// What it is in the cluster.
    pub role: Role,
    /// Groups it belongs to, for `@group` selectors.
    pub groups: Vec<String>,
    /// How it is reached.
    pub access: Access,
    /// Paths that no delete may touch: the inventory's and always /srv/media and /mnt/media.
    pub protect: Vec<ProtectedPath>,
}

/// Where containerd's CRI listens, as kubeadm and crictl take it.
pub const CRI_SOCKET: &str = "unix:///run/containerd/containerd.sock";

/// Whether a `--cri-socket` is that one: kubeadm also takes it without scheme, and /var/run is /run.
pub fn is_containerd(socket: &str) -> bool {
    let path = socket.strip_prefix("unix://").unwrap_or(socket);
    let path = path.strip_prefix("/var").filter(|rest| rest.starts_with("/run/")).unwrap_or(path);
    CRI_SOCKET.strip_prefix("unix://") == Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containerd_s_socket_has_several_spellings() {
        for socket in [CRI_SOCKET, "/run/containerd/containerd.sock", "unix:///var/run/containerd/containerd.sock"] {
            assert!(is_containerd(socket), "{socket}");
        }
        for socket in ["/run/crio/crio.sock", "unix:///run/k3s/containerd/containerd.sock", "", "/var/lib/containerd/containerd.sock"] {
            assert!(!is_containerd(socket), "{socket}");
        }
    }
}
