# --- alone: what kfleet does around the phases, for one person at one console ------------------------------------------
# The work is done by the unit kfleet.service: that name is the lock of every kfleet, systemd keeps it, and it cannot go
# stale as a folder or a file with a process id could; and the work outlives this terminal.

# Where the script begins: $1… are the words of its user.
alone() {
  case ${1-} in -h | --help) usage && return ;; esac
  alone_file || return
  case $TASK in
    'a join')
      case $#:${1-} in
        0: | 1:)
          usage >&2
          return 2
          ;;
        1:-) set -- "$(cat)" ;;
      esac
      parse_join_command "$*" >&2 && only_containerd >&2 || return 2
      ;;
    *)
      [ "$#:${1-}" = 1:--yes ] || {
        usage >&2
        return 2
      }
      ;;
  esac
  if [ "$(id -u)" -ne 0 ]; then
    say "this needs root: sudo sh $0 …" >&2
    return 2
  fi
  if [ ! -d /run/systemd/system ]; then
    say "refused: systemd does not run this machine, and kubelet and containerd could not be managed"
    return 3
  fi
  hand_over && watch_unit
}

# kubeadm takes the socket without its scheme too, and /var/run is /run.
only_containerd() {
  case ${SOCKET#unix://} in
    "${CRI_SOCKET#unix://}" | "/var${CRI_SOCKET#unix://}") return ;;
  esac
  say "the join command has --cri-socket $SOCKET; only the containerd behind $CRI_SOCKET can be reset and repaired here"
  return 1
}

# The comment that this file begins with.
usage() { sed -n '2,/^[^#]/{ /^#/!d; /^# shellcheck/d; s/^# \{0,1\}//; p; }' "$0" 2>/dev/null || echo "usage: sudo sh FILE …"; }

# Steps go on in namespaces of their own by running this file again, so there must be one.
alone_file() {
  [ -f "$0" ] && head -n 2 "$0" | grep -q '^# kfleet .*: stand-alone' && return
  say "this script runs itself again for what it does apart, so it must be a file: save it, then run: sudo sh FILE …" >&2
  return 2
}

# Writes what the unit needs, and starts it.
hand_over() {
  umask 077
  ID=$(date -u +%Y%m%dt%H%M%Sz)-$$
  BASE=/run/kfleet/$ID
  # shellcheck disable=SC2034 # for another part
  WHAT="kfleet: $TASK by the stand-alone script, $ID"
  PEER=$(remote_peer)
  mkdir -p /run/kfleet && chmod 0700 /run/kfleet || return 1
  if [ "$TASK" = "a join" ]; then
    command -v kubeadm >/dev/null || {
      say "refused: kubeadm is not installed here"
      return 3
    }
    version=$(timeout -k 1 20 kubeadm version -o short) && api_version=$(configuration_version "$version") || {
      say "refused: kubeadm here is ${version:-silent about its version}; kfleet knows v1.15 and later"
      return 3
    }
    join_configuration "$api_version" >"$BASE.yaml" || return 1
  fi
  cp -- "$0" "$BASE.sh" && : >"$BASE.out" && launch_start inside alone_unit "$ID" "$PEER" "${ENDPOINT-}" && return
  phase_is_not active activating || say "refused: kfleet is at work on this machine already; let that come to its end first"
  rm -f -- "$BASE.sh" "$BASE.yaml" "$BASE.out"
  return 3
}

# Prints whence this terminal is reached over SSH: "unknown" where that is hidden, nothing on a console. sudo drops the
# variable, so it is looked for in the processes above; a terminal multiplexer may hide whoever is behind it.
remote_peer() {
  [ -z "${SSH_CONNECTION-}" ] || {
    printf '%s\n' "${SSH_CONNECTION%% *}"
    return
  }
  process=$$
  hidden=
  while [ "${process:-0}" -gt 1 ]; do
    found=$(tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=\([^ ]*\).*/\1/p' | head -n 1)
    if [ -n "$found" ]; then
      printf '%s\n' "$found"
      return
    fi
    { read -r name <"/proc/$process/comm"; } 2>/dev/null || name=
    case $name in sshd* | dropbear* | mosh-server* | tmux* | screen* | SCREEN*) hidden=unknown ;; esac
    process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status" 2>/dev/null)
  done
  printf '%s\n' "$hidden"
}

# Shows what the unit prints until it ends; the result is what it wrote at its end.
watch_unit() {
  echo "kfleet: at work as kfleet.service; all that it prints is also in $BASE.out"
  interrupts=0
  trap 'interrupted' INT TERM
  # shellcheck disable=SC2034 # for another part
  OFFSET=0
  {
    launch_follow
    : >"$BASE.followed"
  } &
  follower=$!
  until [ -e "$BASE.followed" ]; do
    [ ! -e "$BASE.ask" ] || ask_to_keep
    sleep 0.2
  done
  trap - INT TERM
  rm -f -- "$BASE.followed" "$BASE.ask" "$BASE.stop" "$BASE.keep" "$BASE.said"
  if [ ! -s "$BASE.end" ]; then
    say "the work was killed before its end, so what it was at may be half done; run this again, it looks first"
    return 1
  fi
  read -r code <"$BASE.end"
  rm -f -- "$BASE.end"
  return "$code"
}

