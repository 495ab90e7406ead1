//! The table of rules.

use crate::model::{Code, Cri, Facts, Finding, Level, Severity};

/// What one rule says of a node that it applies to: the cause, with what was seen.
type Rule = fn(&Facts) -> Option<String>;

/// Code, severity, the level that cures it, the remedy, and when it applies.
const RULES: [(u16, Severity, Option<Level>, &str, Rule); 14] = [
    (1, Severity::Error, Some(Level::Gentle), "`kfleet join` resets it gently and joins it", half_joined),
    (2, Severity::Error, Some(Level::Gentle), "`kfleet join` resets it gently and joins it", certificate_gone),
    (
        3,
        Severity::Error,
        Some(Level::Aggressive),
        "look at `journalctl -u containerd`; `kfleet reset --aggressive` rebuilds containerd's state",
        cri_silent,
    ),
    (
        4,
        Severity::Error,
        Some(Level::Aggressive),
        "look at `journalctl -u containerd`; `kfleet reset --aggressive` rebuilds containerd's state",
        runtime_not_ready,
    ),
    (
        5,
        Severity::Error,
        Some(Level::Gentle),
        "look at `journalctl -u containerd`; a gentle reset restarts it",
        containerd_down,
    ),
    (6, Severity::Error, Some(Level::Gentle), "look at `journalctl -u kubelet`", kubelet_down),
    (7, Severity::Warning, Some(Level::Aggressive), "`kfleet reset --aggressive` removes them", links_left),
    (8, Severity::Warning, Some(Level::Aggressive), "`kfleet reset --aggressive` removes them", chains_left),
    (
        9,
        Severity::Warning,
        Some(Level::Gentle),
        "a gentle reset unmounts them and touches nothing that they lead to",
        mounts_left,
    ),
    (
        10,
        Severity::Error,
        Some(Level::Gentle),
        "restart the kubelet, or `kfleet join` resets and joins it again",
        node_object_gone,
    ),
    (
        11,
        Severity::Error,
        Some(Level::Gentle),
        "`kubectl describe node` on the control plane tells more",
        node_not_ready,
    ),
    (12, Severity::Note, None, "the network add-on's DaemonSet brings it; nothing to do on the node", waits_for_cni),
    (14, Severity::Warning, Some(Level::Aggressive), "`kfleet reset --aggressive` removes it", residue_left),
    (13, Severity::Warning, None, "what else is found may change under its hands", busy),
];

/// The remedy for whatever is found on a machine that kfleet does not change.
const BY_HAND: &str =
    "look into it by hand; this is a control-plane node, and kfleet changes none without --allow-control-plane";

/// All rules that apply, worst first.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let by_hand = super::control_plane_sign(facts).is_some();
    let mut found: Vec<Finding> = RULES
        .iter()
        .filter_map(|(code, severity, cured_by, remedy, rule)| {
            Some(Finding {
                code: Code(*code),
                severity: *severity,
                cause: rule(facts)?,
                remedy: if by_hand { BY_HAND } else { remedy }.to_owned(),
                cured_by: cured_by.filter(|_| !by_hand),
                blocks_join: matches!(code, 1 | 2 | 6 | 10 | 11),
                checks: Vec::new(),
            })
        })
        .collect();
    found.sort_by_key(|f| (std::cmp::Reverse(f.severity), f.code));
    found
}

/// Those of `findings` that stand in the way of a join that is given `ignored` as `--ignore-preflight-errors`.
pub fn blockers<'a>(findings: &'a [Finding], ignored: &[String]) -> Vec<&'a Finding> {
    findings.iter().filter(|f| f.blocks_join && !f.is_ignored(ignored)).collect()
}

fn busy(facts: &Facts) -> Option<String> {
    super::busy(facts)
}

fn says_it_joined(facts: &Facts) -> bool {
    facts.has_joined() == Some(true)
}

/// kubeadm wrote these before TLS bootstrap; kubelet.conf is written after it (kubeadm join, phase kubelet-start).
fn half_joined(facts: &Facts) -> Option<String> {
    if facts.has_joined()? {
        return None;
    }
    let traces =
        ["/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/bootstrap-kubelet.conf", "/var/lib/kubelet/kubeadm-flags.env"];
    let there: Vec<&str> = traces.into_iter().filter(|f| facts.has_file(f) == Some(true)).collect();
    (!there.is_empty()).then(|| format!("an earlier join did not finish: {} without kubelet.conf", there.join(", ")))
}

