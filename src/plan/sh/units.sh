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

# 76 where the containerd whose state is to be removed serves anybody but Kubernetes: running, stopped, or only images.
check_containerd_is_ours() {
  for namespace in /run/containerd/io.containerd.runtime.v*/* /var/lib/containerd/io.containerd.runtime.v*/*; do
    [ -d "$namespace" ] && [ "${namespace##*/}" != k8s.io ] && [ -n "$(ls -A -- "$namespace")" ] || continue
    say "refused: containerd also runs containers of ${namespace##*/}, which are not Kubernetes' ($namespace)"
    return 76
  done
  if names=$(timeout -k 1 15 ctr --address "${CRI_SOCKET#unix://}" namespaces ls -q 2>/dev/null); then
    for name in $names; do
      [ "$name" != k8s.io ] || continue
      things=$(in_namespace "$name" containers) && images=$(in_namespace "$name" images) || {
        say "refused: what containerd keeps for $name could not be listed"
        return 76
      }
      [ -n "$things$images" ] || continue
      say "refused: containerd also keeps containers or images of $name, which are not Kubernetes'"
      return 76
    done
  elif grep -qaE 'moby|buildkit|nerdctl' /var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db 2>/dev/null; then
    say "refused: containerd does not answer, and its metadata name Docker, BuildKit or nerdctl"
    return 76
  fi
  case $(systemctl show -p ActiveState --value docker.service) in
    inactive | failed) ;;
    *)
      say "refused: docker is running, or whether it is could not be told, and its containers may live in this containerd"
      return 76
      ;;
  esac
}

in_namespace() { timeout -k 1 15 ctr --address "${CRI_SOCKET#unix://}" --namespace "$1" "$2" ls -q; }

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

# Copies of what a reset removes and an admin may have put there himself.
backup() {
  (umask 077 && mkdir -p "$BACKUP") || return
  for path in /etc/kubernetes /etc/cni/net.d /var/lib/kubelet/config.json /var/lib/kubelet/seccomp; do
    [ -e "$path" ] || continue
    kilobytes=$(timeout -k 1 20 du -skx -- "$path" | cut -f1)
    if [ "${kilobytes:-999999}" -gt 65536 ]; then
      say "$path is too large to be copied, so it is not in $BACKUP"
      return 1
    fi
    copy=$BACKUP$path
    (umask 077 && mkdir -p -- "${copy%/*}") && cp -a -x -- "$path" "${copy%/*}/" || return
  done
  for tool in $(firewall_tools); do
    "$tool-save" >"$BACKUP/$tool.rules" || return
  done
  say "copies are in $BACKUP"
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
  killed=
  for group in /sys/fs/cgroup/kubepods.slice /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods.slice /sys/fs/cgroup/*/kubepods; do
    [ -d "$group" ] || continue
    pids=$(find "$group" -name cgroup.procs -exec cat {} +)
    for pid in $pids; do
      kill -9 "$pid" && found=0 && killed="$killed $pid"
    done
  done
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    case $(readlink "$process/exe") in */containerd-shim-runc-v[12]*) ;; *) continue ;; esac # maybe " (deleted)"
    words=$(tr '\0' '\n' <"$process/cmdline")
    printf '%s\n' "$words" | grep -A1 -x -e -namespace | grep -q -x k8s.io || continue
    printf '%s\n' "$words" | grep -A1 -x -e -address | grep -q -x "${CRI_SOCKET#unix://}" || continue # k3s has its own
    children=$(awk -v parent="$pid" '/^Pid:/ { pid = $2 } /^PPid:/ && $2 == parent { print pid }' /proc/[0-9]*/status 2>/dev/null)
    for child in $children; do
      kill -9 "$child" && killed="$killed $child"
    done
    kill -9 "$pid" && found=0
  done
  # Their mounts are busy until they are gone.
  left=50
  for pid in $killed; do
    while [ "$left" -gt 0 ] && [ -d "/proc/$pid" ]; do
      left=$((left - 1))
      sleep 0.1
    done
  done
  return "$found"
}
