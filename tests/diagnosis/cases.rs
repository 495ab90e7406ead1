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
    case(4, &["cri-not-ready"], &["trixie-fresh"]),
    case(12, &["no-cni-no-tools"], &["trixie-no-cni", "trixie-fresh"]),
    case(13, &["busy"], &["trixie-fresh"]),
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
    case(28, &["bridge-filter-absent"], &["trixie-fresh"]),
    case(29, &["kubelet-on-port"], &["trixie-no-cni"]),
    case(35, &["kubelet-not-installed"], &["trixie-fresh"]),
    case(37, &["versions-containerd-old"], &["versions-fit"]),
    case(38, &["versions-kubelet-1.35"], &["versions-fit"]),
    case(39, &["sid-fresh"], &["trixie-fresh"]),
    case(41, &["hostname-unknown"], &["trixie-fresh"]),
    case(43, &["api-proxy-serves"], &["api-token-alive"]),
    case(51, &["trixie-no-cni"], &["trixie-fresh"]),
    case(60, &["modules-missing"], &["trixie-fresh"]),
    case(61, &["workstation-apart"], &["workstation-alike"]),
    case(63, &["shared-runtime"], &["trixie-fresh"]),
    case(64, &["snapshotter-btrfs"], &["trixie-fresh"]),
];

/// Rules that speak where a fact is unknown which lets another rule say it better: (code, fact).
pub const TELL_LESS: &[(u16, &str)] = &[(12, "cni"), (12, "cri"), (12, "files")];
