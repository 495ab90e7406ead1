# One node: an overlay on the base image, a network namespace, and a systemd of its own booted in both.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

node_dir() { printf '%s/nodes/%s' "$state" "$1"; }
node_netns() { printf '%s-%s' "$fleet" "$1"; }
node_address() { cat "$(node_dir "$1")/address"; }
node_names() { [ ! -d "$state/nodes" ] || ls -v "$state/nodes"; }
is_control_plane() { [ "$1" = "$control_plane" ]; }

require_node() {
    [ -d "$(node_dir "$1")" ] || die "no node '$1' in the test bed at $state" "nodes there are: $(node_names | paste -sd' ')"
}

# node1 is .11, node2 is .12, cp1 is .10: a number that a reader of logs can guess. Other names count from .200.
choose_address() {
    local name=$1 host=200
    if is_control_plane "$name"; then
        host=10
    elif [[ $name =~ ^node([0-9]+)$ ]] && [ "${BASH_REMATCH[1]}" -lt 189 ]; then
        host=$((10 + BASH_REMATCH[1]))
    else
        while grep -qsxF "$subnet.$host" "$state"/nodes/*/address; do host=$((host + 1)); done
    fi
    printf '%s.%s\n' "$subnet" "$host"
}

# define_node NAME SUITE: what stays the same when the node is thrown away and booted afresh.
define_node() {
    local dir
    dir=$(node_dir "$1")
    mkdir -p "$dir"
    choose_address "$1" >"$dir/address"
    printf '%s\n' "$2" >"$dir/suite"
    # by name, so that a node booted afresh is the same although a recipe was edited meanwhile
    node_layers "$1" "$2" >"$dir/layers"
}

# boot_node NAME: an empty upper layer, mounted, filled with what makes this machine this one, and started. Does not
# wait: several nodes boot at the same time.
boot_node() {
    local name=$1 dir root
    dir=$(node_dir "$name") root=$dir/root
    mkdir -p "$dir/upper" "$dir/work" "$dir/containerd" "$root"
    mount -t overlay "$fleet-$name" -o "lowerdir=$(cat "$dir/layers"),upperdir=$dir/upper,workdir=$dir/work" "$root"
    seed_node "$name" "$root"
    connect_node "$name"
    (
        exec 8>&- 9>&- </dev/null >"$dir/console.log" 2>&1
        enter_cgroups "$name"
        exec setsid "$lib/../testbed" keep-running "$name"
    ) &
    record_process "$dir/keeper" $!
}

# The process that outlives a node's reboots. nspawn leaves them to its caller where it keeps to its caller's cgroup: it
# ends with 133. Disks stay as they are. What a kernel holds in memory is gone as on a real machine: /run is empty, interfaces,
# routes and firewall are new, and nspawn gives each boot a boot id of its own.
do_keep_running() {
    local name=$1 dir status
    dir=$(node_dir "$name")
    # /proc/sys/net of a namespace that nspawn did not make itself would be read-only
    export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
    # sid's systemd refuses version 1 cgroups; kubelet, which would miss the controllers, does not run there
    [ "$(cat "$dir/suite")" != sid ] || export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 UNIFIED_CGROUP_HIERARCHY=1
    while :; do
        status=0
        systemd-nspawn "${nspawn_options[@]}" -D "$dir/root" --machine="$fleet-$name" --hostname="$name" \
            --network-namespace-path="/run/netns/$(node_netns "$name")" --bind="$dir/containerd:/var/lib/containerd" || status=$?
        [ "$status" = 133 ] || return "$status"
        connect_node "$name"
    done
}

nspawn_options=(
    # no machined and no unit of the host's systemd: it works where the host has neither
    --quiet --boot --register=no --keep-unit
    # kubelet, containerd and iptables do on a node what they do on a real one
    --capability=all --system-call-filter='@keyring bpf'
)
# kubelet reads the kernel log for the out-of-memory watcher and does not start without the device
[ ! -e /dev/kmsg ] || nspawn_options+=(--bind-ro=/dev/kmsg)

# Topmost first. /var/lib/containerd is no part of this: an overlay cannot be an overlay's upper layer, so containerd's
# snapshotter gets a directory of the host's file system.
node_layers() {
    local layers
    layers=$crictl_layer:$kubernetes_layer/node
    ! is_control_plane "$1" || layers+=:$kubernetes_layer/control-plane:$(base_image "$2")/etcd
    printf '%s:%s/root' "$layers" "$(base_image "$2")"
}

seed_node() {
    local name=$1 root=$2 user home uid gid type
    copy_files "$testbed_files/rootfs" "$root"
    mkdir -p "$root/usr/local/lib/testbed/items"
    copy_files "$testbed_files/items" "$root/usr/local/lib/testbed/items"
    ! is_control_plane "$name" || copy_files "$testbed_files/rootfs-control-plane" "$root"
    printf '%s\n' "$name" >"$root/etc/hostname"
    fleet_hosts >"$root/etc/hosts"
    for type in ed25519 ecdsa; do
        ssh-keygen -q -t "$type" -N '' -C "root@$name" -f "$root/etc/ssh/ssh_host_${type}_key"
    done
    for user in root admin nosudo; do
        IFS=: read -r _ _ uid gid _ home _ < <(grep "^$user:" "$root/etc/passwd")
        install -d -m 700 -o "$uid" -g "$gid" "$root$home/.ssh"
        install -m 600 -o "$uid" -g "$gid" "$state/id_ed25519.pub" "$root$home/.ssh/authorized_keys"
    done
    systemctl --root="$root" enable --quiet testbed-prepare.service
    # as after installing the packages: enabled, and restarting until kubeadm writes its configuration. The control
    # plane's components run as units here, so its kubelet would only fight them over their pods.
    is_control_plane "$name" || systemctl --root="$root" enable --quiet kubelet.service
    [ ! -e "$state/cni" ] || pod_network "$name" >"$root/etc/cni/net.d/10-bridge.conflist"
}

# As root's files with plain modes, whoever checked them out.
copy_files() { tar -C "$1" --owner=0 --group=0 --mode=u=rwX,go=rX -c . | tar -C "$2" --no-overwrite-dir -x; }

# With --cni: enough of a pod network for a Node to become Ready.
pod_network() {
    cat <<JSON
{"cniVersion": "0.4.0", "name": "testbed", "plugins": [{"type": "bridge", "bridge": "cni0", "isGateway": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.$(node_address "$1" | cut -d. -f4).0/24"}]]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
}

# The running node.

# The node's PID 1, which is another one after a reboot: below the keeper runs nspawn, which forks a short-lived child first.
leader() {
    local child pid
    is_same_process "$(node_dir "$1")/keeper" || return
    for child in $(children_of "$(cat "$(node_dir "$1")/keeper.pid")" systemd-nspawn); do
        for pid in $(children_of "$child" systemd); do printf '%s\n' "$pid" && return; done
    done
    return 1
}
is_running() { leader "$1" >/dev/null; }

# A process's children of one name.
children_of() {
    local children child
    read -ra children <<<"$(cat "/proc/$1/task/$1/children" 2>/dev/null)"
    for child in "${children[@]}"; do
        [ "$(cat "/proc/$child/comm" 2>/dev/null)" != "$2" ] || printf '%s\n' "$child"
    done
}

# Waits until the node is up as its user sees it: a login over SSH works.
await_node() {
    local name=$1 dir
    dir=$(node_dir "$name")
    wait_for 30 "$name to start its systemd" leader "$name" || die_of_boot "$name"
    wait_for 90 "$name to accept SSH" ssh_to "$name" true </dev/null ||
        die "$name does not accept SSH" "read its console: $dir/console.log" "look inside: scripts/testbed exec $name journalctl -u ssh"
}

# A systemd takes about seven inotify instances, and the kernel gives all nodes of all test beds together 128.
die_of_boot() {
    local console
    console=$(node_dir "$1")/console.log
    ! grep -q 'inotify.*Too many open files' "$console" ||
        die "$1 did not boot: too many nodes run on this machine" "take one of the test beds down, or raise fs.inotify.max_user_instances"
    die "$1 did not boot" "read its console: $console"
}

# exec_in NAME COMMAND...: in all of the node's namespaces and in its cgroup, without sshd's help.
exec_in() {
    local name=$1 pid
    shift
    is_running "$name" || die "$name is not running" "boot it again: scripts/testbed fresh $name"
    pid=$(leader "$name")
    (
        join_cgroups "$pid"
        exec nsenter --target "$pid" --all --root --wd env -i LANG=C.UTF-8 HOME=/root USER=root "TERM=${TERM:-dumb}" \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
    )
}

# has_rebooted NAME LEADER: it runs, and no longer as this PID 1.
has_rebooted() {
    local now
    now=$(leader "$1") && [ "$now" != "$2" ]
}

# stop_node NAME: ends the node's keeper and its PID 1, with which the kernel ends everything in it, then takes its mounts,
# network and cgroups away. Works on whatever an interrupted run left.
stop_node() {
    local name=$1 dir pid
    dir=$(node_dir "$name")
    pid=$(leader "$name") || pid=
    end_process "$dir/keeper"
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || : # nspawn was ended by somebody else, and it with it
    remove_cgroups "$name"
    unmount_under "$dir"
    disconnect_node "$name"
    rm -rf --one-file-system -- "$dir/upper" "$dir/work" "$dir/root" "$dir/containerd"
}
