# --- IPVS --------------------------------------------------------------------------------------------------------
# Virtual services of kube-proxy and kube-router are those whose address lies on their dummy interface. Others are
# keepalived's or an admin's; and so may be one on the node's own address (a node port), so these stay.
IPVS_LINKS='kube-ipvs0 kube-dummy-if'

ipvs_addresses() {
  for link in $IPVS_LINKS; do
    [ -e "/sys/class/net/$link" ] || continue
    shown=$(ip -o address show dev "$link") || return
    printf '%s\n' "$shown" | awk '$3 ~ /^inet/ { sub(/\/.*/, "", $4); print $4 }'
  done
}

# From `ipvsadm -Sn` on stdin: our services and their servers.
our_ipvs() {
  addresses=$(ipvs_addresses) || return
  ADDRESSES=$addresses awk '
    BEGIN { n = split(ENVIRON["ADDRESSES"], list, "\n"); for (i = 1; i <= n; i++) ours[list[i]] = 1 }
    $2 == "-t" || $2 == "-u" || $2 == "--sctp-service" {
      address = $3; sub(/:[0-9]+$/, "", address); gsub(/\[|\]/, "", address)
      if (address in ours) print
    }'
}

# Number of our services in file $1, which is the kernel's own list: it needs no tool.
count_ipvs() {
  [ -f "$1" ] || { echo 0 && return; }
  addresses=$(ipvs_addresses) || return
  ADDRESSES=$addresses awk '
    function spelled(a, part, n, i, left, out) {
      if (a !~ /:/) { split(a, part, "."); return sprintf("%02X%02X%02X%02X", part[1], part[2], part[3], part[4]) }
      n = split(a, part, ":")
      for (i = 1; i <= n; i++) if (part[i] != "") left++
      for (i = 1; i <= n; i++) {
        if (part[i] != "") out = out ":" substr("0000" part[i], length(part[i]) + 1)
        else if (left < 8) while (left < 8) { out = out ":0000"; left++ }
      }
      return "[" substr(out, 2) "]"
    }
    BEGIN { n = split(ENVIRON["ADDRESSES"], list, "\n"); for (i = 1; i <= n; i++) ours[spelled(list[i])] = 1 }
    $1 == "TCP" || $1 == "UDP" || $1 == "SCTP" { address = $2; sub(/:[0-9A-F]+$/, "", address); count += address in ours }
    END { print count + 0 }' "$1"
}

purge_ipvs() {
  count=$(count_ipvs /proc/net/ip_vs) || return
  [ "$count" -gt 0 ] || return 64
  if ! command -v ipvsadm >/dev/null; then
    say "$count virtual services of Kubernetes stay in IPVS, and the interface with their addresses too: ipvsadm is missing"
    return 64
  fi
  services=$(save_ipvs) || return
  say "IPVS: removing $count virtual services"
  printf '%s\n' "$services" | while read -r what kind address rest; do
    [ "$what" != -A ] || timeout -k 1 20 ipvsadm -D "$kind" "$address" || exit 1
  done
}

# As lines for ipvsadm, services before their servers.
save_ipvs() {
  [ -f /proc/net/ip_vs ] && command -v ipvsadm >/dev/null || return 0
  services=$(timeout -k 1 20 ipvsadm -Sn) || return
  printf '%s\n' "$services" | our_ipvs
}

# Those saved in folder $1 that are not there.
restore_ipvs() {
  [ -s "$1/ipvs.services" ] || return 0
  now=$(ipvsadm -Sn) || return
  while read -r line; do
    ! printf '%s\n' "$now" | grep -q -F -x -e "$line" || continue
    # shellcheck disable=SC2086 # a line is the arguments
    timeout -k 1 20 ipvsadm $line || return
  done <"$1/ipvs.services"
}

residue_ipvs() {
  count=$(count_ipvs /proc/net/ip_vs) || return
  [ "$count" -eq 0 ] || echo "$count IPVS services of kube-proxy"
}
