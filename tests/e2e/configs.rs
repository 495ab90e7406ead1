//! containerd's config.toml as people write it, through an aggressive reset on each generation of containerd.

use crate::bed::Bed;
use crate::run::kfleet;
use kfleet::model::Outcome;
use std::collections::VecDeque;
use std::sync::Mutex;

/// A config of `tests/testbed/break/containerd-config`, and what of it the reset has to leave in force. The last one leaves a
/// mounted disk behind.
const CONFIGS: [(&str, &[&str]); 8] = [
    ("mirrors", &["config_path = \"/etc/containerd/certs.d\""]),
    ("mirrors-2", &["config_path = \"/etc/containerd/certs.d\""]),
    ("nvidia", &["BinaryName = \"/usr/bin/nvidia-container-runtime\"", "default_runtime_name = \"nvidia\""]),
    ("version-1", &["max_container_log_line_size = 12345"]),
    ("disabled", &[]),
    ("broken", &[]),
    ("none", &[]),
    ("moved-root", &["root = \"/srv/containerd-data\""]),
];

/// Which nodes have which containerd: 1.7, 2 and 1.6. The fourth trixie node is not needed.
const NODES: [&[&str]; 3] = [&["node1", "node2", "node3"], &["sid"], &["bookworm"]];
pub const ALL: [&str; 5] = ["node1", "node2", "node3", "sid", "bookworm"];

pub fn survive(bed: &Bed) {
    bed.fresh(&ALL);
    let queues: Vec<Mutex<VecDeque<_>>> = NODES.iter().map(|_| Mutex::new(CONFIGS.into())).collect();
    let problems: Mutex<Vec<String>> = Mutex::default();
    let work = |node: &str, queue: &Mutex<VecDeque<(&str, &[&str])>>| {
        loop {
            let job = queue.lock().expect("popping does not panic").pop_front();
            let Some((kind, kept)) = job else { break };
            let wrong = treat(bed, node, kind, kept).into_iter().map(|what| format!("{node}: {kind}: {what}"));
            problems.lock().expect("pushing does not panic").extend(wrong);
        }
    };
    std::thread::scope(|scope| {
        for (nodes, queue) in NODES.iter().zip(&queues) {
            nodes.iter().for_each(|node| drop(scope.spawn(|| work(node, queue))));
        }
    });
    let problems = problems.into_inner().expect("pushing does not panic");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What runc's options say in the config that containerd makes of its file, and in the daemon that runs.
const CGROUP: &str = r"containerd config dump | awk '/^ *\[/ { inside = /runtimes\.runc\.options\]/ } inside && /SystemdCgroup/ { print $3 }'";
const RUNNING: &str = "crictl info | grep -c '\"SystemdCgroup\": true'";
const FILE: &str = "stat -c '%i %Y %a %s' /etc/containerd/config.toml; systemctl show -p MainPID containerd";

/// One config on one node; returns what is wrong.
fn treat(bed: &Bed, node: &str, kind: &str, kept: &[&str]) -> Vec<String> {
    bed.plant(node, &format!("containerd-config {kind}"));
    let run = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    let report = run.report(node);
    if report.outcome != Outcome::Reset {
        return vec![format!("{:?}: {}", report.outcome, report.error.as_deref().unwrap_or_default())];
    }
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let cgroup = bed.see(node, CGROUP);
    expect(cgroup.trim() == "true", format!("SystemdCgroup is {:?} in what containerd reads", cgroup.trim()));
    expect(bed.on(node, RUNNING, &[]).status.success(), "the running containerd has no SystemdCgroup".to_owned());
    let dump = bed.see(node, "containerd config dump").replace('\'', "\"");
    for line in kept {
        expect(dump.contains(line), format!("{line} is lost"));
    }
    let blobs =
        bed.see(node, "find /var/lib/containerd /srv/containerd-data -path '*/blobs/*' -type f 2>/dev/null; true");
    expect(blobs.is_empty(), format!("blobs are left: {blobs}"));

    let before = bed.see(node, FILE);
    let again = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    expect(again.report(node).outcome == Outcome::AlreadyClean, format!("a second time: {:?}", again.report(node)));
    let after = bed.see(node, FILE);
    expect(before == after, format!("a second reset touched the config or its daemon: {before}{after}"));
    wrong
}
