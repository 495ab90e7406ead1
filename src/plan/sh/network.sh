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
      # Cilium's ends of pods' pairs are on no bridge; LXC's are, and are called alike at most by chance.
      lxc[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f])
        [ ! -e /sys/class/net/cilium_host ] || [ -e "$path/master" ] || echo "$link"
        ;;
      veth*)
        case $(readlink "$path/master") in */cni0 | */cbr0 | */kube-bridge | */weave) echo "$link" ;; esac
        ;;
    esac
  done
  for link in "$@"; do
    [ ! -e "/sys/class/net/$link" ] || echo "$link"
  done
}

# Prints device $1 and, by $2, all that it rests on (lower_*) or is a port of (master).
stacked() (
  echo "$1"
  [ "$3" -gt 0 ] || return 0
  # shellcheck disable=SC2231 # $2 is a pattern
  for next in "/sys/class/net/$1"/$2; do
    [ -e "$next" ] || continue
    next=$(readlink "$next") && stacked "${next##*/}" "$2" "$(($3 - 1))" || return
  done
)

# Whether the way back to the workstation is a route that goes with Calico: one that its bird has learned.
ssh_route_is_calico_s() {
  [ -n "${KFLEET_PEER-}" ] && calico_was_here || return 1
  case "$(ip -o route get fibmatch "${KFLEET_PEER%% *}" 2>/dev/null) " in
    *' proto bird '* | *' proto 12 '* | *' proto 80 '*) return 0 ;;
  esac
  return 1
}

# 76 where the connection itself runs over an interface that would be deleted, be it below a VLAN or a bridge.
check_ssh_device() {
  if ssh_route_is_calico_s; then
    say "refused: the way back to ${KFLEET_PEER%% *} is a route that Calico's bird has learned, and it would go with Calico's routes"
    return 76
  fi
  device=$(ssh_device) && devices=$([ -z "$device" ] || { stacked "$device" 'lower_*' 8 && stacked "$device" master 8; }) || {
    say "refused: over which device this connection runs could not be told"
    return 76
  }
  for link in $(pod_links "$@") $(calico_tunnel); do
    case "
$devices
" in *"
$link
"*)
      say "refused: this connection runs over $device, and the reset would take $link away"
      return 76
      ;;
    esac
  done
}

delete_links() {
  check_ssh_device "$@" || return
  done_any=64
  forget_calico || return
  services=$(count_ipvs /proc/net/ip_vs) || return
  for link in $(pod_links "$@"); do
    [ -e "/sys/class/net/$link" ] || continue # went with its peer
    case " $IPVS_LINKS " in
      *" $link "*) [ "$services" -eq 0 ] || continue ;; # by its addresses the next run knows whose services they are
    esac
    say "deleting $link"
    timeout -k 5 30 ip link delete "$link" || return
    done_any=0
  done
  return "$done_any"
}

# --- what Calico leaves in the routes ---------------------------------------------------------------------------------
# Its files are removed after all this, or a second run could not tell any more whose the routes are.
calico_was_here() {
  for folder in /var/lib/calico /run/calico; do
    if [ -d "$folder" ] && [ -n "$(ls -A -- "$folder")" ]; then return 0; fi
  done
  for link in $(pod_links vxlan.calico vxlan-v6.calico wireguard.cali wg-v6.cali); do
    case $link in cali* | *.cali*) return 0 ;; esac
  done
  return 1
}

# An admin's bird has routes of the same kind; Calico's own is gone with its pod.
bird_runs() {
  for file in /proc/[0-9]*/comm; do
    case $(cat "$file" 2>/dev/null) in bird | bird6) return 0 ;; esac
  done
  return 1
}

# Calls $1 with what selects Calico's routes: bird's (12), and of Felix (80) those to no device, as others go with theirs.
each_calico_route() {
  calico_was_here || return 0
  for family in -4 -6; do
    bird_runs || "$1" "$family" proto 12 || return
    "$1" "$family" type blackhole proto 80 || return
  done
}

# Prints routes; where IPv6 is off there are none.
show_routes() {
  protocol=$1
  shift
  ip -o "$protocol" route show "$@" 2>/dev/null || [ "$protocol" = -6 ]
}

flush_routes() {
  shown=$(show_routes "$@") || return
  [ -n "$shown" ] || return 0
  say "removing Calico's routes ($*)"
  protocol=$1
  shift
  ip "$protocol" route flush "$@" && done_any=0
}

# tunl0, where Calico's address is on it. It belongs to the module ipip and cannot be deleted.
calico_tunnel() {
  [ -e /sys/class/net/tunl0 ] && calico_was_here || return 0
  [ -z "$(ip -o -4 address show dev tunl0)" ] || echo tunl0
}

forget_calico() {
  if [ -n "$(calico_tunnel)" ]; then
    say "taking the addresses of tunl0 away"
    ip address flush dev tunl0 && ip link set dev tunl0 down && done_any=0 || return
  fi
  each_calico_route flush_routes
}

residue_calico() {
  routes=$(each_calico_route show_routes) || return
  [ -z "$routes" ] || echo "$(printf '%s\n' "$routes" | wc -l) routes of Calico"
  tunnel=$(calico_tunnel) || return
  [ -z "$tunnel" ] || echo "Calico's address on $tunnel"
}
