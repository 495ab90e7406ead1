# --- ipsets ------------------------------------------------------------------------------------------------------
# Sets of kube-proxy and kube-router (IPv6 ones behind inet6:), Calico, Weave and Cilium, by the names in their sources.
our_ipsets() {
  command -v ipset >/dev/null || return 0
  if ! names=$(timeout -k 1 20 ipset list -n 2>&1); then
    case $names in *"Cannot open session to kernel"*) return 0 ;; esac # a kernel without ipsets has none
    say "ipset does not list its sets: $names"
    return 1
  fi
  printf '%s\n' "$names" | awk '
    /^(inet6:)?(KUBE-|kube-router-)[A-Za-z0-9_:.-]+$/ { print; next }
    /^(cali[46][0t]|weave-)[^ *?]+$/ || /^(weaver-no-masq-local|cilium_node_set_v[46])$/'
}

# After the rules that use them; the kernel lets go of a rule's sets a moment after the rule. What a rule or a set of
# somebody else uses cannot be removed.
purge_ipsets() {
  set -f # names are words here, never patterns
  sets=$(our_ipsets) || return
  [ -n "$sets" ] || return 64
  say "removing $(printf '%s\n' "$sets" | wc -l) ipsets"
  left=20
  while [ "$left" -gt 0 ]; do
    for set in $sets; do
      why=$(timeout -k 1 20 ipset destroy "$set" 2>&1)
    done
    sets=$(our_ipsets) || return
    [ -n "$sets" ] || return 0
    left=$((left - 1))
    sleep 0.1
  done
  say "these ipsets stay, as a rule or a set of somebody else uses them: $(printf '%s\n' "$sets" | paste -s -d ' ' -) ($why)"
}

# As text for `ipset restore`; lists of sets come after their members in it.
save_ipsets() {
  sets=$(our_ipsets) || return
  [ -n "$sets" ] || return 0
  all=$(timeout -k 1 60 ipset save) || return
  printf '%s\n' "$all" | SETS=$sets awk '
    BEGIN { n = split(ENVIRON["SETS"], names, "\n"); for (i = 1; i <= n; i++) ours[names[i]] = 1 }
    ($2 in ours)'
}

residue_ipsets() {
  sets=$(our_ipsets) || return
  [ -z "$sets" ] || printf '%s\n' "$sets" | awk '{ names = names " " $0 } NR == 3 { some = names " …" }
    END { print "ipsets:" (NR > 3 ? some " (" NR ")" : names) }'
}
