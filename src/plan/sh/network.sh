# --- network -----------------------------------------------------------------------------------------------------
# Prints the device over which the workstation is connected, where the node was told who is connected.
ssh_device() {
  [ -n "${KFLEET_PEER-}" ] || return 0
  route=$(ip -o route get "${KFLEET_PEER%% *}") || return
  printf '%s\n' "$route" | sed -n 's/.* dev \([^ ]*\).*/\1/p'
}

# 0 where CNI also serves others than Kubernetes (podman, nerdctl): a config that no add-on of Kubernetes' writes.
cni_is_shared() {
  for file in /etc/cni/net.d/*; do
    [ -f "$file" ] || continue
    case " $CNI_CONFIGS " in *" ${file##*/} "*) ;; *) return 0 ;; esac
  done
  return 1
}

# host-local's leases and the library's results, unless others have theirs there too.
remove_cni_state() {
  if cni_is_shared; then
    say "others use CNI on this node too, so /var/lib/cni stays"
    return 64
  fi
  remove_entries "$@"
}

# Interfaces of pod networks, exactly by name, by their plugin's pattern, or by their master; order: ends before bridges.
pod_links() {
  for path in /sys/class/net/*; do
    link=${path##*/}
    case $link in
      cali[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]) echo "$link" ;;
      lxc[0-9a-f]* | veth*)
        case $(readlink "$path/master") in */cni0 | */cbr0 | */kube-bridge) echo "$link" ;; esac
        ;;
    esac
  done
  for link in "$@"; do
    [ ! -e "/sys/class/net/$link" ] || echo "$link"
  done
}

# 76 where the connection itself runs over an interface that would be deleted.
check_ssh_device() {
  device=$(ssh_device) || {
    say "refused: over which device this connection runs could not be told"
    return 76
  }
  for link in $(pod_links "$@"); do
    if [ "$link" = "$device" ]; then
      say "refused: this connection runs over $device, which the reset would delete"
      return 76
    fi
  done
}

delete_links() {
  check_ssh_device "$@" || return
  links=$(pod_links "$@")
  [ -n "$links" ] || return 64
  for link in $links; do
    [ -e "/sys/class/net/$link" ] || continue # went with its peer
    say "deleting $link"
    ip link delete "$link" || return
  done
}
