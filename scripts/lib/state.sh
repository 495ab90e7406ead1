# What the test bed writes for its users: inventory, known_hosts, key, ssh_config, and every node's /etc/hosts.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

make_key() {
    [ -e "$state/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C "kfleet test bed" -f "$state/id_ed25519"
}

fleet_hosts() {
    local name
    printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'
    for name in $(node_names); do printf '%s %s\n' "$(node_address "$name")" "$name"; done
}

# Written into the running nodes too, through their mounted roots, since a node may join or leave the fleet later.
publish() {
    local name root
    for name in $(node_names); do
        root=$(node_dir "$name")/root
        [ ! -d "$root/etc" ] || in_place fleet_hosts "$root/etc/hosts"
    done
    in_place write_known_hosts "$state/known_hosts"
    in_place write_ssh_config "$state/ssh_config"
    in_place write_inventory "$state/inventory.yaml"
}

# in_place WRITER FILE: all of it at once, since somebody may be reading the file; and only where it says something new, since
# a case may look whether anything on its node changed while another boots one.
in_place() {
    local text
    text=$("$1")
    [ ! -e "$2" ] || [ "$text" != "$(cat "$2")" ] || return 0
    printf '%s\n' "$text" >"$2.new"
    mv "$2.new" "$2"
}

write_known_hosts() {
    local name key
    for name in $(node_names); do
        for key in "$(node_dir "$name")"/root/etc/ssh/ssh_host_*_key.pub; do
            [ ! -e "$key" ] || printf '%s %s\n' "$(node_address "$name")" "$(cut -d' ' -f1,2 "$key")"
        done
    done
}

write_ssh_config() {
    local name
    for name in $(node_names); do printf 'Host %s\n    HostName %s\n' "$name" "$(node_address "$name")"; done
    cat <<CONFIG
Host *
    User root
    IdentityFile $state/id_ed25519
    IdentitiesOnly yes
    UserKnownHostsFile $state/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 5
    LogLevel ERROR
CONFIG
}

write_inventory() {
    local name
    printf 'defaults: {user: root, identity_file: %s/id_ed25519, known_hosts: %s/known_hosts}\n' "$state" "$state"
    ! has_cluster || printf 'cluster: {control_plane: %s, token_ttl: 30m}\n' "$control_plane"
    printf 'nodes:\n'
    for name in $(node_names); do
        if is_control_plane "$name"; then
            printf '  - {name: %s, host: %s, role: control-plane}\n' "$name" "$(node_address "$name")"
        else
            printf '  - {name: %s, host: %s}\n' "$name" "$(node_address "$name")"
        fi
    done
}
