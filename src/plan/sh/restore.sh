# --- restore: back to what a reset kept copies of ---------------------------------------------------------------------
# Fails where $FROM is not the backup folder of a run.
check_backup() {
  [ -d "$FROM" ] && return
  say "there is no $FROM on this node; runs with copies:$(cd "${FROM%/*}" && for run in *; do [ ! -d "$run" ] || printf ' %s' "$run"; done)"
  return 1
}

restore_containerd_config() {
  if [ ! -f "$FROM/containerd-config.toml" ]; then
    say "that run did not change containerd's config"
    return 64
  fi
  CONFIG=$(cat "$FROM/containerd-config.toml" && printf x) || return
  CONFIG=${CONFIG%x}
  write_containerd_config
}

# The rules of each backend as they were; chains that were made since are gone afterwards. Of nftables, ipsets and IPVS
# what is Kubernetes'.
restore_firewall() {
  any=64
  for file in ipset.sets nft.tables ipvs.services; do
    [ ! -s "$FROM/$file" ] || any=0
  done
  restore_sets "$FROM" || return
  for rules in "$FROM"/*.rules; do
    [ -s "$rules" ] || continue
    tool=${rules##*/}
    tool=${tool%.rules}
    command -v "$tool-restore" >/dev/null || {
      say "$tool-restore is not on this node any more, so $rules is not put back"
      return 1
    }
    "$tool-restore" <"$rules" || return
    any=0
  done
  restore_ipvs "$FROM" || return
  [ "$any" -eq 0 ] || say "that run kept no rules"
  return "$any"
}
