# --- launcher: the node owns the phase -----------------------------------------------------------------------
launch_write() {
  if [ ! -d /run/systemd/system ]; then
    say "systemd does not run this machine, and kubelet and containerd could not be managed"
    return 1
  fi
  umask 077
  mkdir -p /run/kfleet && chmod 0700 /run/kfleet && printf %s "$SCRIPT" >"$BASE.sh" && : >"$BASE.out"
}

# The shell appends to the file by itself: systemd's own append: needs version 240, and RHEL 8 has 239.
# The script goes when the phase is over (a join's holds the token); what it printed stays for who comes back. $1… are
# the script's arguments.
launch_start() {
  # The phase before this one may have ended a moment ago and still be cleaning up.
  wait_until 100 0.1 phase_is_not deactivating
  # What an earlier run has armed must not go off in this one, and only a new connection of that run may take it back.
  # Where another run is at work it is that one's, and ours is refused below.
  case $(systemctl show -p ActiveState --value kfleet.service) in
    inactive | failed)
      if [ -e "$FIREWALL/armed" ]; then
        rm -f -- "$BASE.sh"
        say "a run before this one has changed the firewall and not come back, so the old rules return any moment; try again in two minutes"
        return 1
      fi
      settle_firewall || return
      ;;
  esac
  if ! answer=$(systemd-run --quiet --unit=kfleet --collect --description="$WHAT" \
    --setenv=KFLEET_PEER="$PEER" -p ExecStopPost="/bin/rm -f $BASE.sh $BASE.yaml /run/kfleet/join.yaml" \
    /bin/sh -c 'out=$1; shift; exec /bin/sh "$0" "$@" >>"$out" 2>&1' "$BASE.sh" "$BASE.out" "$@" 2>&1); then
    rm -f -- "$BASE.sh"
    say "could not be started: $answer"
    systemctl show -p Description -p ActiveEnterTimestamp kfleet.service
    return 1
  fi
}

# tail ends by itself when the phase does. Where another phase has the unit by now, ours is over. What tail itself has to
# say must not be counted among the bytes of the phase: the next connection follows from their number.
launch_follow() {
  pid=0
  what=$(systemctl show -p Description --value kfleet.service) || return 1
  case $what in
    *" $ID") pid=$(systemctl show -p MainPID --value kfleet.service) || return 1 ;;
  esac
  if [ "$pid" -gt 0 ]; then
    tail -c "+$((OFFSET + 1))" -f -s 0.1 --pid="$pid" -- "$BASE.out" 2>/dev/null
  else
    tail -c "+$((OFFSET + 1))" -- "$BASE.out" 2>/dev/null
  fi
}
