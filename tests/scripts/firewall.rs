//! What of a firewall is Kubernetes': in what real tools printed, and in real rules in a network namespace of its own.

use super::support::{SHELLS, run};
use std::fs;

const LIBRARY: &[&str] = &[
    include_str!("../../src/plan/sh/common.sh"),
    include_str!("../../src/plan/sh/guard.sh"),
    include_str!("../../src/plan/sh/backing.sh"),
    include_str!("../../src/plan/sh/roots.sh"),
    include_str!("../../src/plan/sh/remove.sh"),
    include_str!("../../src/plan/sh/network.sh"),
    include_str!("../../src/plan/sh/netns.sh"),
    include_str!("../../src/plan/sh/firewall.sh"),
    include_str!("../../src/plan/sh/nft.sh"),
    include_str!("../../src/plan/sh/ipset.sh"),
    include_str!("../../src/plan/sh/ipvs.sh"),
    include_str!("../../src/plan/sh/disarm.sh"),
    include_str!("../../src/plan/sh/rollback.sh"),
    include_str!("../../src/plan/sh/residue.sh"),
];

/// Runs `body` after the library in `shell`, with `command` before it; what it printed, both streams.
fn said(command: &[&str], body: &str) -> String {
    let text = format!("set -u\nCNI_CONFIGS='10-flannel.conflist'\n{}\n{body}\n", LIBRARY.join("\n"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script");
    fs::write(&file, text).unwrap();
    let mut command = command.to_vec();
    command.push(file.to_str().unwrap());
    let output = run(&command, &[], b"");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The same in every shell, whose answers must not differ.
fn everywhere(body: &str) -> String {
    let mut answers = SHELLS.map(|shell| said(shell, body)).to_vec();
    answers.dedup();
    assert_eq!(answers.len(), 1, "shells differ: {answers:#?}");
    answers.remove(0)
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

#[test]
fn a_purge_names_no_chain_and_no_rule_of_others() {
    for file in ["nft-save-stale-network.txt", "legacy-save-stale-network.txt", "save-joined-worker.txt"] {
        let script =
            everywhere(&format!("cni_is_shared() {{ return 1; }}\npurge_script <{FIXTURES}/iptables-1.8.11/{file}"));
        let rules = fs::read_to_string(format!("{FIXTURES}/iptables-1.8.11/{file}")).unwrap();
        let ours = |chain: &str| ["KUBE-", "CNI-", "FLANNEL-"].iter().any(|p| chain.starts_with(p));
        for line in script.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["-X", chain] => assert!(ours(chain), "{line}"),
                ["-D", ..] => assert!(
                    rules.contains(&line.replacen("-D", "-A", 1)) && line.rsplit(' ').next().is_some_and(ours)
                        || line.contains("flanneld"),
                    "{line}"
                ),
                _ => assert!(line.starts_with('*') || line.starts_with(':') || line == "COMMIT", "{line}"),
            }
        }
        for chain in rules.lines().filter_map(|l| l.strip_prefix(':')?.split(' ').next()).filter(|c| ours(c)) {
            assert!(script.contains(&format!("-X {chain}\n")), "{chain} stays");
        }
        let shared =
            everywhere(&format!("cni_is_shared() {{ return 0; }}\npurge_script <{FIXTURES}/iptables-1.8.11/{file}"));
        assert!(!shared.contains("CNI-"), "what podman uses too goes: {shared}");
    }
}

#[test]
fn rules_of_calico_are_known_by_their_signature_alone() {
    let rules = r#"*filter
:FORWARD DROP [0:0]
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -j ACCEPT
-A FORWARD -m comment --comment "as \" --comment \"cali:S93hcgKJrXEqnTfs\" would" -j ACCEPT
-A FORWARD -m comment --comment "flanneld forward is not wanted" -j DROP
-A FORWARD -m comment --comment "-j KUBE-FORWARD" -j ACCEPT
COMMIT
"#;
    let script = everywhere(&format!("cni_is_shared() {{ return 1; }}\npurge_script <<'RULES'\n{rules}RULES"));
    let deleted: Vec<&str> = script.lines().filter(|l| l.starts_with("-D")).collect();
    assert_eq!(deleted.len(), 1, "{script}");
    assert!(deleted[0].contains("Policy explicitly accepted"), "{script}");
}

/// As ipvsadm(8) and the kernel spell them.
const IPVS: &str = "-A -t 10.96.0.1:443 -s rr
-a -t 10.96.0.1:443 -r 10.0.0.1:6443 -m -w 1
-A -u [fd00:10:96::a]:53 -s rr
-a -u [fd00:10:96::a]:53 -r [fd00:10:244::5]:53 -m -w 1
-A -t 10.96.0.10:53 -s rr
-A -t 192.168.4.200:80 -s wlc
-a -t 192.168.4.200:80 -r 192.168.4.61:80 -g -w 1
-A -f 1 -s rr
";
const KERNEL_IPVS: &str = "IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A600001:01BB rr
  -> 0A000001:192B      Masq    1      0          0
UDP  [fd00:0010:0096:0000:0000:0000:0000:000a]:0035 rr
TCP  0A60000A:0035 rr
TCP  C0A804C8:0050 wlc
  -> C0A8043D:0050      Route   1      0          0
FWM  00000001 rr
";

#[test]
fn ipvs_services_are_ours_by_an_address_on_kube_proxy_s_interface() {
    let addresses = "ipvs_addresses() { printf '10.96.0.1\\n10.96.0.10\\nfd00:10:96::a\\nfe80::1\\n'; }";
    let ours = everywhere(&format!("{addresses}\nour_ipvs <<'E'\n{IPVS}E"));
    assert_eq!(ours.lines().count(), 5, "{ours}");
    assert!(!ours.contains("192.168.4.200") && !ours.contains("-f"), "keepalived's would go: {ours}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ip_vs");
    fs::write(&file, KERNEL_IPVS).unwrap();
    assert_eq!(everywhere(&format!("{addresses}\ncount_ipvs {}", file.display())).trim(), "3");
    assert_eq!(everywhere(&format!("ipvs_addresses() {{ :; }}\ncount_ipvs {}", file.display())).trim(), "0");
}

/// As root, in a network and a mount namespace of its own: real tools, real rules.
const NAMESPACE: [&str; 7] = ["unshare", "--net", "--mount", "--propagation", "private", "/bin/sh", "-e"];

const PLANT: &str = r#"
rules() { cat <<'E'
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:KUBE-FIREWALL - [0:0]
:cali-FORWARD - [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "not KUBE- but ours" -j ACCEPT
-A INPUT -j KUBE-FIREWALL
-A INPUT -p icmp -j ACCEPT
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -j DOCKER-USER
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A DOCKER-USER -j RETURN
-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:WEAVE - [0:0]
:WEAVER - [0:0]
-A POSTROUTING -j WEAVE
-A POSTROUTING -j WEAVER
COMMIT
E
}
plant() {
  for tool in $(firewall_tools); do rules | "$tool-restore"; done
  nft -f - <<'E'
table ip kube-proxy {
	map service-ips {
		type ipv4_addr . inet_proto . inet_service : verdict
		elements = { 10.96.0.1 . tcp . 443 : goto service-X }
	}
	chain service-X {
		ip protocol tcp dnat to 10.0.0.1:6443
	}
}
table inet cni_hostport {
}
table inet mine {
	chain input {
		type filter hook input priority 10; policy accept;
		tcp dport 23 drop comment "not kube-proxy"
	}
}
E
  ipset create KUBE-CLUSTER-IP hash:ip; ipset add KUBE-CLUSTER-IP 10.96.0.1
  ipset create KUBE-USED hash:ip; ipset create mine hash:ip; ipset add mine 192.0.2.1
  ipset create weave-list list:set; ipset add weave-list KUBE-CLUSTER-IP
  iptables-nft -A KUBE-FIREWALL -m set --match-set KUBE-CLUSTER-IP dst -j ACCEPT
  iptables-nft -A INPUT -m set --match-set KUBE-USED src -j DROP
}
show() {
  for tool in $(firewall_tools); do echo "backend $tool"; "$tool-save" 2>/dev/null | sed '/^#/d; s/ *\[[0-9:]*\]//'; done
  for table in 'ip kube-proxy' 'inet cni_hostport' 'inet mine'; do nft list table $table 2>/dev/null || :; done
  ipset save | sed 's/ bucketsize.*//' | sort
}
plant
set +e
"#;

const BACK_AND_FORTH: &str = r#"
show >"$TEMPORARY/before"; mkdir "$TEMPORARY/copies"
save_firewall "$TEMPORARY/copies"; echo "saved $?"
purge_firewall >"$TEMPORARY/said"; echo "purged $?"
show >"$TEMPORARY/after"
undo_purge "$TEMPORARY/copies" "$TEMPORARY/copies"; echo "restored $?"
show >"$TEMPORARY/again"
undo_purge "$TEMPORARY/copies" "$TEMPORARY/copies"; show | cmp - "$TEMPORARY/again" && echo "twice is once"
cmp "$TEMPORARY/before" "$TEMPORARY/again" && echo "same as before"
diff "$TEMPORARY/before" "$TEMPORARY/after"; cat "$TEMPORARY/said" "$TEMPORARY/after"
"#;

/// Prints what `body` says as root in such namespaces; `None` where this is not root.
pub fn in_namespace(body: &str) -> Option<String> {
    let root = fs::read_to_string("/proc/self/status").is_ok_and(|s| s.lines().any(|l| l.starts_with("Uid:\t0\t")));
    let namespace = "mount -t sysfs sysfs /sys; ip link set lo up";
    root.then(|| said(&NAMESPACE, &format!("TEMPORARY=$(mktemp -d)\n{namespace}\n{body}\nrm -r \"$TEMPORARY\"")))
}

#[test]
fn a_purge_of_real_rules_leaves_those_of_others_to_the_byte_and_a_roll_back_restores_all() {
    let Some(said) = in_namespace(&format!("{PLANT}{BACK_AND_FORTH}")) else { return };
    for word in ["saved 0", "purged 0", "restored 0", "twice is once", "same as before"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(said.contains("these ipsets stay") && said.contains("KUBE-USED ("), "the set in use is not told: {said}");
    for line in said.lines().filter_map(|l| l.strip_prefix("< ")) {
        let ours = ["KUBE-", "cali-", "cali:", "WEAVE", "weave-list", "kube-proxy", "cni_hostport"];
        let of_a_table = line.is_empty() || line.starts_with('\t') || line == "}";
        assert!(ours.iter().any(|o| line.contains(o)) && !line.contains("WEAVER") || of_a_table, "{line} went");
    }
    assert!(!said.lines().any(|l| l.starts_with("> ")), "something came: {said}");
    assert!(said.contains("not kube-proxy") && said.contains(":WEAVER -") && said.contains(":INPUT DROP"), "{said}");
}
