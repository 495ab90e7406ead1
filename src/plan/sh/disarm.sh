# --- disarm: takes back the timer that would take the firewall change back ---------------------------------------------
# While it is armed, /run/kfleet/firewall/armed is there. Whoever renames that file has won: the timer's script, which
# then restores the old rules, or kfleet, which has shown by coming that the new ones let it in.
FIREWALL=/run/kfleet/firewall

# Says how it stands: none, disarmed, fired, or failed where the old rules could not all be restored.
disarm_firewall() {
  state=none
  if mv -- "$FIREWALL/armed" "$FIREWALL/disarmed" 2>/dev/null || [ -e "$FIREWALL/disarmed" ]; then
    state=disarmed
  elif [ -e "$FIREWALL/fired" ]; then
    wait_until 1200 0.1 test -e "$FIREWALL/ended" # as long as it may take
    state=failed
    if [ -e "$FIREWALL/ended" ] && [ "$(cat "$FIREWALL/ended")" = 0 ]; then state=fired; fi
  fi
  [ "$state" = none ] || timeout -k 1 20 systemctl stop kfleet-firewall.timer 2>/dev/null # gone already where it fired
  echo "$state"
}

# For what changes the node next: nothing of an earlier run may come back in the middle of it.
settle_firewall() {
  disarm_firewall >/dev/null
  for file in armed disarmed fired ended restore.sh; do
    rm -f -- "$FIREWALL/$file" || return
  done
}
