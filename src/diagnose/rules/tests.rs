use super::*;
use crate::model::{ApiView, ClientCertificate, Cri, Fact, NodeObject, Reach, Unit};

fn codes(facts: &Facts) -> Vec<u16> {
    findings(facts).iter().map(|f| f.code.0).collect()
}

fn files(names: &[&str]) -> Fact<Vec<String>> {
    Fact::Known(names.iter().map(|n| (*n).to_owned()).collect())
}

/// A node that is known not to have joined.
fn apart() -> Facts {
    Facts { files: files(&[]), ..Facts::default() }
}

#[test]
fn a_node_of_which_nothing_is_known_has_no_findings() {
    assert_eq!(codes(&Facts::default()), Vec::<u16>::new());
}

#[test]
fn each_rule_applies_where_it_should() {
    let joined = ["/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/pki/kubelet-client-current.pem"];
    let unit = |active: &str| Fact::Known(Unit { active: active.to_owned(), ..Unit::default() });
    let object = |ready: &str, message: &str| {
        Fact::Known(Some(NodeObject {
            machine_id: "m".to_owned(),
            boot_id: "b".to_owned(),
            ready: ready.to_owned(),
            message: message.to_owned(),
            ..NodeObject::default()
        }))
    };
    let facts = apart;
    let one = || Fact::Known(vec!["x".to_owned()]);
    let cases = vec![
        (1, Facts { files: files(&["/etc/kubernetes/pki/ca.crt"]), ..facts() }),
        (2, Facts { files: files(&joined[..1]), ..facts() }),
        (3, Facts { cri: Fact::Known(Cri::NoAnswer("x".to_owned())), ..facts() }),
        (4, Facts { cri: Fact::Known(Cri::NotReady("x".to_owned())), ..facts() }),
        (5, Facts { containerd: unit("failed"), ..facts() }),
        (6, Facts { files: files(&joined), kubelet: unit("activating"), ..facts() }),
        (7, Facts { pod_links: one(), ..facts() }),
        (8, Facts { chains: Fact::Known(vec![("iptables-nft".to_owned(), 3)]), ..facts() }),
        (9, Facts { kubelet_mounts: one(), ..facts() }),
        (10, Facts { files: files(&joined), own_node_object: Fact::Known(None), ..facts() }),
        (
            11,
            Facts {
                files: files(&joined),
                own_node_object: object("Unknown", "Kubelet stopped posting node status."),
                ..facts()
            },
        ),
        (
            12,
            Facts {
                files: files(&joined),
                own_node_object: object(
                    "False",
                    "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
                ),
                ..facts()
            },
        ),
        (14, Facts { residue: one(), ..facts() }),
        (13, Facts { running: Fact::Known(Some("kfleet: join, x".to_owned())), ..facts() }),
    ];
    for (code, facts) in cases {
        assert_eq!(codes(&facts), [code]);
    }
    let control_plane =
        Facts { files: files(&["/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/manifests/etcd.yaml"]), ..facts() };
    let found = findings(&control_plane);
    assert!(found.iter().all(|f| f.cured_by.is_none() && f.remedy == BY_HAND) && found.len() == 1, "{found:?}");

    let healthy = Facts {
        files: files(&joined),
        kubelet: unit("active"),
        containerd: unit("active"),
        cri: Fact::Known(Cri::Ready { network: true, network_message: String::new() }),
        pod_links: one(),
        chains: Fact::Known(vec![("iptables-nft".to_owned(), 30)]),
        kubelet_mounts: one(),
        residue: one(),
        own_node_object: object("True", ""),
        ..facts()
    };
    assert_eq!(codes(&healthy), Vec::<u16>::new());
}

fn known(text: &str) -> Fact<String> {
    Fact::Known(text.to_owned())
}

fn view() -> ApiView {
    ApiView {
        endpoint: "10.0.0.1:6443".to_owned(),
        reach: Fact::Known(Reach::Answers),
        proxy: None,
        version: Fact::default(),
        token_alive: Fact::default(),
        clock_skew: Fact::default(),
    }
}

