# --- launcher: the node owns the phase -----------------------------------------------------------------------
# Room for marks, in bytes: a file system that fills up while the phase runs does not take its last words from it.
ROOM=1048576

launch_write() {
  if [ ! -d /run/systemd/system ]; then
    say "systemd does not run this machine, and kubelet and containerd could not be managed"
    return 1
  fi
  umask 077
  # An inventory that has one machine under two names would have two phases of one name on it.
  if ! mkdir -p /run/kfleet || ! chmod 0700 /run/kfleet || [ -e "$BASE.out" ] || ! (set -C && : >"$BASE.out"); then
    say "nothing was started: $BASE.out is there already or cannot be made; is this machine in the inventory twice?"
    return 1
  fi
  if said=$({ reserve_room && printf %s "$SCRIPT" >"$BASE.sh" && printf '%s\n' "$NOTE" >"$BASE.json"; } 2>&1); then
    return
  fi
  not_started "nothing was started, as the phase could not be written to /run/kfleet (is it full?): $said"
}

# Says why, and takes back what was written for it.
not_started() {
  rm -f -- "$BASE.sh" "$BASE.json" "$BASE.out"
  say "$1"
  return 1
}

# Not every file system can; where one can, a full one refuses.
reserve_room() {
  ! room=$(fallocate -n -l "$ROOM" -- "$BASE.out" 2>&1) || return 0
  case $room in *'No space'*) echo "$room" && return 1 ;; esac
}

# The shell appends to the file by itself: systemd's own append: needs version 240, and RHEL 8 has 239.
# The script goes when the phase is over (a join's holds the token); what it printed stays for who comes back, and the room
# that it did not need is given back. $1… are the script's arguments.
launch_start() {
  # The phase before this one may have ended a moment ago and still be cleaning up.
  wait_until 100 0.1 phase_is_not deactivating
  # A look that was taken long ago, by a kfleet that was away meanwhile, decides nothing any more.
  if [ -n "$STAMP" ] && [ "$(stamp "$BASE.json")" != "$STAMP" ]; then
    not_started "nothing was started: since it was looked at it has booted, or somebody has joined it or run a phase on it"
    return 65
  fi
  # What an earlier run has armed must not go off in this one, and only a new connection of that run may take it back.
  # Where another run is at work it is that one's, and ours is refused below.
  case $(systemctl show -p ActiveState --value kfleet.service) in
    inactive | failed)
      if [ -e "$FIREWALL/armed" ]; then
        not_started "a run before this one has changed the firewall and not come back, so the old rules return any moment; try again in two minutes"
        return
      fi
      settle_firewall || {
        not_started "what an earlier run has left in $FIREWALL could not be removed"
        return
      }
      ;;
  esac
  for going_down in kfleet-reboot.timer kfleet-reboot.service; do
    case $(systemctl show -p ActiveState --value "$going_down") in
      active | activating | deactivating)
        not_started "this machine is about to boot anew; try again when it is back"
        return
        ;;
    esac
  done
  if ! answer=$(systemd-run --quiet --unit=kfleet --collect --description="$WHAT" \
    --setenv=KFLEET_PEER="$PEER" --setenv=KFLEET_HALT="$BASE.stop" \
    -p ExecStopPost="/bin/rm -f $BASE.sh $BASE.stop $BASE.yaml /run/kfleet/join.yaml" \
    -p ExecStopPost="-/usr/bin/truncate -s +0 $BASE.out" \
    /bin/sh -c 'out=$1; shift; exec /bin/sh "$0" "$@" >>"$out" 2>&1' "$BASE.sh" "$BASE.out" "$@" 2>&1); then
    if phase_is_not active activating; then
      not_started "could not be started: $answer"
      return
    fi
    what=$(systemctl show -p Description --value kfleet.service)
    case $what in
      # The answer got lost, the order did not.
      *" $ID") return 0 ;;
      *" ${ID%-*}-"[0-9]*)
        not_started "nothing was started: an earlier phase of this run is at work"
        return 65
        ;;
    esac
    since=$(systemctl show -p ActiveEnterTimestamp --value kfleet.service)
    not_started "somebody else is at work on this node: $what, since $since"
  fi
}

# What was started before a boot ended with it, and left nothing to follow.
same_boot() {
  if [ -n "$BOOT" ] && [ "$(cat /proc/sys/kernel/random/boot_id)" != "$BOOT" ]; then
    say "the node has booted since"
    return 1
  fi
}

# A launch that never got here is kept from coming late: it begins with making this file. Where the boot that it was launched
# in is not known, it may have run in one before this.
never_launched() {
  [ -n "$BOOT" ] && [ ! -e "$BASE.out" ] && (umask 077 && mkdir -p /run/kfleet && set -C && : >"$BASE.out") 2>/dev/null ||
    return 0
  say "its launch did not get to the node"
  return 65
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
