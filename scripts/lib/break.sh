# Real naughtiness, planted in a node. Each kind is a file of its own, tests/testbed/break/KIND, which runs inside the node
# and reads as a plain script; a function break_KIND brings what it needs from elsewhere.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

# plant NODE SCRIPT [ARG...]: runs tests/testbed/break/SCRIPT inside the node.
plant() {
    local node=$1 script=$2
    shift 2
    exec_in "$node" bash -s -- "$@" <"$testbed_files/break/$script" ||
        die "could not plant $script on $node" "look inside: scripts/testbed exec $node bash"
}

# plant_item NODE ITEM [PART...]: one kind of thing that Kubernetes leaves, beside things of others that look like it. An
# item is a script with four parts: others and ours plant, left prints what of ours is there, kept all that others have.
plant_item() {
    local node=$1 item=$2
    shift 2
    [ $# -gt 0 ] || set -- others ours
    exec_in "$node" "/usr/local/lib/testbed/items/$item" "$@" || die "could not do $* of $item on $node" "look inside: scripts/testbed exec $node bash"
}

# As a kubeadm join leaves a node that failed before the TLS bootstrap. With a cluster by a real join, cut off.
break_half_joined() {
    local node=$1 join=()
    is_control_plane "$node" && die "$node is the control plane and cannot half-join"
    if has_cluster; then
        read -ra join < <(new_join_command) || die "could not get a join command from $control_plane"
    fi
    plant "$node" half-joined "${join[@]}"
}
new_join_command() { exec_in "$control_plane" kubeadm --kubeconfig /etc/kubernetes/admin.conf token create --ttl 30m --print-join-command 2>/dev/null; }

break_media_bound() { plant "$1" media && plant "$1" media-bound; }

# break_joined NODE [OPTION...]: a real join, with further options of kubeadm join.
break_joined() {
    local node=$1 join=()
    read -ra join < <(new_join_command) || die "could not get a join command from $control_plane"
    plant "$node" joined "${join[@]}" "${@:2}"
}

break_pod_network() { plant "$1" pod-network "$(pod_network "$1")"; }

# break_client_certificate NODE DAYS: a client certificate of the kubelet's that ends in DAYS, or ended -DAYS ago.
break_client_certificate() {
    local request certificate
    request=$(plant "$1" client-certificate request) && certificate=$(plant "$control_plane" client-certificate sign "$2" "$request") &&
        plant "$1" client-certificate install "$certificate"
}
