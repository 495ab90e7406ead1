# --- units and processes -----------------------------------------------------------------------------------------
# 76 where this machine is not to be changed, or lacks what makes deleting safe.
check_worker() {
  check_role || return
  for tool in readlink stat awk sort cut sed wc find rm unshare mount umount timeout systemctl; do
    command -v "$tool" >/dev/null || {
      say "refused: $tool is missing on this node, and without it deleting cannot be made safe"
      return 76
    }
  done
}

# (ALONE is set, to nothing, where the script is run by hand and has no options to speak of.)
# 76 where the containerd whose state is to be removed serves anybody but Kubernetes: running, stopped, or only images.
check_containerd_is_ours() {
  sharers=$(containerd_sharers) || {
    say "refused: what others keep in containerd could not be listed"
    return 76
  }
  [ -n "$sharers" ] || return 0
  say "refused: others use this containerd ($(printf '%s\n' "$sharers" | in_a_row))${ALONE-; with --allow-shared-runtime only the share of Kubernetes is removed}"
  return 76
}

# Whether it is loaded does not matter: a masked unit can run.
stop_unit() {
  case $(systemctl show -p ActiveState --value "$UNIT") in
    inactive | failed) return 64 ;;
    '')
      say "systemctl does not say whether $UNIT runs"
      return 1
      ;;
  esac
  timeout -k 5 90 systemctl stop "$UNIT" && return 0
  say "$UNIT does not stop; killing its processes"
  systemctl kill --signal=KILL "$UNIT"
  timeout -k 5 30 systemctl stop "$UNIT"
}

restart_unit() { timeout -k 5 90 systemctl restart "$1"; }

# Copies of what a reset removes and an admin may have put there himself, made once for a run: its second phase would
# find what the first has left, and cp would write through links that are among the copies.
backup() {
  (umask 077 && mkdir -p "$BACKUP") || return
  if [ ! -e "$BACKUP/complete" ]; then
    for path in /etc/kubernetes /etc/cni/net.d /var/lib/kubelet/config.json /var/lib/kubelet/seccomp; do
      [ ! -e "$path" ] || copy_path "$path" || return
    done
    save_firewall "$BACKUP" && : >"$BACKUP/complete" || return
  fi
  say "copies are in $BACKUP"
}

# Of a folder what is in it, also where its name is a link. What an earlier try that was cut off has copied makes way.
copy_path() {
  copy=$BACKUP$1
  from=$1
  [ ! -d "$1" ] || from=$1/.
  kilobytes=$(timeout -k 1 20 du -skx -- "$from" | cut -f1)
  if [ "${kilobytes:-999999}" -gt 65536 ]; then
    say "$1 is too large to be copied, so it is not in $BACKUP"
    return 1
  fi
  tries=0
  while [ -e "$copy" ] || [ -L "$copy" ]; do
    tries=$((tries + 1))
    [ -e "$copy.cut-off-$tries" ] || [ -L "$copy.cut-off-$tries" ] || mv -- "$copy" "$copy.cut-off-$tries" || return
  done
  umask 077
  if [ -d "$1" ]; then mkdir -p -- "$copy"; else mkdir -p -- "${copy%/*}"; fi && cp -a -x -- "$from" "$copy"
}

reload_units() {
  timeout 60 systemctl daemon-reload || return
  systemctl reset-failed kubelet.service containerd.service 2>/dev/null # fails where neither had failed
  systemctl enable --quiet kubelet.service
}

# Pods go while containerd and the CNI plugins are still there to take them down.
remove_pods() {
  command -v crictl >/dev/null || return 64
  pods=$(timeout -k 1 30 crictl -r "$CRI_SOCKET" --timeout 20s pods -q) || return
  [ -n "$pods" ] || return 64
  timeout -k 5 120 crictl -r "$CRI_SOCKET" --timeout 60s rmp -fa
}

# Containers survive containerd by design. They are found by kubelet's cgroups, then by being children of a shim of
# the namespace k8s.io; never by a pattern over command lines.
kill_pods() {
  found=64
  set -- /sys/fs/cgroup/kubepods.slice /sys/fs/cgroup/kubepods
  # Below each controller, in version 1; in version 2 these would be another node's, in a container of this one.
  [ -e /sys/fs/cgroup/cgroup.controllers ] || set -- "$@" /sys/fs/cgroup/*/kubepods.slice /sys/fs/cgroup/*/kubepods
  for group in "$@"; do
    [ ! -d "$group" ] || kill_group "$group"
  done
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    case $(readlink "$process/exe") in */containerd-shim-runc-v[12]*) ;; *) continue ;; esac # maybe " (deleted)"
    words=$(tr '\0' '\n' <"$process/cmdline")
    printf '%s\n' "$words" | grep -A1 -x -e -namespace | grep -q -x k8s.io || continue
    printf '%s\n' "$words" | grep -A1 -x -e -address | grep -q -x "${CRI_SOCKET#unix://}" || continue # k3s has its own
    found=0
    # What a container's first process leaves behind becomes a child of the shim.
    gone children_of "$pid"
    kill -9 "$pid"
  done
  # Only now are the cgroups empty. systemd takes its slice out of its own hierarchy; runc's of version 1 stay.
  case $(systemctl show -p ActiveState --value kubepods.slice) in
    active) timeout -k 5 60 systemctl stop kubepods.slice && found=0 ;;
  esac
  for group in "$@"; do
    [ ! -d "$group" ] || { find "$group" -depth -type d -exec rmdir {} + && found=0; }
  done
  return "$found"
}

# Kills all in cgroup $1 and below. Version 2 has a file for it from Linux 5.14 on; a frozen group of version 1 must thaw
# before its processes can die.
kill_group() {
  [ -n "$(pids_of "$1")" ] || return 0
  found=0
  if [ -w "$1/cgroup.kill" ]; then
    echo 1 >"$1/cgroup.kill"
  else
    find "$1" -name freezer.state | while IFS= read -r state; do echo THAWED >"$state"; done
  fi
  gone pids_of "$1"
}
pids_of() { find "$1" -name cgroup.procs -exec cat {} +; }
children_of() { # through cat, as processes come and go
  cat /proc/[0-9]*/status 2>/dev/null | awk -v parent="$1" '/^Pid:/ { pid = $2 } /^PPid:/ && $2 == parent { print pid }'
}

# Kills what the command prints until it prints nothing more, for 5 s at most: mounts are busy until processes are gone.
gone() {
  left=50
  while pids=$("$@") && [ -n "$pids" ] && [ "$left" -gt 0 ]; do
    for pid_to_kill in $pids; do kill -9 "$pid_to_kill"; done
    left=$((left - 1))
    sleep 0.1
  done
}
