# --- firewall ----------------------------------------------------------------------------------------------------
# From iptables-save on stdin: per table one transaction that empties our chains, deletes every jump to them from
# chains of others, and then deletes them. -F and -X alone fail while a jump remains. Chains and jumps are compared as
# parsed words: a user's rule whose comment mentions KUBE- stays.
# CNI- chains are podman's as well: they stay where CNI is shared.
purge_script() {
  if cni_is_shared; then shared=1; else shared=0; fi
  awk -v shared="$shared" '
    function ours(chain) {
      if (chain ~ /^CNI-/) return !shared
      return chain ~ /^(KUBE-|FLANNEL-|cali-|CILIUM_|OLD_CILIUM_|WEAVE)/
    }
    /^\*/ { table = $0; chains = 0; jumps = 0 }
    /^:/ { chain = substr($1, 2); if (ours(chain)) ours_here[++chains] = chain }
    /^-A / && !ours($2) {
      words = $0
      gsub(/"([^"\\]|\\.)*"/, "\"\"", words)
      n = split(words, word, " ")
      for (i = 3; i < n; i++) if ((word[i] == "-j" || word[i] == "-g") && ours(word[i + 1])) { jump[++jumps] = "-D" substr($0, 3); break }
    }
    /^COMMIT/ && chains {
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

purge_firewall() {
  done_any=64
  for tool in $(firewall_tools); do
    command -v "$tool-restore" >/dev/null || continue
    rules=$("$tool-save") || {
      say "$tool-save failed, so its chains were not looked at"
      return 1
    }
    script=$(printf '%s\n' "$rules" | purge_script)
    [ -n "$script" ] || continue
    say "$tool: removing $(printf '%s\n' "$script" | grep -c '^-X') chains"
    case $tool in
      *-nft) printf '%s\n' "$script" | "$tool-restore" --noflush || return ;;
      *) printf '%s\n' "$script" | "$tool-restore" --noflush -w 10 || return ;;
    esac
    done_any=0
  done
  return "$done_any"
}

# Backend and number of our chains, for each backend that has some.
count_chains() {
  for tool in $(firewall_tools); do
    rules=$("$tool-save") || return
    count=$(printf '%s\n' "$rules" | purge_script | grep -c '^-X')
    [ "$count" -eq 0 ] || echo "$tool $count"
  done
}
