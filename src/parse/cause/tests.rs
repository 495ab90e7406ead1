//! At least one output per cause that can be read from one: recorded on nodes with 1.20.2, and put together from public
//! logs for others, as the README beside those says.

use super::*;

const CASES: &[(&str, Cause, &str)] = &[
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-token-expired.txt"),
        Cause::TokenDead,
        "could not find a JWS signature",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-token-deleted.txt"),
        Cause::TokenDead,
        "could not find a JWS signature",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-token-unknown.txt"),
        Cause::TokenDead,
        "token ID \"abcdef\"",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-token-wrong-secret.txt"),
        Cause::TokenDead,
        "failed to verify JWS signature",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-name-taken.txt"),
        Cause::NameTaken,
        "status \"Ready\" already exists",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-api-unreachable.txt"),
        Cause::ApiUnreachable,
        "connection refused",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-api-refused.txt"),
        Cause::ApiUnreachable,
        "connection refused",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-api-no-route.txt"),
        Cause::ApiUnreachable,
        "no route to host",
    ),
    (include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-api-timeout.txt"), Cause::ApiUnreachable, "i/o timeout"),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-api-no-such-name.txt"),
        Cause::ApiUnreachable,
        "address api.example.invalid",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-api-lost-in-bootstrap.txt"),
        Cause::ApiUnreachable,
        "connection refused",
    ),
    (include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-ca-pin-wrong.txt"), Cause::OtherCa, "are pinned"),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-certificate-unknown-authority.txt"),
        Cause::OtherCa,
        "signed by unknown authority",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-certificate-other-names.txt"),
        Cause::OtherCa,
        "certificate is valid for 10.96.0.1",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-certificate-expired.txt"),
        Cause::Clock,
        "expired or is not yet valid: current time",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-version-of-cluster-1.18.txt"),
        Cause::VersionSkew,
        ">= 1.19.0. Current version: v1.18.9",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-version-of-cluster-1.23.txt"),
        Cause::VersionSkew,
        "kubelet-config-1.23",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-version-of-cluster-too-new.txt"),
        Cause::VersionSkew,
        "kubeadm.k8s.io/v1beta3",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-leftovers.txt"),
        Cause::Leftovers,
        "kubelet.conf already exists; [ERROR FileAvailable--etc-kubernetes-pki-ca.crt]",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-half-joined.txt"),
        Cause::Leftovers,
        "pki/ca.crt already exists",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-already-joined.txt"),
        Cause::Leftovers,
        "Port 10250 is in use",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-port.txt"),
        Cause::Preflight,
        "in use (not by kubelet.service",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-cri.txt"),
        Cause::CriDisabled,
        "unknown service runtime.v1",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-half-joined-and-cri.txt"),
        Cause::CriDisabled,
        "ca.crt already exists",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-cri-stopped.txt"),
        Cause::CriSilent,
        "containerd.sock: connect: no such file",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-ip-forward.txt"),
        Cause::Preflight,
        "ip_forward contents are not set to 1",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-ip-forward-and-cri-stopped.txt"),
        Cause::CriSilent,
        "ip_forward contents are not set to 1",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-swap.txt"),
        Cause::KubeletSwap,
        "running with swap on is not supported",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-swap.txt"),
        Cause::KubeletSwap,
        "kubelet says: failed to run Kubelet: running with swap on",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-unknown-flag.txt"),
        Cause::KubeletConfig,
        "kubelet says: unknown flag: --network-plugin-bogus",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-config-missing.txt"),
        Cause::KubeletConfig,
        "/etc/kubernetes/kubelet.yaml: no such file",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-standalone.txt"),
        Cause::KubeletStandalone,
        "no client provided",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-cgroup-root.txt"),
        Cause::KubeletCgroups,
        "doesn't exist",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-cri-stopped.txt"),
        Cause::CriSilent,
        "kubelet says: failed to run Kubelet",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-cri-disabled.txt"),
        Cause::CriDisabled,
        "unknown service runtime.v1alpha2",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-bootstrap-pending.txt"),
        Cause::BootstrapPending,
        "system:anonymous",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-out-of-time.txt"),
        Cause::KubeletConfig,
        "unknown flag: --bogus",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-out-of-time-healthy.txt"),
        Cause::BootstrapPending,
        "has not signed its certificate",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-unhealthy.txt"),
        Cause::Kubelet,
        "what it says about that is not known",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-public/1.18-cgroup-driver.txt"),
        Cause::KubeletCgroups,
        "is different from docker cgroup driver",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-public/old-discovery-timeout.txt"),
        Cause::ApiUnreachable,
        "abort connecting to API servers",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-public/1.26-cri-too-old.txt"),
        Cause::CriDisabled,
        "is not implemented for endpoint",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-public/1.30-cri-disabled.txt"),
        Cause::CriDisabled,
        "unknown service runtime.v1.RuntimeService",
    ),
    (include_str!("../../../tests/fixtures/kubeadm-public/new-certificate-names.txt"), Cause::OtherCa, "not 192.0.2.1"),
    (
        include_str!("../../../tests/fixtures/kubeadm-public/2025-not-registered.txt"),
        Cause::Kubelet,
        "did not register its Node in time",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-public/2025-api-slow.txt"),
        Cause::ApiUnreachable,
        "Client.Timeout exceeded",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-public/1.34-unknown-flag.txt"),
        Cause::KubeletConfig,
        "kubelet says: failed to parse kubelet flag: unknown flag",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-public/1.34-swap.txt"),
        Cause::KubeletSwap,
        "kubelet says: failed to run Kubelet: running with swap on is not supported",
    ),
    (
        include_str!("../../../tests/fixtures/kubeadm-public/1.35-cgroup-v1.txt"),
        Cause::Preflight,
        "host using cgroup v1",
    ),
];