interrupted() {
  interrupts=$((interrupts + 1))
  if [ "$interrupts" -gt 1 ]; then
    echo
    leave_terminal
    say "kfleet.service finishes its step and stops by itself; see $BASE.out"
    exit 130
  fi
  : >"$BASE.stop"
  echo
  say "the step that runs is brought to its end, and nothing is started after it (Ctrl-C again leaves without waiting)"
}

# Nothing is printed there any more, and it is as it was.
leave_terminal() {
  followers=$(children_of "$follower")
  # shellcheck disable=SC2086 # numbers; one may have ended by itself
  kill "$follower" $followers 2>/dev/null
  [ -z "${saved-}" ] || stty "$saved" </dev/tty
}

# Over SSH, new firewall rules are kept only if they let somebody in. $BASE.keep says yes; the unit waits for it.
ask_to_keep() {
  rm -f -- "$BASE.ask"
  # nobody may be there to be asked
  { saved=$(stty -g </dev/tty); } 2>/dev/null || return
  echo
  say "the firewall has new rules. Log in to this machine once more from elsewhere; if that works, press Enter here to keep them. Without it the old ones return in $ROLLBACK_SECONDS s."
  stty -icanon min 0 time 5 </dev/tty
  ask_until=$(($(date +%s) + ROLLBACK_SECONDS - 2))
  while [ "$(date +%s)" -lt "$ask_until" ] && [ ! -e "$BASE.followed" ]; do
    pressed=$(dd bs=1 count=1 </dev/tty 2>/dev/null | tr -cd '\n\r' | wc -c)
    if [ "${pressed:-0}" -gt 0 ]; then # nothing where Ctrl-C came in between
      : >"$BASE.keep"
      break
    fi
  done
  stty "$saved" </dev/tty
}

# --- in the unit: $1 the id, $2 whence its user is connected, $3 the API server that the command names ---------------------
alone_unit() {
  umask 022
  ID=$1 PEER=$2 WANTED=$3
  BASE=/run/kfleet/$ID
  # shellcheck disable=SC2034 # for another part
  BACKUP=/var/lib/kfleet/backup/$ID
  KFLEET_PEER=$PEER
  [ "$PEER" != unknown ] || KFLEET_PEER=
  export KFLEET_PEER
  reset_any=no
  before=$(all_protected)
  if [ "$TASK" = "a join" ]; then alone_join; else reset_to "$TASK" && tell "this node is reset: every step of the $TASK reset ended well"; fi
  code=$?
  [ "$reset_any" = no ] || compare_protected || code=1
  case $code in 0 | 1 | 3 | 130) ;; 76) code=3 ;; *) code=1 ;; esac
  case $code in 3) tell "refused; the lines above say why" ;; 130) tell "stopped as asked, between two steps; run this again to go on" ;; esac
  printf '%s\n' "$code" >"$BASE.end.new" && mv -- "$BASE.end.new" "$BASE.end"
  return "$code"
}

tell() { printf '\n%s\n' "$*"; }

# The ladder: nothing is reset unless a look has just found that this is no healthy member, and that a join can succeed.
alone_join() {
  level=none
  attempt=0
  waited=
  look
  tell "look: $SEEN"
  while :; do
    if may_pass; then
      wake || return
      [ "$attempt:$LOOK" = 0:fresh ] || [ "$LOOK" != fresh ] || LOOK=half
      continue
    fi
    case $LOOK in
      member)
        case $attempt:$waited in
          0:) tell "nothing to do: $SEEN" ;;
          0:*) tell "nothing more to do: $SEEN" ;;
          *) tell "kubeadm failed, but $SEEN" ;;
        esac
        return
        ;;
      stop | unknown)
        tell "this is no node to be reset for a join. $(so_far)."
        return 1
        ;;
    esac
    ready && enable_cri || return
    if [ "$LOOK" != fresh ]; then
      climb || return
      continue
    fi
    attempt=$((attempt + 1))
    # shellcheck disable=SC2034 # for another part
    BEGAN=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    tell "attempt $attempt: join the cluster at $WANTED"
    waited=
    attempt_join && {
      prove
      return
    }
    rc=$?
    case $rc in 76 | 130) return "$rc" ;; esac
    if why=$(no_reset_helps "$BASE.said"); then
      tell "this node has not joined: $why. $(so_far), as that would not help."
      return 1
    fi
    look
    case $LOOK in
      fresh) LOOK=half ;; # so that a reset comes before the next attempt
      member | half) ;;
      *) tell "look: $SEEN" ;;
    esac
  done
}

so_far() { if [ "$reset_any" = no ]; then echo "It was not reset"; else echo "It was reset before this ($level), and is not reset again"; fi; }

