//! A node for each state that a join can find, and for each reason why one fails (`tests/testbed/break` plants them): how it
//! ends, after how many attempts and which resets.

use crate::bed::Bed;
use crate::join::no_token_in;
use crate::run::{Run, kfleet, path};
use kfleet::model::{Level, NodeReport, Outcome};
use std::thread::scope;

pub const NODES: [&str; 4] = ["node1", "node2", "node3", "node4"];
pub const THREE: [&str; 3] = ["node1", "node2", "node3"];
pub const TWO: [&str; 2] = ["node1", "node2"];

/// Checks how a node ended: what it came to, the attempts and the highest reset that it took.
pub fn ended<'a>(
    run: &'a Run,
    node: &str,
    outcome: Outcome,
    attempts: u32,
    level: impl Into<Option<Level>>,
) -> &'a NodeReport {
    let report = run.expect(node, outcome);
    assert_eq!((report.attempts, report.level), (attempts, level.into()), "{node}: {report:?}");
    no_token_in(&run.text);
    report
}

/// Checks that the report of a node has one of these words as its cause.
pub fn expect_cause(run: &Run, node: &str, words: &[&str]) {
    let is_report =
        |line: &&str| line.contains("\"event\":\"node_finished\"") && line.contains(&format!("\"node\":\"{node}\""));
    let report = run.text.lines().find(is_report).expect("it has a report");
    let told = words.iter().any(|word| report.contains(&format!("\"cause\":\"{word}\"")));
    assert!(told, "{node}: the cause is not {words:?}: {report}");
}

/// What the error says.
fn said(report: &NodeReport) -> &str {
    report.error.as_deref().unwrap_or_default()
}

const OF_NODES: &str = "kubectl --kubeconfig /etc/kubernetes/admin.conf";

fn uid(bed: &Bed, node: &str) -> String {
    bed.see("cp1", &format!("{OF_NODES} get node {node} -o jsonpath='{{.metadata.uid}}'"))
}

fn machine(bed: &Bed, node: &str) -> String {
    bed.see("cp1", &format!("{OF_NODES} get node {node} -o jsonpath='{{.status.nodeInfo.machineID}}'"))
}

/// Waits until the control plane calls these Nodes Ready.
fn await_ready(bed: &Bed, nodes: &[&str]) {
    for node in nodes {
        bed.see("cp1", &format!("{OF_NODES} wait --for=condition=Ready --timeout=120s node/{node}"));
    }
}

/// Does this for all of them at once.
fn for_each(nodes: &[&str], work: impl Fn(&str) + Sync) {
    scope(|scope| nodes.iter().for_each(|node| drop(scope.spawn(|| work(node)))));
}

pub fn mended(bed: &Bed) {
    bed.fresh(&NODES);
    bed.plant("node1", "joined");
    let kinds = ["certificate-gone", "leftover-files", "cri-disabled", "cgroupfs"];
    NODES.iter().zip(kinds).for_each(|(node, kind)| drop(bed.plant(node, kind)));
    let before = bed.see("node4", "cat /etc/containerd/config.toml");

    let run = kfleet(bed, &["join", "node[1-4]", "--yes"]);
    for node in ["node1", "node2"] {
        ended(&run, node, Outcome::Joined, 1, Level::Gentle);
    }
    for node in ["node3", "node4"] {
        ended(&run, node, Outcome::Joined, 1, None);
        let running = bed.see(node, "crictl info | grep -c '\"SystemdCgroup\": true'; true");
        assert_ne!(running.trim(), "0", "{node}: containerd does not leave cgroups to systemd");
    }
    let copy = |node| bed.see(node, "cat /var/lib/kfleet/backup/*/containerd-config.toml");
    assert!(copy("node3").starts_with("disabled_plugins = [\"cri\"]"), "the admin's file is not kept");
    assert_eq!(copy("node4"), before);
    let nodes = bed.nodes();
    assert!(NODES.iter().all(|node| nodes.contains(&(*node).to_owned())), "{nodes:?}");
}

