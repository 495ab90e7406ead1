//! What `kfleet status` says of real nodes on which things were broken on purpose, what it costs them, and what it makes of
//! one that answers with noise. `tests/testbed/break` plants each condition and says what real kubelet and containerd do.

use crate::bed::Bed;
use crate::run::{Run, kfleet};
use kfleet::model::{Cri, Fact, Facts, Finding, Kind, NodeStatus, Severity, is_unsafe};
use std::collections::BTreeSet;
use std::thread::scope;

pub const ALL: [&str; 6] = ["node1", "node2", "node3", "node4", "sid", "bookworm"];

/// What is planted on each node, one after the other: as many as do not disturb each other.
const PLANTED: [(&str, &[&str]); 6] = [
    // a kubelet that never stays, in a cluster
    ("node1", &["joined", "client-certificate 5", "kubelet-crash-loop", "chains-in-both", "socket-open"]),
    // a kubelet that stays, and can start no pod
    ("node2", &["joined", "cni-config invalid", "pause-unreachable"]),
    // a member without a pod network, whose images lie on a full disk
    ("node3", &["media", "joined", "disk-full images", "media-bound"]),
    // no member, and in no state to become one
    ("node4", &["no-ip-forward", "kubelet-standalone", "stale-network"]),
    // containerd 2
    ("sid", &["disk-full inodes", "cgroup-driver-pending", "socket-open"]),
    // containerd 1.6
    ("bookworm", &["cgroup-driver-pending", "half-joined", "tools-missing journalctl kubectl"]),
];

/// What is told of each node: these codes, and no error that is not among them.
const FOUND: [(&str, &[u16]); 6] = [
    ("node1", &[47, 52, 56, 58]),
    ("node2", &[46, 49, 50]),
    ("node3", &[44, 46, 51, 53, 57]),
    ("node4", &[7, 8, 14, 27, 29, 36, 56, 59]),
    ("sid", &[54, 58, 62]),
    ("bookworm", &[1, 40, 62]),
];

/// Errors that come and go: what the control plane has of a kubelet that starts again and again; and a machine with version 1
/// cgroups, of which none has memory in version 2.
const AT_TIMES: [(&str, u16); 2] = [("node1", 11), ("sid", 39)];

pub fn planted(bed: &Bed) {
    bed.fresh(&ALL);
    scope(|scope| {
        for (node, kinds) in PLANTED {
            scope.spawn(move || kinds.iter().for_each(|kind| drop(bed.plant(node, kind))));
        }
    });
    bed.plant("cp1", "node-cordoned node3");

    let run = kfleet(bed, &["status", "node[1-4]", "sid", "bookworm"]);
    for (node, codes) in FOUND {
        let findings = &row(&run, node).findings;
        let found: BTreeSet<u16> = findings.iter().map(|finding| finding.code.0).collect();
        let missed: Vec<_> = codes.iter().filter(|code| !found.contains(code)).collect();
        assert!(missed.is_empty(), "{node}: KF{missed:03?} are not among {found:?}");
        let expected = |finding: &&Finding| {
            let code = finding.code.0;
            finding.severity < Severity::Error || codes.contains(&code) || AT_TIMES.contains(&(node, code))
        };
        let unexpected: Vec<_> = findings.iter().filter(|finding| !expected(finding)).collect();
        assert!(unexpected.is_empty(), "{node}: {unexpected:?}");
    }
    crash_loop(&run);
    no_pod_starts(&run);
    disks(&run);
    standalone(&run);
    containerd(&run);
}

/// Why the kubelet ends is told, and not the harmless line that it says first at each start.
fn crash_loop(run: &Run) {
    let facts = facts(run, "node1");
    let log = known(&facts.kubelet_log);
    assert!(known(&facts.kubelet).restarts >= 3, "{:?}", facts.kubelet);
    let looks: Vec<u64> = log.starts.iter().map(|start| start.invalid_capacity).collect();
    assert!(looks.iter().filter(|looks| **looks == 1).count() >= 3, "each start says it once: {looks:?}");
    assert!(looks.iter().all(|looks| *looks <= 1), "{looks:?}");
    let finding = finding(run, "node1", 47);
    assert!(finding.cause.contains("Reserved Cgroup Limits"), "{finding:?}");
    assert!(!finding.cause.contains("capacity 0"), "{finding:?}");
    let chains: Vec<&str> = known(&facts.chains).iter().map(|(tool, _)| tool.as_str()).collect();
    assert!(["iptables-nft", "iptables-legacy"].iter().all(|tool| chains.contains(tool)), "{chains:?}");
    assert_eq!(known(&facts.containerd_socket).as_ref().map(|socket| socket.mode.as_str()), Some("666"));
}

