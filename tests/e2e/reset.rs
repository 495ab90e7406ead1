//! `kfleet reset`: what goes, and what must not.

use crate::bed::Bed;
use crate::run::{kfleet, path};
use kfleet::model::{Level, Outcome};

pub fn media_bound(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "media-bound");
    let before = bed.media(node);

    let gentle = kfleet(bed, &["reset", node, "--yes"]);
    let report = gentle.expect(node, Outcome::Failed);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("still mounted") && error.contains("volume-subpaths"), "{error}");
    assert_eq!(bed.media(node), before, "the gentle reset touched media");
    assert_eq!(gentle.code, Some(1));

    let aggressive = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    aggressive.expect(node, Outcome::Reset);
    assert_eq!(bed.media(node), before, "the aggressive reset touched media");
    assert_eq!(bed.see(node, "ls -A /var/lib/kubelet"), "");

    let again = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    assert_eq!(again.expect(node, Outcome::AlreadyClean).level, None);
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

pub fn network(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "stale-network");
    let links = "ls /sys/class/net";
    let (rules, before) = (bed.see(node, FOREIGN), bed.see(node, links));
    assert!(rules.contains("ADMIN-ALLOW") && rules.contains("not KUBE-"), "nothing of others was planted: {rules}");
    assert!(before.contains("cni0") && before.contains("docker0") && before.contains("flannel.1"), "{before}");

    let run = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    run.expect(node, Outcome::Reset);
    assert_eq!(bed.see(node, FOREIGN), rules, "rules of others changed");
    let chains = bed.see(node, "for b in iptables-nft iptables-legacy; do $b-save 2>/dev/null; done");
    for prefix in [":KUBE-", ":CNI-", ":FLANNEL-"] {
        assert!(!chains.contains(prefix), "{prefix} is left: {chains}");
    }
    let after = bed.see(node, links);
    let gone: Vec<&str> = before.lines().filter(|l| !after.lines().any(|a| a == *l)).collect();
    assert!(gone.contains(&"cni0") && gone.contains(&"flannel.1") && !gone.contains(&"docker0"), "{gone:?}");
    let docker = bed.see(node, "ls /sys/class/net/docker0/brif");
    assert!(!docker.trim().is_empty(), "docker's own veth is gone");
}

/// A real container of Kubernetes' namespace, and beside it what others have on the same node.
const NEIGHBOURS: &str = "set -e
mkdir -p /opt/rootfs/bin; cp /bin/busybox /opt/rootfs/bin/; ln -s busybox /opt/rootfs/bin/sleep
ctr -n k8s.io run -d --null-io --rootfs /opt/rootfs pod1 /bin/sleep 4321
ctr -n elsewhere containers create --rootfs /opt/rootfs stopped /bin/sleep 4321
systemd-run --quiet --unit=neighbour sleep 4321
mkdir -p /etc/cni/net.d /var/lib/cni/networks/podman /etc/kubernetes
echo '{}' >/etc/cni/net.d/87-podman.conflist; echo '{}' >/etc/cni/net.d/10-flannel.conflist
echo lease >/var/lib/cni/networks/podman/10.88.0.2; echo mine >/etc/kubernetes/cloud.conf
iptables-nft -t nat -N CNI-podman; iptables-nft -t nat -A POSTROUTING -j CNI-podman";

const OF_OTHERS: &str = "systemctl is-active neighbour; cat /etc/cni/net.d/87-podman.conflist /var/lib/cni/networks/podman/10.88.0.2 /etc/kubernetes/cloud.conf; iptables-nft-save -t nat 2>/dev/null | grep CNI-podman | sed 's/ *\\[.*//'; find /opt/rootfs | sort";

pub fn containers(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.see(node, NEIGHBOURS);
    let before = bed.see(node, OF_OTHERS);
    let pod =
        "cat /sys/fs/cgroup/*/k8s.io/pod1/cgroup.procs /sys/fs/cgroup/k8s.io/pod1/cgroup.procs 2>/dev/null | sort -u";
    assert!(!bed.see(node, pod).trim().is_empty(), "no container runs");

    let refused = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    let report = refused.expect(node, Outcome::Refused);
    assert!(report.error.as_deref().unwrap_or_default().contains("elsewhere"), "{report:?}");
    assert_eq!(refused.code, Some(3));
    assert!(!bed.see(node, pod).trim().is_empty(), "it refused and had stopped containers already");

    bed.see(node, "ctr -n elsewhere containers rm stopped");
    let run = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    run.expect(node, Outcome::Reset);
    assert_eq!(bed.see(node, pod).trim(), "", "a container of Kubernetes still runs");
    assert_eq!(bed.see(node, "ls /etc/cni/net.d").trim(), "87-podman.conflist");
    assert_eq!(bed.see(node, OF_OTHERS), before, "something of others changed");
    let copies = bed.see(node, "cd /var/lib/kfleet/backup/* && cat etc/kubernetes/cloud.conf etc/cni/net.d/10-flannel.conflist && grep -c CNI-podman iptables-nft.rules");
    assert!(copies.starts_with("mine\n{}\n"), "{copies}");
}

pub fn sudo(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "half-joined");
    let inventory = |user: &str| {
        let text = format!(
            "defaults: {{user: {user}, identity_file: {}, known_hosts: {}}}\nnodes:\n  - {{name: {node}, host: {}}}\n",
            path(&bed.file("id_ed25519")),
            path(&bed.file("known_hosts")),
            bed.address(node)
        );
        bed.inventory(&format!("{user}.yaml"), &text)
    };
    let refused = kfleet(bed, &["reset", node, "--yes", "--inventory", path(&inventory("nosudo"))]);
    let report = refused.expect(node, Outcome::Unreachable);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("NOPASSWD: ALL") && error.contains("nosudo"), "{error}");

    let run = kfleet(bed, &["reset", node, "--yes", "--inventory", path(&inventory("admin"))]);
    run.expect(node, Outcome::Reset);
    assert_eq!(bed.see(node, "ls -A /etc/kubernetes/pki 2>/dev/null; true"), "");
}
