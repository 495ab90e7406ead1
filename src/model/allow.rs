//! What the user allows beyond what kfleet does by itself.

/// Permissions that are given for one run on the command line, never in an inventory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// `--allow-shared-runtime`: an aggressive reset where containerd also serves others (Docker, nerdctl); only
    /// Kubernetes' share of it is removed.
    pub shared_runtime: bool,
    /// `--allow-control-plane`: a reset of a control-plane node, as long as it is not the last one.
    pub control_plane: bool,
}

/// What a join may do to what is a member already, of this cluster or of another. Given on the command line too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejoin {
    /// `--replace`: also a healthy member is reset and joined anew, and the Node that has the name is deleted, whoever's
    /// it is.
    pub replace: bool,
    /// `--drain`: its pods are moved elsewhere before.
    pub drain: bool,
    /// `--force-rejoin`: a member of another cluster is reset and joined to this one.
    pub other_cluster: bool,
}
