# --- firewall ----------------------------------------------------------------------------------------------------
# From iptables-save on stdin: per table one transaction that empties our chains, deletes every jump to them from
# chains of others, and then deletes them. -F and -X alone fail while a jump remains. Chains and jumps are compared as
# parsed words: a user's rule whose comment mentions KUBE- stays. Calico and older flannel also put rules without a jump
# into chains of others; these are known by a comment of their own that is nothing else, and go too.
# CNI- chains are podman's as well: they stay where CNI is shared.
purge_script() {
  if cni_is_shared; then shared=1; else shared=0; fi
  awk -v shared="$shared" '
    function ours(chain) {
      if (chain ~ /^CNI-/) return !shared
      return chain ~ /^(KUBE-|FLANNEL-|cali-|CILIUM_|OLD_CILIUM_|WEAVE-)/ || chain == "WEAVE"
    }
    function signed(rule) { return rule ~ / --comment "(cali:[A-Za-z0-9_-]+|flanneld (masq|forward))" / }
    /^\*/ { table = $0; chains = 0; jumps = 0 }
    /^:/ { chain = substr($1, 2); if (ours(chain)) ours_here[++chains] = chain }
    /^-A / && !ours($2) && signed($0 " ") { jump[++jumps] = "-D" substr($0, 3); next }
    /^-A / && !ours($2) {
      words = $0
      gsub(/"([^"\\]|\\.)*"/, "\"\"", words)
      n = split(words, word, " ")
      for (i = 3; i < n; i++) if ((word[i] == "-j" || word[i] == "-g") && ours(word[i + 1])) { jump[++jumps] = "-D" substr($0, 3); break }
    }
    /^COMMIT/ && chains + jumps {
      print table
      for (i = 1; i <= chains; i++) print ":" ours_here[i] " - [0:0]"
      for (i = 1; i <= jumps; i++) print jump[i]
      for (i = 1; i <= chains; i++) print "-X " ours_here[i]
      print "COMMIT"
    }'
}

# The backends whose rules can be read. Each is blind to the other, so both are asked where both are installed; the plain
# names are the same as one of them, and count only where they stand alone.
firewall_tools() {
  for tool in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy iptables ip6tables; do
    command -v "$tool-save" >/dev/null || continue
    case $tool in
      iptables | ip6tables) if command -v "$tool-nft-save" >/dev/null; then continue; fi ;;
    esac
    echo "$tool"
  done
}

# Prints the rules of backend $1.
saved_rules() {
  "$1-save" || {
    say "$1-save failed, so its chains were not looked at"
    return 1
  }
}

# Gives rules on stdin to backend $1.
restore_rules() {
  case $1 in
    *-nft) timeout -k 5 120 "$1-restore" ${2+"$2"} ;;
    *) timeout -k 5 120 "$1-restore" ${2+"$2"} -w 10 ;;
  esac
}

purge_chains() {
  done_any=64
  for tool in $(firewall_tools); do
    command -v "$tool-restore" >/dev/null || continue
    rules=$(saved_rules "$tool") || return
    script=$(printf '%s\n' "$rules" | purge_script)
    [ -n "$script" ] || continue
    say "$tool: removing $(printf '%s\n' "$script" | grep -c '^-X') chains"
    printf '%s\n' "$script" | restore_rules "$tool" --noflush || return
    done_any=0
  done
  return "$done_any"
}

# Rules go before the sets that they use. What is not there is no failure.
purge_firewall() {
  purged=64
  for part in purge_nft_tables purge_chains purge_ipsets purge_ipvs; do
    "$part"
    rc=$?
    case $rc in 0) purged=0 ;; 64) ;; *) return "$rc" ;; esac
  done
  return "$purged"
}

# Backend and number of our chains, for each backend that has some.
count_chains() {
  for tool in $(firewall_tools); do
    rules=$(saved_rules "$tool") || return
    script=$(printf '%s\n' "$rules" | purge_script)
    [ -n "$script" ] || continue
    count=$(printf '%s\n' "$script" | grep -c '^-X')
    [ "$count" -gt 0 ] || count=$(printf '%s\n' "$script" | grep -c '^-D') # rules without a chain
    echo "$tool $count"
  done
}
