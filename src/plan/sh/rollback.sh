# --- rollback: a timer that restores the firewall unless kfleet comes back ----------------------------------------------
# Copies of all rules, and of the tables, sets and services that are Kubernetes', into folder $1.
save_firewall() {
  for tool in $(firewall_tools); do
    saved_rules "$tool" >"$1/$tool.rules" || return
  done
  save_nft_tables >"$1/nft.tables" && save_ipsets >"$1/ipset.sets" && save_ipvs >"$1/ipvs.services"
}

# Whether there is anything of Kubernetes' in the copies in folder $1.
firewall_is_ours() {
  for file in nft.tables ipset.sets ipvs.services; do
    [ ! -s "$1/$file" ] || return 0
  done
  for tool in $(firewall_tools); do
    [ -s "$1/$tool.rules" ] || continue
    [ -z "$(purge_script <"$1/$tool.rules")" ] || return 0
  done
  return 1
}

# Saved anew, as rules may have changed since the phase began. Of a run that changes the firewall more than once (after a
# lost phase) the backup folder keeps what was there before the first time.
arm_firewall() {
  copies=$FIREWALL/copies
  settle_firewall && (umask 077 && mkdir -p "$BACKUP" "$copies") && rm -f -- "$copies"/* && save_firewall "$copies" || return
  firewall_is_ours "${FROM:-$copies}" || return 64
  if [ ! -e "$BACKUP/firewall-changed" ]; then
    cp -- "$copies"/* "$BACKUP/" && : >"$BACKUP/firewall-changed" || return
  fi
  (umask 077 && cp -- "$0" "$FIREWALL/restore.sh" && : >"$FIREWALL/armed") || return
  if ! answer=$(systemd-run --quiet --unit=kfleet-firewall --collect --on-active="$ROLLBACK_SECONDS" \
    --timer-property=AccuracySec=1s --description="kfleet: restore the firewall unless kfleet comes back" \
    /bin/sh "$FIREWALL/restore.sh" inside roll_back "$copies" "${FROM:-$copies}" 2>&1); then
    rm -f -- "$FIREWALL/armed"
    say "the timer that would restore the firewall could not be started, so the firewall stays as it is: $answer"
    return 1
  fi
  say "the old rules come back in $ROLLBACK_SECONDS s unless the new ones are confirmed"
}

# What the timer runs. A phase that is still at work has not given kfleet the time to come back.
roll_back() {
  if ! phase_is_not active; then
    wait_until 600 1 phase_is_not active
    sleep 30
  fi
  roll_back_now "$@"
}

roll_back_now() {
  mv -- "$FIREWALL/armed" "$FIREWALL/fired" || return 0 # disarmed a moment ago
  say "kfleet did not come back, so the firewall's old rules do"
  undone=0
  [ "$1" = "$2" ] || purge_firewall || [ $? -eq 64 ] || undone=1 # what was put back goes first
  undo_purge "$1" "$2" || undone=1
  printf '%s\n' "$undone" >"$FIREWALL/ended.new" && mv -- "$FIREWALL/ended.new" "$FIREWALL/ended"
}

# Undoes purge_firewall with the copies in folder $1: sets first, then the rules that use them. Of iptables' rules only
# the tables that a purge of the copies in folder $2 changes are put back, each as a whole: so jumps stand again in their
# old places.
undo_purge() {
  failed=0
  restore_sets "$1" || failed=1
  for tool in $(firewall_tools); do
    [ -s "$1/$tool.rules" ] && [ -s "$2/$tool.rules" ] || continue
    tables=$(purge_script <"$2/$tool.rules" | sed -n '/^\*/p')
    [ -n "$tables" ] || continue
    TABLES=$tables awk '
      BEGIN { n = split(ENVIRON["TABLES"], names, "\n"); for (i = 1; i <= n; i++) changed[names[i]] = 1 }
      /^\*/ { keep = $0 in changed }
      keep' "$1/$tool.rules" | restore_rules "$tool" || failed=1
  done
  restore_ipvs "$1" || failed=1
  return "$failed"
}

# ipsets, before the rules that use them, and nftables tables that a purge removed.
restore_sets() {
  failed_sets=0
  if [ -s "$1/ipset.sets" ]; then timeout -k 5 60 ipset -exist restore <"$1/ipset.sets" || failed_sets=1; fi
  if [ -s "$1/nft.tables" ]; then timeout -k 5 60 nft -f "$1/nft.tables" || failed_sets=1; fi
  return "$failed_sets"
}
