# --- common: what every script has ---------------------------------------------------------------------------------
say() { printf 'kfleet: %s\n' "$*"; }

# Waits until the command $3… succeeds: tries it at most $1 times, $2 seconds apart. 1 where it never does.
wait_until() {
  tries_left=$1
  pause=$2
  shift 2
  until "$@"; do
    tries_left=$((tries_left - 1))
    [ "$tries_left" -gt 0 ] || return 1
    sleep "$pause"
  done
}

# Whether the unit of phases is in none of the states $1….
phase_is_not() {
  phase_state=$(systemctl show -p ActiveState --value kfleet.service)
  for state_to_avoid in "$@"; do
    [ "$phase_state" != "$state_to_avoid" ] || return 1
  done
}
