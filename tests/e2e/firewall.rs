//! What the change of a node's firewall takes, leaves, and takes back.

use crate::bed::Bed;
use crate::run::{kfleet, start};
use kfleet::model::{Kind, Outcome};

/// All rules, sets and tables, without counters and comments of the tools.
const RULES: &str = "for b in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do echo \"## $b\"; $b-save 2>/dev/null | sed '/^#/d; s/ *\\[[0-9:]*\\]//'; done; for t in 'ip kube-proxy' 'ip6 kube-proxy' 'ip flannel-ipv4' 'ip6 flannel-ipv6' 'inet cni_plugins_masquerade' 'ip calico' 'ip kube-proxy-notes' 'inet admin'; do nft list table $t 2>/dev/null; done; ipset save | sed 's/ bucketsize.*//' | sort";

/// The same of others only.
const FOREIGN: &str = "for b in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do echo \"## $b\"; $b-save 2>/dev/null | sed -e '/^#/d; s/ *\\[[0-9:]*\\]//; /^:\\(KUBE-\\|CNI-\\|FLANNEL-\\)/d; /^-A \\(KUBE-\\|CNI-\\|FLANNEL-\\)/d; /-j \\(KUBE-\\|CNI-\\|FLANNEL-\\)/d; /comment \"cali:/d'; done; nft list table ip kube-proxy-notes; nft list table inet admin; ipset save | sed 's/ bucketsize.*//' | grep -v -e ' KUBE-' -e ' inet6:KUBE-' -e ' cali40' -e ' kube-router-'; ip route | grep -v -e 10.244; ls /run/netns | grep -v 'cni-.*-.*-'; ls /sys/class/net | grep -v -e cali0123 -e cni0 -e flannel -e veth3c1d77a0 -e vethwe -e pod0";

/// Nothing of this may be left.
const OURS: &str = "nft list tables; ipset list -n; ls /run/netns /sys/class/net /var/lib/calico /run/calico /run/cilium /var/lib/weave /var/lib/kube-router; ip route; ip -o -4 address show dev tunl0";

pub fn plugins(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "stale-network");
    bed.plant(node, "plugin-network");
    let foreign = bed.see(node, FOREIGN);
    assert!(foreign.contains("admin-set") && foreign.contains("vxlan100") && foreign.contains("mine"), "{foreign}");
    kfleet(bed, &["reset", node, "--aggressive", "--yes"]).expect(node, Outcome::Reset);
    assert_eq!(bed.see(node, FOREIGN), foreign, "something of others changed");
    let left = bed.see(node, OURS);
    for ours in [
        "ip kube-proxy\n",
        "flannel",
        "cni_plugins",
        "ip calico",
        "KUBE-",
        "cali40",
        "cni-0b2c",
        "cali0",
        "vethwe",
        "10.244.",
        "state",
    ] {
        assert!(!left.contains(ours), "{ours} is left: {left}");
    }
    let armed = "ls /run/kfleet/firewall/armed; systemctl is-active kfleet-firewall.timer kfleet-firewall.service";
    let output = bed.on(node, armed, &[]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("\nactive"), "the timer is still armed: {output:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("firewall/armed"), "{output:?}");
    kfleet(bed, &["reset", node, "--aggressive", "--yes"]).expect(node, Outcome::AlreadyClean);
}

/// New connections come in by a rule in a chain of Kubernetes alone, and the policy drops all others.
const LOCK: &str = "set -e
iptables-nft -I INPUT 1 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables-nft -D INPUT -p tcp -m tcp --dport 22 -m comment --comment 'admin: not KUBE- but ours' -j ACCEPT
iptables-nft -A KUBE-FIREWALL -p tcp --dport 22 -j ACCEPT
iptables-nft -P INPUT DROP";

pub fn locked_out(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "stale-network");
    bed.plant(node, "plugin-network");
    bed.see(node, LOCK);
    let rules = bed.see(node, RULES);
    let mut run = start(bed, &["reset", node, "--aggressive", "--yes"]);
    // The phase is over, and kfleet stands before the door. What the timer does in a minute happens now.
    run.until(|kind| matches!(kind, Kind::Waiting { what, .. } if what == "reconnecting"));
    let gone = bed.see(node, RULES);
    assert!(!gone.contains("KUBE-FIREWALL") && !gone.contains("table ip calico"), "nothing was changed: {gone}");
    bed.see(node, "systemctl is-active kfleet-firewall.timer && systemctl start kfleet-firewall.service");
    let run = run.finish();
    let report = run.expect(node, Outcome::Failed);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("old rules are back"), "{error}");
    assert_eq!(bed.see(node, RULES), rules, "the restored rules differ");
}