fn certificate_gone(facts: &Facts) -> Option<String> {
    let gone = says_it_joined(facts) && !facts.has_file("/var/lib/kubelet/pki/kubelet-client-current.pem")?;
    gone.then(|| "kubelet.conf is there, but the client certificate that it names is gone".to_owned())
}

fn cri_silent(facts: &Facts) -> Option<String> {
    match facts.cri.known()? {
        Cri::NoAnswer(said) => Some(format!("the container runtime does not answer over CRI: {said}")),
        Cri::Ready { .. } | Cri::Loaded | Cri::NotReady(_) => None,
    }
}

fn runtime_not_ready(facts: &Facts) -> Option<String> {
    match facts.cri.known()? {
        Cri::NotReady(said) => Some(format!("the container runtime says that it is not ready: {said}")),
        Cri::Ready { .. } | Cri::Loaded | Cri::NoAnswer(_) => None,
    }
}

fn containerd_down(facts: &Facts) -> Option<String> {
    let unit = facts.containerd.known()?;
    (unit.active != "active").then(|| format!("containerd.service is {} ({}, {})", unit.active, unit.sub, unit.load))
}

fn kubelet_down(facts: &Facts) -> Option<String> {
    let unit = facts.kubelet.known()?;
    (says_it_joined(facts) && unit.active != "active").then(|| {
        format!(
            "the node has joined, but kubelet.service is {} ({}, {} restarts)",
            unit.active, unit.sub, unit.restarts
        )
    })
}

fn links_left(facts: &Facts) -> Option<String> {
    let links = facts.pod_links.known()?;
    (!says_it_joined(facts) && !links.is_empty())
        .then(|| format!("interfaces of a pod network are left: {}", links.join(", ")))
}

fn chains_left(facts: &Facts) -> Option<String> {
    let chains = facts.chains.known()?;
    let listed: Vec<String> = chains.iter().map(|(tool, n)| format!("{n} in {tool}")).collect();
    (!says_it_joined(facts) && !chains.is_empty())
        .then(|| format!("firewall chains of Kubernetes are left: {}", listed.join(", ")))
}

fn residue_left(facts: &Facts) -> Option<String> {
    let residue = facts.residue.known()?;
    (!says_it_joined(facts) && !residue.is_empty()).then(|| format!("Kubernetes left behind: {}", residue.join(", ")))
}

fn mounts_left(facts: &Facts) -> Option<String> {
    let mounts = facts.kubelet_mounts.known()?;
    let first = mounts.first()?;
    (!says_it_joined(facts)).then(|| match mounts.len() - 1 {
        0 => format!("{first} is still mounted"),
        more => format!("{first} and {more} more below /var/lib/kubelet are still mounted"),
    })
}

fn node_object_gone(facts: &Facts) -> Option<String> {
    let gone = says_it_joined(facts) && facts.node_object().known()?.is_none();
    gone.then(|| "the node has joined, but the API server has no Node object of its name".to_owned())
}

fn node_not_ready(facts: &Facts) -> Option<String> {
    let object = facts.node_object().known()?.as_ref()?;
    (object.ready != "True" && !object.waits_for_cni())
        .then(|| format!("the API server has the Node as Ready={}: {}", object.ready, object.message))
}

fn waits_for_cni(facts: &Facts) -> Option<String> {
    let object = facts.node_object().known()?.as_ref()?;
    object.waits_for_cni().then(|| "the Node is registered and waits for the pod network (CNI)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fact, NodeObject, Unit};

    fn codes(facts: &Facts) -> Vec<u16> {
        findings(facts).iter().map(|f| f.code.0).collect()
    }

    fn files(names: &[&str]) -> Fact<Vec<String>> {
        Fact::Known(names.iter().map(|n| (*n).to_owned()).collect())
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
        let facts = Facts::default;
        let one = || Fact::Known(vec!["x".to_owned()]);
        for (code, facts) in [
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
        ] {
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
            cri: Fact::Known(Cri::Ready { network: true }),
            pod_links: one(),
            chains: Fact::Known(vec![("iptables-nft".to_owned(), 30)]),
            kubelet_mounts: one(),
            residue: one(),
            own_node_object: object("True", ""),
            ..facts()
        };
        assert_eq!(codes(&healthy), Vec::<u16>::new());
    }
}
