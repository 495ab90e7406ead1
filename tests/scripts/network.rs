//! Which interfaces are pods', and over which the connection runs, on real interfaces in a network namespace of its own.

use super::firewall::in_namespace;

const LINKS: &str = "cni0 flannel.1 cilium_host weave tunl0";

#[test]
fn interfaces_are_known_by_name_pattern_and_master() {
    let Some(said) = in_namespace(&format!(
        r#"
pair() {{ ip link add "$1" type veth peer name "$2"; }}
ip link add cni0 type bridge; ip link add docker0 type bridge; ip link add weave type bridge
pair veth1 a1; ip link set veth1 master cni0
pair veth2 a2; ip link set veth2 master docker0
pair vethwepl3 a3; ip link set vethwepl3 master weave
pair veth4 a4
pair cali0123456789a a5; pair cali0 a6; pair calico7 a7
pair lxc0123456789ab a8; pair lxcbr0 a9; pair lxcabcdef01234 b0; ip link set lxcabcdef01234 master docker0
echo without: $(pod_links {LINKS})
pair cilium_host cilium_net
echo with: $(pod_links {LINKS})"#
    )) else {
        return;
    };
    assert!(said.contains("without: cali0123456789a veth1 vethwepl3 cni0 weave\n"), "{said}");
    assert!(said.contains("with: cali0123456789a lxc0123456789ab veth1 vethwepl3 cni0 cilium_host weave\n"), "{said}");
}

#[test]
fn a_connection_over_what_rests_on_a_pod_network_is_refused() {
    let Some(said) = in_namespace(&format!(
        r#"
ip link add cni0 type bridge; ip link add link cni0 name up0 type macvlan
ip link add br0 type bridge; ip link add port0 type veth peer name port1; ip link set port0 master br0
ip link add other0 type veth peer name other1
ip link add cilium_host type veth peer name cilium_net; ip link set cilium_host master br0
set +e
for device in up0 port0 other0 br0; do
  ssh_device() {{ echo "$device"; }}
  check_ssh_device {LINKS}; echo "$device: $?"
done
ssh_device() {{ :; }}
check_ssh_device {LINKS}; echo "nobody: $?""#
    )) else {
        return;
    };
    // br0 is an admin's, and its port is Cilium's: who comes over br0 would lose a port of it, maybe the one in use.
    for verdict in ["up0: 76", "port0: 0", "other0: 0", "br0: 76", "nobody: 0"] {
        assert!(said.contains(verdict), "{verdict}: {said}");
    }
}

#[test]
fn routes_go_only_where_calico_was_and_no_bird_of_an_admin_runs() {
    let Some(said) = in_namespace(
        r#"
mount -t tmpfs x /run; mount -t tmpfs x /var/lib; set +e
ip route add blackhole 10.244.9.0/26 proto 12; ip route add blackhole 10.244.7.0/26 proto 80
ip route add blackhole 192.0.2.0/24; ip -6 route add blackhole fd00:10::/64 proto 12
done_any=64
forget_calico; echo "nobody's: $? $done_any $(ip route | grep -c blackhole)"
mkdir -p /var/lib/calico; echo node1 >/var/lib/calico/nodename
bird_runs() { return 0; }
residue_calico
forget_calico; echo "with bird: $? $done_any"; ip route
bird_runs() { return 1; }
residue_calico
forget_calico; echo "without: $? $done_any"; ip route; ip -6 route
done_any=64; forget_calico; echo "again: $? $done_any"; residue_calico"#,
    ) else {
        return;
    };
    assert!(said.contains("nobody's: 0 64 3"), "{said}");
    let (with, without) = said.split_once("without: 0 0").unwrap_or_else(|| panic!("{said}"));
    assert!(with.contains("with bird: 0 0") && with.contains("10.244.9.0/26"), "{said}");
    assert!(!with.contains("10.244.7.0/26 proto") && with.contains("2 routes of Calico"), "{said}");
    assert!(
        !without.contains("10.244.") && !without.contains("fd00:10::") && without.contains("192.0.2.0/24"),
        "{said}"
    );
    assert!(said.trim_end().ends_with("again: 0 64"), "{said}");
}

#[test]
fn only_pins_of_network_plugins_are_leftovers_and_go() {
    let Some(said) = in_namespace(
        r#"
mount -t bpf bpf /sys/fs/bpf 2>/dev/null || { echo "no bpf here"; exit 0; }
set +e; PROTECT=/srv/media; ROOT=/sys/fs/bpf/tc/globals
mkdir -p "$ROOT/cilium_calls" "$ROOT/cali_v4_ct" "$ROOT/others" /sys/fs/bpf/cilium_mine
residue_bpf
secluded() { "$@"; } # a mount namespace of its own this has already
cover_protected() { :; }
remove_entries 'cilium_*' 'cali_*'; echo "removed: $?"
ls "$ROOT" /sys/fs/bpf; residue_bpf
remove_entries 'cilium_*' 'cali_*'; echo "again: $?""#,
    ) else {
        return;
    };
    if said.contains("no bpf here") {
        return;
    }
    assert!(said.starts_with("2 BPF objects") && said.contains("removed: 0") && said.contains("again: 64"), "{said}");
    assert!(said.contains("others") && said.contains("cilium_mine"), "{said}");
    assert!(!said.contains("cilium_calls") && !said.contains("cali_v4"), "{said}");
}