/// The kubelet's own words are quoted: containerd's image, and the file of CNI's that is no JSON.
fn no_pod_starts(run: &Run) {
    let facts = facts(run, "node2");
    assert_eq!(known(&facts.cni).configs, ["10-flannel.conflist"]);
    assert!(matches!(known(&facts.cri), Cri::Ready { network: false, .. }), "{:?}", facts.cri);
    let last = known(&facts.kubelet_log).starts.last().expect("it runs");
    assert_eq!(last.invalid_capacity, 1, "a healthy kubelet says it once");
    for (code, words) in [(49, "failed to get sandbox image"), (50, "10-flannel.conflist")] {
        let finding = finding(run, "node2", code);
        assert!(finding.evidence.iter().any(|line| line.contains(words)), "{finding:?}");
    }
}

fn disks(run: &Run) {
    let full = facts(run, "node3");
    let images = &known(&full.image_filesystem).filesystem;
    assert_eq!(images.kind, "tmpfs");
    assert!(images.available_percent().is_some_and(|left| left < 15), "{images:?}");
    let kubelet = known(&full.kubelet_filesystem);
    assert_ne!(kubelet.capacity_bytes, images.capacity_bytes, "its folder is on another disk");
    assert!(!known(&full.media_mounts).is_empty());
    let node = known(&full.own_node_object).as_ref().expect("it has joined");
    assert!(node.unschedulable, "{node:?}");

    let images = &known(&facts(run, "sid").image_filesystem).filesystem;
    assert!(images.inodes_free_percent().is_some_and(|left| left < 5), "{images:?}");
    assert!(images.available_percent().is_some_and(|left| left > 15), "there is room for bytes: {images:?}");
}

fn standalone(run: &Run) {
    let facts = facts(run, "node4");
    assert_eq!(known(&facts.kubelet).active, "active", "it runs, for itself");
    assert!(!known(&facts.kubelet_bootstraps) && !known(&facts.ip_forward));
    assert_eq!(known(&facts.api_server), &None);
}

/// Of each generation: what its config says, and what it runs with.
fn containerd(run: &Run) {
    for (node, version) in [("sid", "2."), ("bookworm", "1.6."), ("node1", "1.7.")] {
        let facts = facts(run, node);
        assert!(known(&facts.containerd_version).starts_with(version), "{node}: {:?}", facts.containerd_version);
        let pending = node != "node1";
        assert_eq!(known(&facts.containerd_configured).systemd_cgroup, Some(true), "{node}");
        assert_eq!(known(&facts.containerd_running).systemd_cgroup, Some(!pending), "{node}");
    }
    let facts = facts(run, "bookworm");
    assert!(known(&facts.missing_tools).is_empty(), "kubeadm asks for neither of them: {:?}", facts.missing_tools);
    assert!(
        matches!(facts.kubelet_log, Fact::Unknown(_)),
        "without journalctl nothing is known: {:?}",
        facts.kubelet_log
    );
}

/// A look at a healthy member changes nothing on it and costs one login and one command.
pub fn costs(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "media");
    bed.plant(node, "joined");
    // sshd tells of each command, and root's first login has made what systemd keeps of its users
    let verbose = "echo 'LogLevel VERBOSE' >/etc/ssh/sshd_config.d/verbose.conf && systemctl reload ssh";
    bed.see(node, verbose);
    let run = kfleet(bed, &["status", node]);
    assert_eq!(row(&run, node).error, None);

    let (before, logins) = (bed.see(node, LISTING), sessions(bed, node));
    let run = kfleet(bed, &["status", node]);
    assert_eq!(row(&run, node).error, None);
    let after = sessions(bed, node);
    assert_eq!((after.0 - logins.0, after.1 - logins.1), (1, 1), "logins and commands");
    let listing = bed.see(node, LISTING);
    assert!(before == listing, "a look changed something:\n{}", crate::items::difference(&before, &listing));
}