pub fn preflight(bed: &Bed) {
    bed.fresh(&THREE);
    for (node, kind) in
        [("node1", "port-taken"), ("node2", "no-ip-forward"), ("node3", "port-taken"), ("node3", "no-ip-forward")]
    {
        bed.plant(node, kind);
    }
    let run = kfleet(bed, &["join", "node[1-3]", "--yes"]);
    let wanted: [(&str, &[&str]); 3] =
        [("node1", &["10250", "socat"]), ("node2", &["ip_forward"]), ("node3", &["10250", "socat", "ip_forward"])];
    for (node, words) in wanted {
        let report = ended(&run, node, Outcome::Failed, 0, None);
        assert!(words.iter().all(|word| said(report).contains(word)), "{node}: {words:?} is not in: {}", said(report));
        expect_cause(&run, node, &["preflight"]);
    }
    for node in ["node1", "node3"] {
        bed.see(node, "systemctl is-active port-taken");
    }
}

pub fn given_commands(bed: &Bed) {
    bed.fresh(&NODES);
    let dead = bed.plant("cp1", "token-expired");
    let dead = dead.trim();
    let good = bed.join_command();
    let (rest, pin) = good.split_at(good.len() - 64);
    let other_ca = format!("{rest}{}", pin.chars().rev().collect::<String>());
    let nowhere = good.replace(&bed.address("cp1"), "192.0.2.1");
    assert!(other_ca != good && nowhere != good, "{good}");

    let alone = |node: &str, command: &str| {
        let inventory = bed.without_control_plane(node);
        kfleet(bed, &["join", "--inventory", path(&inventory), "--yes", "--join-command", command])
    };
    scope(|scope| {
        scope.spawn(|| {
            let run = kfleet(bed, &["join", "node1", "--yes", "--join-command", dead]);
            ended(&run, "node1", Outcome::Joined, 1, None);
        });
        scope.spawn(|| {
            let run = alone("node2", dead);
            let report = ended(&run, "lonely", Outcome::Failed, 0, None);
            assert!(said(report).contains("token"), "{report:?}");
            expect_cause(&run, "lonely", &["token_dead"]);
        });
        scope.spawn(|| {
            let run = alone("node3", &other_ca);
            let report = run.expect("lonely", Outcome::Failed);
            assert!(report.attempts <= 1 && report.level.is_none(), "{report:?}");
            expect_cause(&run, "lonely", &["other_ca"]);
        });
        scope.spawn(|| {
            let run = alone("node4", &nowhere);
            let report = ended(&run, "lonely", Outcome::Failed, 0, None);
            assert!(said(report).contains("192.0.2.1"), "{report:?}");
            expect_cause(&run, "lonely", &["api_unreachable"]);
        });
    });
}

pub fn other_cluster(bed: &Bed, node: &str) {
    // Ours still has a Node of it, from before it went there.
    bed.fresh(&[node]);
    kfleet(bed, &["join", node, "--yes"]).expect(node, Outcome::Joined);
    bed.reinstall(&[node]);
    bed.plant(node, "joined-elsewhere");
    let look = "find /etc/kubernetes /var/lib/kubelet/pki -printf '%p %i\\n' | sort; systemctl show -p MainPID kubelet";
    let before = bed.see(node, look);
    let run = kfleet(bed, &["join", node, "--yes"]);
    let report = ended(&run, node, Outcome::Refused, 0, None);
    assert!(["192.0.2.1", "--force-rejoin"].iter().all(|word| said(report).contains(word)), "{report:?}");
    expect_cause(&run, node, &["other_cluster"]);
    assert_eq!(run.code, Some(3));
    assert_eq!(bed.see(node, look), before, "it was refused and changed");

    let run = kfleet(bed, &["join", node, "--yes", "--force-rejoin"]);
    ended(&run, node, Outcome::Joined, 1, Level::Gentle);
}

