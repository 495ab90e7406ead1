# The fleet's network: a namespace with a bridge, in which kfleet runs, and one namespace per node on that bridge. No
# packet leaves it, and nothing of it shows on the machine's own network.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

has_netns() { [ -e "/run/netns/$1" ]; }

create_network() {
    has_netns "$fleet" || ip netns add "$fleet"
    ip -n "$fleet" link set lo up
    ip -n "$fleet" link show fleet0 >/dev/null 2>&1 || ip -n "$fleet" link add fleet0 type bridge
    ip -n "$fleet" address replace "$subnet.1/24" dev fleet0
    ip -n "$fleet" link set fleet0 up
}

connect_node() {
    local name=$1 netns port
    netns=$(node_netns "$name") port=$(node_port "$name")
    disconnect_node "$name"
    ip netns add "$netns"
    # The address of the network card stays the node's own when it is booted afresh; with a new one its neighbours
    # would go on sending to the old one for seconds.
    ip -n "$fleet" link add "$port" type veth peer name eth0 address "$(node_mac "$name")" netns "$netns"
    ip -n "$fleet" link set "$port" master fleet0 up
    ip -n "$netns" address add "$(node_address "$name")/24" dev eth0
    ip -n "$netns" link set lo up
    ip -n "$netns" link set eth0 up
    # a default route, as kubeadm and kubelet look for the node's own address along it
    ip -n "$netns" route add default via "$subnet.1"
}

# Both ends of a veth go with either namespace; deleted by name first because a namespace that a process still holds
# keeps its devices.
disconnect_node() {
    local name=$1
    ! has_netns "$fleet" || ! ip -n "$fleet" link show "$(node_port "$name")" >/dev/null 2>&1 ||
        ip -n "$fleet" link delete "$(node_port "$name")"
    ! has_netns "$(node_netns "$name")" || ip netns delete "$(node_netns "$name")"
}

# An interface name has 15 characters at most, a node's name may have more.
node_port() { printf 'v%s' "$(printf '%s' "$1" | sha256sum | cut -c1-10)"; }

node_mac() { printf '02:4b:%s\n' "$(printf '%s' "$1" | sha256sum | sed 's/\(..\)\(..\)\(..\)\(..\).*/\1:\2:\3:\4/')"; }

remove_network() { ! has_netns "$fleet" || ip netns delete "$fleet"; }

in_fleet() {
    has_netns "$fleet" || die "no test bed is up at $state" "start one: scripts/testbed up 1"
    # not "ip netns exec": that would give the command a mount namespace of its own, and a node booted from in there
    # would have its root mounted where nobody else sees it
    nsenter --net="/run/netns/$fleet" "$@"
}

ssh_to() {
    local name=$1
    shift
    in_fleet ssh -F "$state/ssh_config" "$name" "$@"
}
