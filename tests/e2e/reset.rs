//! `kfleet reset`: what goes, and what must not.

use crate::bed::Bed;
use crate::run::{kfleet, path};
use kfleet::model::{Level, Outcome};

pub fn media_bound(bed: &Bed) {
    bed.fresh(&["node1"]);
    bed.plant("node1", "media-bound");
    let before = bed.media("node1");

    let gentle = kfleet(bed, &["reset", "node1", "--yes"]);
    let report = gentle.expect("node1", Outcome::Failed);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("still mounted") && error.contains("volume-subpaths"), "{error}");
    assert_eq!(bed.media("node1"), before, "the gentle reset touched media");
    assert_eq!(gentle.code, Some(1));

    let aggressive = kfleet(bed, &["reset", "node1", "--aggressive", "--yes"]);
    aggressive.expect("node1", Outcome::Reset);
    assert_eq!(bed.media("node1"), before, "the aggressive reset touched media");
    assert_eq!(bed.see("node1", "ls -A /var/lib/kubelet"), "");

    let again = kfleet(bed, &["reset", "node1", "--aggressive", "--yes"]);
    assert_eq!(again.expect("node1", Outcome::AlreadyClean).level, None);
}

pub fn escalate(bed: &Bed) {
    bed.fresh(&["node1", "node2"]);
    bed.plant("node1", "half-joined");
    bed.plant("node2", "corrupt-containerd");
    let run = kfleet(bed, &["reset", "node[1-2]", "--escalate", "--yes"]);
    // A kubelet that ran once has made chains; what matters is that each node went no higher than it had to.
    run.expect("node1", Outcome::Reset);
    assert_eq!(run.expect("node2", Outcome::Reset).level, Some(Level::Aggressive));
    let gentle = kfleet(bed, &["reset", "node[1-2]", "--yes"]);
    for node in ["node1", "node2"] {
        gentle.expect(node, Outcome::AlreadyClean);
    }
}

/// Rules of everybody but Kubernetes, without counters and comments.
const FOREIGN: &str = "for b in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do echo $b; $b-save 2>/dev/null | sed -e 's/\\[[0-9:]*\\]//; /^#/d; /^:\\(KUBE-\\|CNI-\\|FLANNEL-\\)/d; /^-A \\(KUBE-\\|CNI-\\|FLANNEL-\\)/d; /-j \\(KUBE-\\|CNI-\\|FLANNEL-\\)/d'; done";

pub fn network(bed: &Bed) {
    bed.fresh(&["node1"]);
    bed.plant("node1", "stale-network");
    let links = "ls /sys/class/net";
    let (rules, before) = (bed.see("node1", FOREIGN), bed.see("node1", links));
    assert!(rules.contains("ADMIN-ALLOW") && rules.contains("not KUBE-"), "nothing of others was planted: {rules}");
    assert!(before.contains("cni0") && before.contains("docker0") && before.contains("flannel.1"), "{before}");

    let run = kfleet(bed, &["reset", "node1", "--aggressive", "--yes"]);
    run.expect("node1", Outcome::Reset);
    assert_eq!(bed.see("node1", FOREIGN), rules, "rules of others changed");
    let chains = bed.see("node1", "for b in iptables-nft iptables-legacy; do $b-save 2>/dev/null; done");
    for prefix in [":KUBE-", ":CNI-", ":FLANNEL-"] {
        assert!(!chains.contains(prefix), "{prefix} is left: {chains}");
    }
    let after = bed.see("node1", links);
    let gone: Vec<&str> = before.lines().filter(|l| !after.lines().any(|a| a == *l)).collect();
    assert!(gone.contains(&"cni0") && gone.contains(&"flannel.1") && !gone.contains(&"docker0"), "{gone:?}");
    let docker = bed.see("node1", "ls /sys/class/net/docker0/brif");
    assert!(!docker.trim().is_empty(), "docker's own veth is gone");
}

pub fn sudo(bed: &Bed) {
    bed.fresh(&["node1"]);
    bed.plant("node1", "half-joined");
    let inventory = |user: &str| {
        let text = format!(
            "defaults: {{user: {user}, identity_file: {}, known_hosts: {}}}\nnodes:\n  - {{name: node1, host: {}}}\n",
            path(&bed.file("id_ed25519")),
            path(&bed.file("known_hosts")),
            bed.address("node1")
        );
        bed.inventory(&format!("{user}.yaml"), &text)
    };
    let refused = kfleet(bed, &["reset", "node1", "--yes", "--inventory", path(&inventory("nosudo"))]);
    let report = refused.expect("node1", Outcome::Unreachable);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("NOPASSWD: ALL") && error.contains("nosudo"), "{error}");

    let run = kfleet(bed, &["reset", "node1", "--yes", "--inventory", path(&inventory("admin"))]);
    run.expect("node1", Outcome::Reset);
    assert_eq!(bed.see("node1", "ls -A /etc/kubernetes/pki 2>/dev/null; true"), "");
}
