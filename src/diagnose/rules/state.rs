//! What is wrong with a node by itself: an earlier join, its runtime, its kubelet, what is left of a pod network.

use super::{Rule, Seen, is_apart, kubelet, runtime, says_it_joined, shown};
use crate::model::Severity::{Error, Note, Warning};
use crate::model::{Cri, Facts, Level, NodeObject};

pub(super) const RULES: [Rule; 15] = [
    Rule::new(1, Error, half_joined, "`kfleet join NODE` resets it gently and joins it")
        .cured_by(Level::Gentle)
        .blocks_join(),
    Rule::new(2, Error, certificate_gone, "`kfleet join NODE` resets it gently and joins it")
        .cured_by(Level::Gentle)
        .blocks_join(),
    Rule::new(3, Error, cri_silent, RUNTIME).cured_by(Level::Aggressive).blocks_join(),
    Rule::new(4, Error, runtime_not_ready, RUNTIME).cured_by(Level::Aggressive).blocks_join(),
    Rule::new(5, Error, containerd_down, "look at `journalctl -u containerd`; a gentle reset restarts it")
        .cured_by(Level::Gentle)
        .blocks_join(),
    Rule::new(6, Error, kubelet_down, "`kfleet join NODE` starts it; `journalctl -u kubelet` tells why it stopped")
        .cured_by(Level::Gentle)
        .blocks_join(),
    Rule::new(7, Warning, links_left, "`kfleet reset NODE --aggressive` removes them").cured_by(Level::Aggressive),
    Rule::new(8, Warning, chains_left, "`kfleet reset NODE --aggressive` removes them").cured_by(Level::Aggressive),
    Rule::new(9, Warning, mounts_left, "a gentle reset unmounts them and touches nothing that they lead to")
        .cured_by(Level::Gentle),
    Rule::new(10, Error, node_object_gone, "`kfleet join NODE` restarts the kubelet, which makes a new one")
        .cured_by(Level::Gentle)
        .blocks_join(),
    Rule::new(11, Error, node_not_ready, "`kubectl describe node` on the control plane tells more")
        .cured_by(Level::Gentle)
        .blocks_join(),
    Rule::new(12, Note, waits_for_cni, "the network add-on's DaemonSet brings it; nothing to do on the node"),
    Rule::new(13, Warning, busy, "what else is found may change under its hands"),
    Rule::new(44, Note, cordoned, "`kubectl uncordon NODE` on the control plane opens it for pods again"),
    Rule::new(14, Warning, residue_left, "`kfleet reset NODE --aggressive` removes it").cured_by(Level::Aggressive),
];

const RUNTIME: &str =
    "look at `journalctl -u containerd`; `kfleet reset NODE --aggressive` rebuilds containerd's state";

/// With the checks of kubeadm's that find the files of a join.
pub(super) fn with_files(seen: impl Into<Seen>, facts: &Facts) -> Seen {
    let checked = [
        ("/etc/kubernetes/kubelet.conf", "FileAvailable--etc-kubernetes-kubelet.conf"),
        ("/etc/kubernetes/bootstrap-kubelet.conf", "FileAvailable--etc-kubernetes-bootstrap-kubelet.conf"),
        ("/etc/kubernetes/pki/ca.crt", "FileAvailable--etc-kubernetes-pki-ca.crt"),
    ];
    let there = checked.into_iter().filter(|(file, _)| facts.has_file(file) == Some(true));
    there.fold(seen.into(), |seen, (_, check)| seen.check(check))
}

fn busy(facts: &Facts) -> Option<Seen> {
    let running = facts.running.known().and_then(Option::as_deref);
    crate::diagnose::busy(facts)
        .map(|cause| Seen::from(cause).shown_by(running.map(|unit| format!("kfleet.service: {unit}"))))
}

/// kubeadm wrote these before TLS bootstrap; kubelet.conf is written after it (kubeadm join, phase kubelet-start).
fn half_joined(facts: &Facts) -> Option<Seen> {
    if facts.has_joined()? {
        return None;
    }
    let traces =
        ["/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/bootstrap-kubelet.conf", "/var/lib/kubelet/kubeadm-flags.env"];
    let there: Vec<&str> = traces.into_iter().filter(|f| facts.has_file(f) == Some(true)).collect();
    let cause = format!("an earlier join did not finish: {} without kubelet.conf", there.join(", "));
    let seen = with_files(Seen::from(cause).shown_by(there.iter().copied()), facts);
    // kubeadm writes kubeadm-flags.env anew and asks for the other two only
    (!there.is_empty()).then_some(Seen { harmless: seen.checks.is_empty(), ..seen })
}

fn certificate_gone(facts: &Facts) -> Option<Seen> {
    let gone = says_it_joined(facts) && !facts.has_file("/var/lib/kubelet/pki/kubelet-client-current.pem")?;
    let cause = "kubelet.conf is there, but the client certificate that it names is gone".to_owned();
    let lines =
        ["/etc/kubernetes/kubelet.conf is there", "/var/lib/kubelet/pki/kubelet-client-current.pem is not there"];
    gone.then(|| with_files(Seen::from(cause).shown_by(lines), facts))
}

fn cri_silent(facts: &Facts) -> Option<Seen> {
    match facts.cri.known()? {
        Cri::NoAnswer(_) if super::preflight::config_disables_cri(facts) => None,
        Cri::NoAnswer(said) => {
            let cause = format!("the container runtime does not answer over CRI: {said}");
            Some(
                Seen::from(cause)
                    .shown_by([format!("crictl info: {said}")])
                    .shown_by(containerd_says(facts))
                    .check("CRI"),
            )
        }
        Cri::Ready { .. } | Cri::Loaded | Cri::NotReady(_) => None,
    }
}

