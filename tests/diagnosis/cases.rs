//! For each rule, recordings of nodes that it speaks of, and of such that it nearly does.

/// One rule.
pub struct Case {
    pub code: u16,
    pub seen: &'static [&'static str],
    pub unseen: &'static [&'static str],
}

const fn case(code: u16, seen: &'static [&'static str], unseen: &'static [&'static str]) -> Case {
    Case { code, seen, unseen }
}

pub const CASES: &[Case] = &[
    case(1, &["half-joined"], &["trixie-fresh", "containerd-corrupt"]),
    case(2, &["certificate-gone"], &["certificate-expired"]),
    case(3, &["containerd-corrupt"], &["cri-disabled"]),
    case(4, &["cri-not-ready"], &["trixie-fresh"]),
    case(5, &["containerd-stopped"], &["containerd-corrupt"]),
    case(
        6,
        &["kubelet-stopped", "kubelet-config-missing", "certificate-expired"],
        &["kubelet-crash-loop", "half-joined"],
    ),
    case(7, &["stale-network"], &["trixie-ready"]),
    case(8, &["stale-network"], &["chains-in-both"]),
    case(9, &["media-left"], &["media-bound"]),
    case(10, &["node-deleted"], &["trixie-ready"]),
    case(11, &["kubelet-stopped"], &["trixie-no-cni"]),
    case(12, &["no-cni-no-tools"], &["trixie-no-cni", "trixie-fresh"]),
    case(13, &["busy"], &["trixie-fresh"]),
    case(14, &["stale-network"], &["cni-plugin-missing"]),
    case(15, &["api-no-name"], &["api-refused"]),
    case(16, &["api-refused"], &["api-no-route"]),
    case(17, &["api-no-route"], &["api-no-tls"]),
    case(18, &["api-no-tls"], &["api-token-alive"]),
    case(19, &["api-proxy-fails"], &["api-no-name", "api-proxy-serves"]),
    case(20, &["clock-far-behind", "clock-ahead"], &["clock-right"]),
    case(21, &["versions-kubelet-newer"], &["versions-fit"]),
    case(22, &["versions-kubelet-old"], &["versions-kubeadm-older"]),
    case(23, &["versions-kubelet-too-old"], &["versions-kubelet-old"]),
    case(24, &["versions-kubeadm-unfit"], &["versions-fit"]),
    case(25, &["versions-kubeadm-older"], &["versions-fit"]),
    case(26, &["swap", "swap-allowed"], &["trixie-fresh"]),
    case(27, &["no-ip-forward"], &["trixie-fresh"]),
    case(28, &["bridge-filter-absent"], &["trixie-fresh"]),
    case(29, &["kubelet-on-port"], &["trixie-no-cni"]),
    case(30, &["port-taken"], &["kubelet-on-port"]),
    case(31, &["tools-missing-fresh"], &["tools-missing"]),
    case(32, &["tools-missing-fresh"], &["tools-missing"]),
    case(33, &["certificate-expired"], &["certificate-ends-soon"]),
    case(34, &["cri-disabled"], &["containerd-corrupt"]),
    case(35, &["kubelet-not-installed"], &["trixie-fresh"]),
    case(36, &["kubelet-standalone"], &["trixie-fresh"]),
    case(37, &["versions-containerd-old"], &["versions-fit"]),
    case(38, &["versions-kubelet-1.35"], &["versions-fit"]),
    case(39, &["sid-fresh"], &["trixie-fresh"]),
    case(40, &["cgroup-driver-pending"], &["trixie-no-cni"]),
    case(41, &["hostname-unknown"], &["trixie-fresh"]),
    case(42, &["name-taken"], &["node-cordoned"]),
    case(43, &["api-proxy-serves"], &["api-token-alive"]),
    case(44, &["node-cordoned"], &["trixie-ready"]),
    case(45, &["joined-elsewhere"], &["trixie-no-cni"]),
    case(46, &["trixie-ready", "trixie-no-cni"], &["kubelet-crash-loop", "image-filesystem-late", "trixie-fresh"]),
    case(
        47,
        &["kubelet-crash-loop", "kubelet-crash-loop-with-stacks"],
        &["trixie-ready", "trixie-fresh", "certificate-gone"],
    ),
    case(48, &["image-filesystem-late"], &["kubelet-crash-loop", "trixie-ready", "images-full"]),
    case(49, &["pause-unreachable"], &["trixie-ready", "cni-plugin-missing"]),
    case(50, &["cni-plugin-missing", "cni-config-invalid"], &["trixie-no-cni", "trixie-ready"]),
    case(51, &["trixie-no-cni"], &["trixie-fresh", "trixie-ready", "cni-config-invalid"]),
    case(52, &["certificate-ends-soon"], &["certificate-expired", "trixie-ready"]),
    case(53, &["images-full"], &["images-without-inodes", "kubelet-disk-full"]),
    case(54, &["images-without-inodes"], &["images-full"]),
    case(55, &["kubelet-disk-full"], &["images-full"]),
    case(56, &["chains-in-both", "stale-network"], &["trixie-ready"]),
    case(57, &["media-bound", "media-left"], &["trixie-ready"]),
    case(58, &["socket-open"], &["trixie-fresh"]),
    case(59, &["kubelet-standalone"], &["trixie-ready"]),
    case(60, &["modules-missing"], &["trixie-fresh"]),
    case(61, &["workstation-apart"], &["workstation-alike"]),
    case(
        62,
        &["cgroup-driver-pending", "sid-cgroup-driver-pending", "bookworm-cgroup-driver-pending"],
        &["trixie-fresh", "sid-fresh", "bookworm-fresh"],
    ),
    case(63, &["shared-runtime"], &["trixie-fresh"]),
    case(64, &["snapshotter-btrfs"], &["trixie-fresh"]),
];

/// Rules that speak where a fact is unknown which lets another rule say it better: (code, fact).
pub const TELL_LESS: &[(u16, &str)] = &[(3, "cri_disabled"), (12, "cni"), (12, "cri"), (12, "files")];
