//! What a cluster tells its kubelets.

use serde::{Deserialize, Serialize};

/// Of the `ConfigMap` `kubelet-config` in kube-system, from which kubeadm writes each node's config.yaml.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterDefaults {
    /// `cgroupDriver`, where it names one: "systemd" or "cgroupfs".
    pub cgroup_driver: Option<String>,
    /// `failSwapOn`, where it says so.
    pub fail_swap_on: Option<bool>,
}