/// Of a kubelet, a kubeadm and an API server, each 1.minor.
fn versions(kubelet: u64, kubeadm: u64, server: u64) -> Facts {
    Facts {
        kubelet_version: Fact::Known(format!("v1.{kubelet}.2")),
        kubeadm_version: Fact::Known(format!("v1.{kubeadm}.2")),
        api: Fact::Known(ApiView { version: Fact::Known(format!("v1.{server}.0")), ..view() }),
        ..apart()
    }
}

#[test]
fn the_api_server_as_the_node_sees_it() {
    let reach = |reach| Facts { api: Fact::Known(ApiView { reach: Fact::Known(reach), ..view() }), ..Facts::default() };
    let said = || "x".to_owned();
    for (facts, code, blocks) in [
        (reach(Reach::NoName(said())), 15, true),
        (reach(Reach::Refused(said())), 16, true),
        (reach(Reach::NoRoute(said())), 17, true),
        (reach(Reach::Tls(said())), 18, true),
        (reach(Reach::Proxy(said())), 19, false),
    ] {
        let found = findings(&facts);
        assert_eq!(codes(&facts), [code]);
        assert_eq!(found[0].blocks_join, blocks, "{found:?}");
        assert!(found[0].cause.contains("10.0.0.1:6443") && found[0].cured_by.is_none(), "{found:?}");
    }
    assert_eq!(codes(&reach(Reach::Answers)), Vec::<u16>::new());
    let skew = |seconds| Facts {
        api: Fact::Known(ApiView { clock_skew: Fact::Known(seconds), ..view() }),
        ..Facts::default()
    };
    for (seconds, expected) in [
        (0, None),
        (60, None),
        (-60, None),
        (61, Some(false)),
        (-300, Some(false)),
        (301, Some(false)),
        (90_000, Some(false)),
        (-301, Some(true)),
        (-90_000, Some(true)),
    ] {
        let found = findings(&skew(seconds));
        assert_eq!(found.first().map(|f| f.blocks_join), expected, "{seconds}");
        assert!(found.iter().all(|f| f.code == Code(20) && f.cause.contains("ahead") == (seconds > 0)), "{found:?}");
    }
    let proxied = ApiView { proxy: Some("http://proxy:3128".to_owned()), ..view() };
    assert_eq!(codes(&Facts { api: Fact::Known(proxied), ..Facts::default() }), [43]);
}

#[test]
fn versions_that_do_not_fit() {
    for ((kubelet, kubeadm, server), expected) in [
        ((31, 31, 31), vec![]),
        ((31, 31, 30), vec![21]), // kubeadm is one ahead, which is fine; the kubelet must not be
        ((30, 31, 30), vec![]),
        ((28, 31, 31), vec![]),
        ((27, 31, 31), vec![23, 22]),
        ((22, 24, 24), vec![23]),
        ((21, 24, 24), vec![23, 22]),
        ((26, 29, 29), vec![]),
        ((29, 31, 29), vec![24]),
        ((30, 30, 31), vec![24]), // v1beta4
        ((29, 29, 30), vec![25]),
        ((20, 20, 20), vec![]),
    ] {
        assert_eq!(codes(&versions(kubelet, kubeadm, server)), expected, "{kubelet} {kubeadm} {server}");
    }
    let unversioned = Facts { kubelet_version: known("v0.0.0-master+faecb196815e2"), ..versions(20, 31, 31) };
    assert_eq!(codes(&unversioned), Vec::<u16>::new(), "a build without a version tells nothing");
}

fn kubeadm(version: &str) -> Facts {
    Facts { kubeadm_version: known(version), ..apart() }
}

fn some(text: &str) -> Fact<Option<String>> {
    Fact::Known(Some(text.to_owned()))
}

fn loaded(state: &str) -> Fact<Unit> {
    Fact::Known(Unit { load: state.to_owned(), ..Unit::default() })
}

fn silent() -> Fact<Cri> {
    Fact::Known(Cri::NoAnswer("unknown service runtime.v1.RuntimeService".to_owned()))
}