# The next level, and the reset.
climb() {
  case $level in
    none) level=gentle ;;
    gentle) level=aggressive ;;
    *)
      tell "this node has not joined, after resets of all levels; what kubeadm said last is above, and the kubelet's own words are in: journalctl -u kubelet"
      return 1
      ;;
  esac
  tell "reset: $level"
  reset_to "$level" || return
  LOOK=fresh
}

reset_to() {
  if [ "$1" = aggressive ]; then choose_containerd_config || return; fi
  reset_any=yes
  "phase_$1" || return
  [ "$1" != aggressive ] || settle_rules
}

# Success is the Node of this machine, reporting.
prove() {
  printf '==> wait for the Node'
  SEEN="it is not there"
  if ! command -v kubectl >/dev/null; then
    SEEN="kubectl is not installed here"
  elif wait_until 100 3 registered_or_stopped; then
    if [ -e "$BASE.stop" ]; then
      printf ': stopped\n'
      return 130
    fi
    printf ': done\n'
    tell "joined after $attempt attempt$([ "$attempt" -eq 1 ] || echo s): $SEEN"
    return
  fi
  printf ': FAILED\n'
  tell "kubeadm ended well, but that this node is a healthy member is not proven: $SEEN; look on the control plane: kubectl get nodes"
  return 1
}

# --- one step ------------------------------------------------------------------------------------------------------------
# $1 its place, $2 its title, $3 its function. Prints the title before, the result behind, and between them what it said.
must() {
  take_step "$@"
  case $rc in 0 | 64) return 0 ;; esac
  return "$rc"
}
may() {
  take_step "$@"
  case $rc in 76 | 130) return "$rc" ;; esac
  return 0
}
take_step() {
  rc=130
  [ ! -e "$BASE.stop" ] || return 0
  printf '==> [%s] %s' "$1" "$2"
  ("$3") >"$BASE.said" 2>&1
  rc=$?
  [ ! -s "$BASE.said" ] || { echo && sed 's/^/      /' "$BASE.said"; }
  step_result
}

# The same for what takes minutes: its output is shown as it comes.
watch() {
  rc=130
  [ ! -e "$BASE.stop" ] || return "$rc"
  printf '==> [%s] %s\n' "$1" "$2"
  written=$(wc -c <"$BASE.out")
  ("$3")
  rc=$?
  tail -c "+$((written + 1))" "$BASE.out" >"$BASE.said"
  step_result
  return "$rc"
}

# Behind the title where nothing was said, else in a line of its own.
step_result() {
  case $rc in
    0) result='done' ;;
    64) result="nothing to do" ;;
    76) result=REFUSED ;;
    124 | 137) result="FAILED: it took too long" ;;
    *) result="FAILED (status $rc)" ;;
  esac
  if [ -s "$BASE.said" ]; then printf '    %s\n' "$result"; else printf ': %s\n' "$result"; fi
}

# --- the firewall's way back ---------------------------------------------------------------------------------------------
# On a console nobody can be locked out. Over SSH the new rules are kept if whoever watches says that they let him in; else
# the old ones are put back here and now, as the timer would wait for this unit to end.
settle_rules() {
  [ -e "$FIREWALL/armed" ] || return 0
  if [ -n "$PEER" ]; then
    : >"$BASE.ask"
    if ! wait_until "$ROLLBACK_SECONDS" 1 test -e "$BASE.keep"; then
      roll_back_now "$FIREWALL/copies" "$FIREWALL/copies"
      disarm_firewall >/dev/null
      tell "nobody confirmed the new firewall rules, so the old ones are back; run this again from a console, or answer in time"
      return 1
    fi
  fi
  state=$(disarm_firewall)
  [ "$state" = disarmed ] && return
  tell "the timer that restores the firewall could not be taken back ($state), so the old rules are or will be back"
  return 1
}

# --- protected paths before and after ---------------------------------------------------------------------------------
all_protected() {
  set -f
  old_ifs=$IFS
  IFS=$NEWLINE
  # shellcheck disable=SC2086 # a line each
  set -- $PROTECT
  IFS=$old_ifs
  set +f
  probe_protected yes "$@"
}

# Fails where one is another folder now, has other mounts, or fewer entries than in $before.
compare_protected() {
  after=$(all_protected)
  worse=$(printf '%s\n.\n%s\n' "$before" "$after" | awk '
    function path() { return substr($0, length($1 $2 $3 $4) + 5) }
    $0 == "." { second = 1; next }
    !second { inode[path()] = $1; top[path()] = $2; all[path()] = $3; mounts[path()] = $4; next }
    inode[path()] == "absent" { next }
    inode[path()] == "silent" || $1 != inode[path()] || $4 != mounts[path()] ||
      ($2 != "-" && top[path()] != "-" && $2 + 0 < top[path()] + 0) || ($3 != "-" && all[path()] != "-" && $3 + 0 < all[path()] + 0) {
      print path()
    }') || worse="all of them, as they could not be compared"
  if [ -n "$worse" ]; then
    tell "these protected paths are not as they were, or did not answer: $(printf '%s\n' "$worse" | in_a_row)"
    return 1
  fi
  tell "protected paths are as they were: $(printf '%s\n' "$PROTECT" | in_a_row)"
}