fn of(text: &str) -> Diagnosis {
    diagnosis(&text.lines().map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn each_output_has_its_cause_and_says_it_in_a_sentence() {
    for (output, cause, telling) in CASES {
        let found = of(output);
        assert_eq!(found.cause, *cause, "{} in:\n{output}", found.said);
        assert!(found.said.contains(telling), "{}", found.said);
        assert!(!found.said.contains("error execution phase") && !found.said.contains('\t'), "{}", found.said);
    }
}

#[test]
fn what_kubelet_said_before_it_was_configured_is_no_cause() {
    let waiting = "kubelet: failed to load Kubelet config file /var/lib/kubelet/config.yaml: no such file\n";
    let token = include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-token-unknown.txt");
    assert_eq!(of(&format!("{token}{waiting}")).cause, Cause::TokenDead);
    assert_eq!(of(&format!("[preflight] Running pre-flight checks\n{waiting}")).cause, Cause::Unexplained);
    let (kubeadm, kubelet) = include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-bootstrap-pending.txt")
        .split_once("kubelet: ")
        .unwrap();
    assert_eq!(of(&format!("{kubeadm}{waiting}kubelet: {kubelet}")).cause, Cause::BootstrapPending);
    assert_eq!(of(&format!("{kubeadm}{waiting}kubelet: unit: SubState=running\n")).cause, Cause::BootstrapPending);
}

#[test]
fn structured_lines_are_read_without_their_form() {
    let line = r#""Failed to start ContainerManager" pod="x" err="no \"cpu\" cgroup""#;
    assert_eq!(sentence(line), r#"Failed to start ContainerManager: no "cpu" cgroup"#);
    assert_eq!(sentence(r#""command failed" err="failed to run Kubelet: x""#), "failed to run Kubelet: x");
    assert_eq!(sentence(r#""command failed" err="swaps: [Filename\t\tType]""#), "swaps: [Filename Type]");
}

#[test]
fn a_lasting_capacity_of_zero_is_a_cause_and_one_of_a_healthy_kubelet_is_none() {
    let line = "kubelet: Image garbage collection failed once: invalid capacity 0 on image filesystem\n";
    let sick = include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-unhealthy.txt");
    assert_eq!(of(&format!("{sick}{line}")).cause, Cause::ImageFilesystem);
    let healthy = include_str!("../../../tests/fixtures/kubeadm-public/2025-not-registered.txt");
    assert_eq!(of(&format!("{healthy}{line}")).cause, Cause::Kubelet);
}

#[test]
fn any_output_has_a_diagnosis() {
    let noise = "x".repeat(10_000);
    let many = vec![format!("kubelet: {noise}"); 1000].join("\n") + &"\n[ERROR".repeat(50_000);
    for text in [
        "",
        "\n",
        "kubelet: ",
        "error: ",
        "error execution phase ",
        "[ERROR ",
        "[ERROR x",
        "ü\" err=\"\\",
        &noise,
        &many,
    ] {
        let found = of(text);
        assert!(!found.said.is_empty() || text.is_empty(), "{text:.40}");
        assert!(found.said.chars().count() <= MOST + 1, "{text:.40}");
    }
    assert_eq!(of("").cause, Cause::Unexplained);
    assert_eq!(of(&"kubelet: failed to run Kubelet: x\n".repeat(100_000)).cause, Cause::Unexplained);
}