pub fn node_objects(bed: &Bed) {
    bed.fresh(&THREE);
    for_each(&THREE, |node| drop(bed.plant(node, "pod-network")));
    let run = kfleet(bed, &["join", "node[1-3]", "--yes"]);
    for node in THREE {
        run.expect(node, Outcome::Joined);
    }
    await_ready(bed, &THREE);
    let pki = |node| bed.see(node, "find /var/lib/kubelet/pki -printf '%p %i\\n' | sort");
    let (healthy, certificates) = (uid(bed, "node3"), pki("node1"));
    bed.plant("cp1", "node-deleted node1");
    bed.plant("node2", "kubelet-stopped");

    scope(|scope| {
        scope.spawn(|| {
            let run = kfleet(bed, &["join", "node[1-2]", "--yes"]);
            ended(&run, "node1", Outcome::Joined, 0, None);
            assert_eq!(pki("node1"), certificates, "a restart of its kubelet was enough");
            run.expect("node2", Outcome::Joined);
            bed.see("node2", "systemctl is-active kubelet");
        });
        scope.spawn(|| {
            let run = kfleet(bed, &["join", "node3", "--replace", "--drain", "--yes"]);
            ended(&run, "node3", Outcome::Joined, 1, Level::Gentle);
        });
    });
    assert_ne!(uid(bed, "node3"), healthy, "it is the old Node");
    await_ready(bed, &THREE);
    let cordoned = bed.see("cp1", &format!("{OF_NODES} get node node3 -o jsonpath='{{.spec.unschedulable}}'"));
    assert_eq!(cordoned, "", "the new Node is as closed as the drained one was");
}

pub fn name_taken(bed: &Bed) {
    bed.fresh(&TWO);
    bed.plant("node2", "pod-network");
    bed.plant("node2", "joined --node-name node1");
    await_ready(bed, &["node1"]);
    let theirs = (uid(bed, "node1"), machine(bed, "node1"));
    let run = kfleet(bed, &["join", "node1", "--yes"]);
    let report = run.expect("node1", Outcome::Failed);
    assert!(report.attempts <= 1 && report.level.is_none(), "{report:?}");
    expect_cause(&run, "node1", &["name_taken"]);
    assert_eq!((uid(bed, "node1"), machine(bed, "node1")), theirs, "the Node of another machine was touched");

    // The other machine is switched off; the control plane has not noticed yet.
    bed.plant("node2", "kubelet-stopped");
    let run = kfleet(bed, &["join", "node1", "--replace", "--yes"]);
    let report = run.expect("node1", Outcome::Joined);
    assert_ne!(report.level, Some(Level::Aggressive), "{report:?}");
    assert_eq!(machine(bed, "node1"), bed.see("node1", "cat /etc/machine-id").trim());
}

pub fn unknown_flag(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "kubelet-broken-flag");
    let inventory = bed.with_timeouts("join: 45s");
    let run = kfleet(bed, &["join", node, "--yes", "--inventory", path(&inventory)]);
    let report = ended(&run, node, Outcome::Failed, 2, Level::Gentle);
    assert!(said(report).contains("no-such-option"), "{report:?}");
    expect_cause(&run, node, &["kubelet_config"]);
    let file = bed.see(node, "cat /etc/default/kubelet");
    assert!(file.contains("no-such-option"), "the admin's own file was changed: {file}");
}

pub fn nobody_signs(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    let command = bed.plant("cp1", "csr-pending");
    let inventory = bed.with_timeouts("join: 60s");
    let arguments = ["join", node, "--yes", "--inventory", path(&inventory), "--join-command", command.trim()];
    let run = kfleet(bed, &arguments);
    let report = ended(&run, node, Outcome::Failed, 1, None);
    assert!(said(report).contains("waiting for a decision: csr-"), "which request is not said: {report:?}");
    expect_cause(&run, node, &["bootstrap_pending"]);
}
