//! Nodes and connections that misbehave.

use crate::bed::Bed;
use crate::causes::{ended, expect_cause};
use crate::run::{kfleet, path, start};
use kfleet::model::{Kind, Level, Outcome, Phase};

pub fn unreachable(bed: &Bed) {
    bed.fresh(&["node1", "node2", "node3"]);
    bed.see("node1", "iptables-nft -A INPUT -p tcp --dport 2222 -j DROP");
    let known = std::fs::read_to_string(bed.file("known_hosts")).expect("the bed wrote it");
    let other = known.lines().find(|l| l.contains(&bed.address("cp1"))).expect("cp1 has a host key");
    let forged = other.replace(&bed.address("cp1"), &bed.address("node3"));
    let false_hosts = bed.inventory("false_known_hosts", &format!("{forged}\n"));
    let text = format!(
        "defaults: {{user: root, identity_file: {}, known_hosts: {}, connect_timeout: 5s}}\n\
         cluster: {{control_plane: cp1}}\nnodes:\n  - {{name: cp1, host: {cp1}, role: control-plane}}\n  \
         - {{name: silent, host: {node1}, port: 2222}}\n  - {{name: dead, host: {node1}, port: 2223}}\n  \
         - {{name: fake, host: {node3}, known_hosts: {false_hosts}}}\n  - {{name: good, host: {node2}}}\n",
        path(&bed.file("id_ed25519")),
        path(&bed.file("known_hosts")),
        cp1 = bed.address("cp1"),
        node1 = bed.address("node1"),
        node2 = bed.address("node2"),
        node3 = bed.address("node3"),
        false_hosts = path(&false_hosts),
    );
    let inventory = bed.inventory("faults.yaml", &text);
    let run = kfleet(bed, &["join", "--yes", "--inventory", path(&inventory)]);
    run.expect("good", Outcome::Joined);
    for (node, word) in [("silent", "2222"), ("dead", "refused"), ("fake", "host key")] {
        let report = run.expect(node, Outcome::Unreachable);
        let error = report.error.as_deref().unwrap_or_default();
        assert!(error.contains(word), "{node}: {error}");
        assert_eq!(report.attempts, 0);
    }
    // Its timeout is 5 s; the bound is generous as machines are busy, and far below what a hang would take.
    assert!(run.report("silent").elapsed_ms < 30_000, "{:?}", run.report("silent"));
    assert_eq!(run.code, Some(1));
}

pub fn api_server_away(bed: &Bed) {
    bed.fresh(&["node5", "node6"]);
    kfleet(bed, &["join", "node5", "--yes"]).expect("node5", Outcome::Joined);
    let look = "find /etc/kubernetes /var/lib/kubelet/pki -printf '%p %i\\n' 2>/dev/null | sort; systemctl is-active kubelet | sed s/activating/active/";
    let looks = || ["node5", "node6"].map(|node| String::from_utf8_lossy(&bed.on(node, look, &[]).stdout).into_owned());
    let before = looks();
    bed.plant("cp1", "api-stopped");
    let run = kfleet(bed, &["join", "node[5-6]", "--yes"]);
    bed.plant("cp1", "api-started");
    let report = ended(&run, "node5", Outcome::Failed, 0, None);
    assert!(report.error.as_deref().unwrap_or_default().contains("may be healthy"), "{report:?}");
    ended(&run, "node6", Outcome::Failed, 0, None);
    expect_cause(&run, "node6", &["api_unreachable", "control_plane"]);
    assert_eq!(looks(), before, "a node was changed because the API server was away");
}

/// The API server goes away when one node has just joined and the other is still being reset.
pub fn control_plane_lost(bed: &Bed) {
    bed.fresh(&["node5", "node6"]);
    bed.plant("node6", "corrupt-containerd");
    let mut running = start(bed, &["join", "node[5-6]", "--yes"]);
    running
        .until(|kind| matches!(kind, Kind::PhaseFinished { node, phase: Phase::Join, .. } if node.as_str() == "node5"));
    bed.plant("cp1", "api-stopped");
    running.until(|kind| matches!(kind, Kind::NodeFinished { .. }));
    bed.plant("cp1", "api-started");
    let run = running.finish();
    // What had begun was followed to its end, and the other is told what it lacks. It needed the reset in any case.
    ended(&run, "node5", Outcome::Joined, 1, None);
    let report = run.expect("node6", Outcome::Failed);
    assert_eq!(report.attempts, 0, "{report:?}");
    expect_cause(&run, "node6", &["api_unreachable", "control_plane"]);
    assert_eq!(run.code, Some(1));
}

/// All sessions of sshd on a node are cut by ending their processes: inside our own throw-away node.
pub const CUT: &str = "for p in /proc/[0-9]*; do case $(cat $p/cmdline 2>/dev/null | tr '\\0' ' ') in 'sshd: '*|'sshd-session: '*) kill -9 ${p#/proc/};; esac; done; true";

pub fn lost_connection(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "corrupt-containerd");
    let held = bed.hold(node, 4);
    let mut running = start(bed, &["reset", node, "--aggressive", "--yes"]);
    held.reached_by(&mut running);
    bed.see(node, CUT);
    held.release();
    let run = running.finish();
    run.expect(node, Outcome::Reset);
    let lost = |e: &kfleet::model::Event| matches!(&e.kind, Kind::Waiting { what, .. } if what.contains("lost"));
    assert!(run.events.iter().any(lost), "the connection was never lost: {}", run.text);
    let resets = run.events.iter().filter(|e| matches!(e.kind, Kind::PhaseStarted { phase: Phase::Reset, .. })).count();
    assert_eq!(resets, 1, "the reset ran more than once");
    let begun: Vec<usize> = run
        .events
        .iter()
        .filter_map(|e| if let Kind::StepStarted { step, .. } = e.kind { Some(step) } else { None })
        .collect();
    assert_eq!(begun, (0..begun.len()).collect::<Vec<_>>(), "every step was seen once and in order");
}

pub fn locked(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "half-joined");
    bed.see(node, "systemd-run --quiet --unit=kfleet --description='kfleet: reset (gentle), somebody' sleep 600");
    let before = bed.see(node, "find /etc/kubernetes | sort");
    let run = kfleet(bed, &["reset", node, "--yes"]);
    let report = run.expect(node, Outcome::Refused);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("somebody"), "{error}");
    assert_eq!(run.code, Some(3));
    assert_eq!(bed.see(node, "find /etc/kubernetes | sort"), before, "it worked beside the other run");
}

pub fn interrupted(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "half-joined");
    let mut running = start(bed, &["join", node, "--yes"]);
    running.until(|kind| matches!(kind, Kind::PhaseStarted { phase: Phase::Reset, .. }));
    running.interrupt();
    let run = running.finish();
    let report = run.expect(node, Outcome::Interrupted);
    assert_eq!((report.attempts, report.level), (0, Some(Level::Gentle)));
    assert_eq!(run.code, Some(130));
    assert!(run.events.iter().any(|e| matches!(e.kind, Kind::Stopping)));
    let ended =
        |e: &kfleet::model::Event| matches!(&e.kind, Kind::PhaseFinished { phase: Phase::Reset, error: None, .. });
    assert!(run.events.iter().any(ended), "the reset that ran was not followed to its end: {}", run.text);
    assert_eq!(bed.see(node, "ls -A /var/lib/kubelet"), "", "half a reset was left");
}
