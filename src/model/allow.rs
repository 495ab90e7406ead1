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