fn joined() -> Fact<Vec<String>> {
    files(&["/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/pki/kubelet-client-current.pem"])
}

fn certificate() -> Fact<Option<ClientCertificate>> {
    Fact::Known(Some(ClientCertificate { node_name: "n".to_owned(), not_before: 0, not_after: 1_000_000 }))
}

fn theirs() -> Fact<Option<NodeObject>> {
    Fact::Known(Some(NodeObject { machine_id: "theirs".to_owned(), ..NodeObject::default() }))
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn what_preflight_asks_of_a_machine() {
    let cases = vec![
        (Facts { swap: files(&["/dev/sda2"]), ..kubeadm("v1.22.17") }, 26, true, "Swap"),
        (Facts { swap: files(&["/dev/sda2"]), ..kubeadm("v1.23.0") }, 26, false, ""),
        (Facts { ip_forward: Fact::Known(false), ..apart() }, 27, true, "FileContent--proc-sys-net-ipv4-ip_forward"),
        (
            Facts { bridge_filter: Fact::Known(None), ..kubeadm("v1.29.9") },
            28,
            true,
            "FileContent--proc-sys-net-bridge-bridge-nf-call-iptables",
        ),
        (Facts { kubelet_port: some("kubelet"), files: files(&[]), ..apart() }, 29, true, "Port-10250"),
        (Facts { kubelet_port: some("python3"), files: files(&[]), ..apart() }, 30, true, "Port-10250"),
        (Facts { missing_tools: files(&["conntrack"]), ..kubeadm("v1.31.0") }, 31, true, "FileExisting-conntrack"),
        (Facts { missing_tools: files(&["kubeadm", "ip"]), ..apart() }, 31, true, ""),
        (Facts { missing_tools: files(&["crictl"]), ..kubeadm("v1.31.0") }, 32, false, ""),
        (
            Facts { files: joined(), client_certificate: certificate(), clock: Fact::Known(2_000_000), ..apart() },
            33,
            true,
            "FileAvailable--etc-kubernetes-kubelet.conf",
        ),
        (Facts { cri: silent(), cri_disabled: Fact::Known(true), ..apart() }, 34, false, "CRI"),
        (Facts { kubelet: loaded("not-found"), ..apart() }, 35, true, ""),
        (Facts { kubelet_bootstraps: Fact::Known(false), ..apart() }, 36, true, ""),
        (
            Facts { containerd_version: known("1.5.9~ds1"), kubelet_version: known("v1.26.0"), ..apart() },
            37,
            true,
            "CRI",
        ),
        (
            Facts { cgroup_version: Fact::Known(1), kubelet_version: known("v1.35.0"), ..apart() },
            38,
            true,
            "SystemVerification",
        ),
        (Facts { memory_cgroup: Fact::Known(false), ..apart() }, 39, true, "SystemVerification"),
        (
            Facts { cgroupfs_runtimes: files(&["runc"]), kubelet_cgroup_driver: some("systemd"), ..apart() },
            40,
            false,
            "",
        ),
        (Facts { hostname_resolves: Fact::Known(false), ..apart() }, 41, false, ""),
        (Facts { machine_id: known("mine"), cluster_node_object: theirs(), ..apart() }, 42, true, ""),
    ];
    for (facts, code, blocks, check) in cases {
        let found = findings(&facts);
        assert_eq!(codes(&facts), [code], "{found:?}");
        assert_eq!((found[0].blocks_join, found[0].checks.join(" ").as_str()), (blocks, check), "{found:?}");
    }
}

#[test]
fn what_preflight_does_not_mind() {
    let cases = vec![
        Facts { swap: Fact::Known(Vec::new()), ..kubeadm("v1.20.2") },
        Facts { ip_forward: Fact::Known(true), bridge_filter: Fact::Known(Some(true)), ..kubeadm("v1.20.2") },
        Facts {
            ip_forward: Fact::Known(false),
            api: Fact::Known(ApiView { endpoint: "[::1]:6443".to_owned(), ..view() }),
            ..apart()
        },
        Facts { bridge_filter: Fact::Known(Some(false)), ..kubeadm("v1.30.0") },
        Facts { kubelet_port: some("kubelet"), files: joined(), ..apart() },
        Facts { kubelet_port: some("kubelet"), ..Facts::default() }, // whether it has joined is not known
        Facts { kubelet_port: Fact::Known(None), files: files(&[]), ..apart() },
        Facts { missing_tools: files(&["conntrack", "crictl", "socat"]), ..kubeadm("v1.32.0") },
        Facts { missing_tools: files(&["ip", "iptables", "tc"]), ..kubeadm("v1.33.0") },
        Facts { missing_tools: files(&["conntrack"]), ..apart() }, // no version
        Facts { files: joined(), client_certificate: certificate(), clock: Fact::Known(900_000), ..apart() },
        Facts { cri_disabled: Fact::Known(true), cri: Fact::Known(Cri::Loaded), ..apart() },
        Facts { kubelet: loaded("loaded"), kubelet_bootstraps: Fact::Known(true), ..apart() },
        Facts { containerd_version: known("1.7.24~ds1"), kubelet_version: known("v1.26.0"), ..apart() },
        Facts { containerd_version: known("1.5.9"), kubelet_version: known("v1.25.0"), ..apart() },
        Facts { cgroup_version: Fact::Known(1), kubelet_version: known("v1.34.0"), ..apart() },
        Facts { cgroupfs_runtimes: files(&["runc"]), kubelet_cgroup_driver: some("cgroupfs"), ..apart() },
        Facts { hostname_resolves: Fact::Known(true), memory_cgroup: Fact::Known(true), ..apart() },
    ];
    for fine in cases {
        assert_eq!(codes(&fine), Vec::<u16>::new(), "{fine:?}");
    }
    let comment = Facts { cri: silent(), cri_disabled: Fact::Known(false), ..apart() };
    assert_eq!(codes(&comment), [3]);
}

#[test]
fn an_earlier_join_blocks_the_next() {
    let half =
        Facts { files: files(&["/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/bootstrap-kubelet.conf"]), ..apart() };
    let found = findings(&half);
    let ignored = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(blockers(&found, &[]).len(), 1);
    assert_eq!(blockers(&found, &ignored(&["FileAvailable--etc-kubernetes-pki-ca.crt"])).len(), 1, "one of two");
    let both = ["fileavailable--etc-kubernetes-pki-ca.crt", "FileAvailable--etc-kubernetes-bootstrap-kubelet.conf"];
    assert!(blockers(&found, &ignored(&both)).is_empty() && blockers(&found, &ignored(&["All"])).is_empty());
    let flags = Facts { files: files(&["/var/lib/kubelet/kubeadm-flags.env"]), ..apart() };
    let found = findings(&flags);
    assert!(found.len() == 1 && blockers(&found, &[]).is_empty(), "kubeadm writes that one anew");
    let unreachable = ApiView { reach: Fact::Known(Reach::Refused("x".to_owned())), ..view() };
    let unreachable = findings(&Facts { api: Fact::Known(unreachable), ..apart() });
    assert_eq!(blockers(&unreachable, &ignored(&["all"])).len(), 1, "no check of kubeadm's to ignore");
}

#[test]
fn what_ends_a_join_is_told_from_the_row_of_the_rule() {
    let causes: Vec<Cause> = findings(&Facts {
        ip_forward: Fact::Known(false),
        api: Fact::Known(ApiView { reach: Fact::Known(Reach::Refused("x".to_owned())), ..view() }),
        ..apart()
    })
    .iter()
    .map(cause)
    .collect();
    assert_eq!(causes, [Cause::ApiUnreachable, Cause::Preflight]);
    let behind = ApiView { clock_skew: Fact::Known(-400), ..view() };
    let found = findings(&Facts { api: Fact::Known(behind), ..apart() });
    assert_eq!(found.iter().map(cause).collect::<Vec<_>>(), [Cause::Clock]);
}