/// The newest first.
fn containerd_says(facts: &Facts) -> Vec<String> {
    let lines = facts.containerd_log.known().into_iter().flatten();
    lines.rev().take(3).map(|line| format!("journal of containerd: {line}")).collect()
}

fn runtime_not_ready(facts: &Facts) -> Option<Seen> {
    match facts.cri.known()? {
        Cri::NotReady(_) if super::preflight::config_disables_cri(facts) => None,
        Cri::NotReady(said) => {
            let cause = format!("the container runtime says that it is not ready: {said}");
            Some(
                Seen::from(cause)
                    .shown_by([format!("crictl info: {said}")])
                    .shown_by(containerd_says(facts))
                    .check("CRI"),
            )
        }
        Cri::Ready { .. } | Cri::Loaded | Cri::NoAnswer(_) => None,
    }
}

fn containerd_down(facts: &Facts) -> Option<Seen> {
    let unit = facts.containerd.known()?;
    let cause = format!("containerd.service is {} ({}, {})", unit.active, unit.sub, unit.load);
    (unit.active != "active")
        .then(|| Seen::from(cause).shown_by([shown("containerd", unit)]).shown_by(containerd_says(facts)).check("CRI"))
}

fn kubelet_down(facts: &Facts) -> Option<Seen> {
    let unit = facts.kubelet.known()?;
    let (active, sub, restarts) = (&unit.active, &unit.sub, unit.restarts);
    let cause = format!("the node has joined, but kubelet.service is {active} ({sub}, {restarts} restarts)");
    let down = says_it_joined(facts) && active != "active" && !kubelet::is_crash_loop(facts);
    let complaints = facts.kubelet_log.known().map(kubelet::last_complaints).into_iter().flatten();
    down.then(|| with_files(Seen::from(cause).shown_by([shown("kubelet", unit)]).shown_by(complaints), facts))
}

fn links_left(facts: &Facts) -> Option<Seen> {
    let links = facts.pod_links.known()?;
    (is_apart(facts) && !links.is_empty())
        .then(|| Seen::from(format!("interfaces of a pod network are left: {}", links.join(", "))).shown_by(links))
}

fn chains_left(facts: &Facts) -> Option<Seen> {
    let chains = facts.chains.known()?;
    let listed: Vec<String> = chains.iter().map(|(tool, n)| format!("{n} in {tool}")).collect();
    (is_apart(facts) && !chains.is_empty())
        .then(|| Seen::from(format!("firewall chains of Kubernetes are left: {}", listed.join(", "))).shown_by(listed))
}

fn residue_left(facts: &Facts) -> Option<Seen> {
    let residue = facts.residue.known()?;
    (is_apart(facts) && !residue.is_empty())
        .then(|| Seen::from(format!("Kubernetes left behind: {}", residue.join(", "))).shown_by(residue))
}

fn mounts_left(facts: &Facts) -> Option<Seen> {
    let mounts = facts.kubelet_mounts.known()?;
    let first = mounts.first()?;
    let cause = match mounts.len() - 1 {
        0 => format!("{first} is still mounted"),
        more => format!("{first} and {more} more below /var/lib/kubelet are still mounted"),
    };
    let lines = mounts.iter().map(|mount| format!("mountinfo: {mount}"));
    (is_apart(facts)).then(|| Seen::from(cause).shown_by(lines))
}

fn node_object_gone(facts: &Facts) -> Option<Seen> {
    let gone = says_it_joined(facts) && facts.node_object().known()?.is_none();
    let cause = "the node has joined, but the API server has no Node object of its name".to_owned();
    let name = facts.node_name.known().map_or("of its name", String::as_str);
    gone.then(|| with_files(Seen::from(cause).shown_by([format!("kubectl get node {name}: NotFound")]), facts))
}

fn node_not_ready(facts: &Facts) -> Option<Seen> {
    let object = facts.node_object().known()?.as_ref()?;
    let cause = format!("the API server has the Node as Ready={}: {}", object.ready, object.message);
    let not_ready = says_it_joined(facts) && object.ready != "True" && !object.waits_for_cni();
    let complaints = facts.kubelet_log.known().map(kubelet::last_complaints).into_iter().flatten();
    not_ready.then(|| with_files(Seen::from(cause).shown_by([condition(object)]).shown_by(complaints), facts))
}

fn condition(object: &NodeObject) -> String {
    format!("kubectl get node: Ready={}, {}, last heard of at {}", object.ready, object.message, object.heartbeat)
}

fn cordoned(facts: &Facts) -> Option<Seen> {
    let object = facts.node_object().known()?.as_ref()?;
    let cause = "the Node is cordoned: no new pods are placed on it".to_owned();
    let closed = says_it_joined(facts) && object.unschedulable;
    closed.then(|| Seen::from(cause).shown_by(["kubectl get node: spec.unschedulable = true"]))
}

fn waits_for_cni(facts: &Facts) -> Option<Seen> {
    let object = facts.node_object().known()?.as_ref()?;
    let cause = "the Node is registered and waits for the pod network (CNI)".to_owned();
    let waits = object.waits_for_cni() && !runtime::tells_of_network(facts);
    waits.then(|| Seen::from(cause).shown_by([condition(object)]))
}