/// Names, inodes, times and sums of all that a look could change, without what systemd and PAM note of every login and what
/// the journal gains by it.
const LISTING: &str = "cd / && find etc var/lib/kubelet var/lib/kfleet var/lib/cni run root home srv mnt tmp opt usr/local -xdev \
    '(' -path run/systemd -o -path run/log -o -path run/user -o -path run/udev -o -path run/motd.dynamic ')' -prune -o ! -path run -printf '%p %y %i %m %u %s %T@ %l\\n' 2>/dev/null | sort; \
    find etc var/lib/kubelet run srv mnt root -xdev '(' -path run/systemd -o -path run/log -o -path run/motd.dynamic ')' -prune -o -type f -exec sha256sum {} + | sort; \
    iptables-nft-save | sed '/^#/d; s/ \\[[0-9:]*\\]$//'; systemctl show -p MainPID kubelet containerd";

/// Logins and commands that sshd tells of.
fn sessions(bed: &Bed, node: &str) -> (usize, usize) {
    let told = bed.see(node, "journalctl -u ssh -b -q -o cat");
    let count = |words: &str| told.lines().filter(|line| line.contains(words)).count();
    (count("Accepted publickey"), count("Starting session: "))
}

/// A crictl that floods: what it was asked is unknown, with a reason that can be shown; all else is known.
pub fn noise(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "crictl-noise");
    let run = kfleet(bed, &["status", node]);
    let facts = facts(&run, node);
    let flooded = [
        unknown(&facts.cri),
        unknown(&facts.image_filesystem),
        unknown(&facts.pods),
        unknown(&facts.containers),
        unknown(&facts.containerd_running),
        unknown(&facts.cgroupfs_runtimes),
    ];
    assert!(flooded.iter().all(|why| why.contains("more than 1 MiB")), "{flooded:?}");
    known(&facts.boot_id);
    known(&facts.containerd);
    known(&facts.containerd_configured);
    known(&facts.kubelet_log);
    known(&facts.cni);
    known(&facts.containerd_namespaces);
    known(&facts.clock);
    assert!(facts.client_certificate == Fact::Known(None), "{:?}", facts.client_certificate);
    assert!(row(&run, node).findings.iter().all(|finding| finding.code.0 != 3), "noise is no answer of CRI's");
    assert!(run.text.len() < 200_000, "{} bytes", run.text.len());
    let found = run.text.chars().find(|c| *c != '\n' && is_unsafe(*c));
    assert_eq!(found, None, "a terminal would obey it");
    assert!(!run.text.contains("owned"), "what a sequence holds goes with it");
}

fn unknown<T: std::fmt::Debug>(fact: &Fact<T>) -> String {
    match fact {
        Fact::Unknown(why) => why.clone(),
        Fact::Known(value) => panic!("it cannot be known: {value:?}"),
    }
}

fn known<T: std::fmt::Debug>(fact: &Fact<T>) -> &T {
    fact.known().unwrap_or_else(|| panic!("it is not known: {fact:?}"))
}

fn row<'a>(run: &'a Run, node: &str) -> &'a NodeStatus {
    let found = run.events.iter().find_map(|event| match &event.kind {
        Kind::Measured { status } if status.node.as_str() == node => Some(status),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{node} was not measured: {}", run.text))
}

fn facts<'a>(run: &'a Run, node: &str) -> &'a Facts {
    let row = row(run, node);
    row.facts.as_deref().unwrap_or_else(|| panic!("{node}: {:?}", row.error))
}

fn finding<'a>(run: &'a Run, node: &str, code: u16) -> &'a Finding {
    let findings = &row(run, node).findings;
    findings.iter().find(|f| f.code.0 == code).unwrap_or_else(|| panic!("{node}: KF{code:03} is not in {findings:?}"))
}
