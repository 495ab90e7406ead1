//! The words that kubeadm and kubelet use, and what they mean.

use crate::model::Cause;

/// Words in small letters, the oldest version that is known to print them, and what they mean; the first that matches
/// counts. 1.20 is recorded in `tests/fixtures/kubeadm-1.20.2` or read in its source or Go's, newer ones are seen in public
/// logs of that version, `?` is for words of which no version is known.
pub(super) type Words = [(&'static str, &'static str, Cause)];

/// What failed checks of kubeadm's preflight mean, by the beginning of their names; all others are `Cause::Preflight`.
pub(super) const CHECKS: [(&str, Cause); 7] = [
    ("CRI", Cause::CriSilent),
    ("FileAvailable", Cause::Leftovers),
    ("DirAvailable", Cause::Leftovers),
    ("Port-10250", Cause::Leftovers),
    ("Service-Kubelet", Cause::Leftovers),
    ("Swap", Cause::KubeletSwap),
    ("KubeletVersion", Cause::VersionSkew),
];

/// What kubeadm says of the cluster, in any phase.
pub(super) const KUBEADM: &Words = &[
    ("already exists in the cluster", "1.20", Cause::NameTaken),
    ("could not find a jws signature", "1.20", Cause::TokenDead),
    ("is invalid for this cluster or it has expired", "1.20", Cause::TokenDead),
    ("failed to verify jws signature", "1.20", Cause::TokenDead),
    ("are pinned", "1.20", Cause::OtherCa),
    ("invalid discovery token ca certificate hash", "?", Cause::OtherCa),
    ("certificate has expired or is not yet valid", "1.20", Cause::Clock),
    ("x509: ", "1.20", Cause::OtherCa),
    ("supports deploying clusters with the control plane version", "1.20", Cause::VersionSkew),
    ("is lower than kubeadm can support", "1.20", Cause::VersionSkew),
    ("no kind \"clusterconfiguration\" is registered", "1.20", Cause::VersionSkew),
    ("old api spec", "1.20", Cause::VersionSkew),
    // An old kubeadm looks for the kubelet's configuration under its own version, and may not read any other.
    ("configmaps \"kubelet-config", "1.20", Cause::VersionSkew),
    ("unauthorized", "1.20", Cause::TokenDead),
    ("isn't set up for token bootstrapping", "1.20", Cause::ControlPlane),
    ("is forbidden: user", "1.20", Cause::ControlPlane),
    ("configmaps \"cluster-info\" not found", "?", Cause::ControlPlane),
    ("configmaps \"kubeadm-config\" not found", "?", Cause::ControlPlane),
];

/// What HTTP clients written in Go say of a server that they do not reach.
pub(super) const NETWORK: &Words = &[
    ("dial tcp", "1.20", Cause::ApiUnreachable),
    ("i/o timeout", "1.20", Cause::ApiUnreachable),
    ("no such host", "1.20", Cause::ApiUnreachable),
    ("tls handshake timeout", "1.20", Cause::ApiUnreachable),
    ("client.timeout exceeded", "1.20", Cause::ApiUnreachable),
    ("request canceled", "1.20", Cause::ApiUnreachable),
    ("connection reset by peer", "1.20", Cause::ApiUnreachable),
    ("http response to https client", "1.20", Cause::ApiUnreachable),
    ("does not look like a tls handshake", "1.20", Cause::ApiUnreachable),
    ("context deadline exceeded", "?", Cause::ApiUnreachable),
    (": eof", "1.20", Cause::ApiUnreachable),
    // all that a discovery in vain ended with before 1.20
    ("abort connecting to api servers", "?", Cause::ApiUnreachable),
    ("service unavailable", "1.20", Cause::ApiUnreachable),
];

/// What kubelet says right before it ends.
pub(super) const KUBELET_ENDS: &Words = &[
    ("running with swap on is not supported", "1.20", Cause::KubeletSwap),
    ("host using cgroup v1", "1.35", Cause::Preflight),
    ("no client provided", "1.20", Cause::KubeletStandalone),
    ("unknown service runtime.v1", "1.20", Cause::CriDisabled),
    ("cri v1 runtime api is not implemented", "1.26", Cause::CriDisabled),
    ("failed to load kubelet config file", "1.20", Cause::KubeletConfig),
    ("unknown flag", "1.20", Cause::KubeletConfig),
    ("unknown shorthand flag", "1.20", Cause::KubeletConfig),
    ("flag needs an argument", "1.20", Cause::KubeletConfig),
    ("failed to parse kubelet flag", "1.24", Cause::KubeletConfig),
    ("failed to validate kubelet", "?", Cause::KubeletConfig),
    ("unrecognized feature gate", "1.20", Cause::KubeletConfig),
    ("cgroup driver", "1.20", Cause::KubeletCgroups),
    ("cgroup-root", "1.20", Cause::KubeletCgroups),
    ("failed to start containermanager", "1.20", Cause::KubeletCgroups),
    ("unable to determine runtime api version", "?", Cause::CriSilent),
    ("validate service connection", "1.26", Cause::CriSilent),
    (".sock: ", "1.20", Cause::CriSilent),
    ("certificate has expired or is not yet valid", "1.20", Cause::Clock),
    ("is expired", "1.20", Cause::Kubelet),
    ("failed to run kubelet", "1.20", Cause::Kubelet),
    ("command failed", "1.33", Cause::Kubelet),
    ("status=203/exec", "systemd", Cause::Kubelet),
];

/// What kubelet says over and over while it goes on.
pub(super) const KUBELET_GOES_ON: &Words = &[
    ("standalone mode", "1.20", Cause::KubeletStandalone),
    // It speaks to the API server, but as nobody: it has no certificate yet.
    ("user \"system:anonymous\"", "1.20", Cause::BootstrapPending),
    ("expected cgroupspath to be of format", "1.23", Cause::KubeletCgroups),
    ("unknown service runtime.v1", "1.20", Cause::CriDisabled),
    ("certificate has expired or is not yet valid", "1.20", Cause::Clock),
    ("x509: ", "1.20", Cause::OtherCa),
    ("certificate signing request: unauthorized", "?", Cause::TokenDead),
    ("certificatesigningrequests.certificates.k8s.io is forbidden", "?", Cause::ControlPlane),
    (".sock: ", "1.20", Cause::CriSilent),
];

/// Lines that follow from the failed join or stand in every journal, and explain nothing.
pub(super) const SAYS_NOTHING: [&str; 4] =
    ["unit: ", "no complaint in the ", "bootstrap-kubelet.conf: no such file", "\" not found"];
