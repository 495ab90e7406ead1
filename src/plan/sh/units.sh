# --- units and processes -----------------------------------------------------------------------------------------
# 76 where this machine carries a control plane or etcd: kfleet resets workers only.
check_worker() {
  for manifest in kube-apiserver etcd kube-controller-manager kube-scheduler; do
    if [ -e "/etc/kubernetes/manifests/$manifest.yaml" ]; then
      say "refused: /etc/kubernetes/manifests/$manifest.yaml is there, so this is a control-plane node"
      return 76
    fi
  done
  for tool in readlink stat awk sort cut sed wc find rm unshare mount umount timeout systemctl; do
    command -v "$tool" >/dev/null || {
      say "refused: $tool is missing on this node, and without it deleting cannot be made safe"
      return 76
    }
  done
}

# 76 where somebody else's containers live in the containerd whose state is to be removed.
check_containerd_is_ours() {
  for tasks in /run/containerd/io.containerd.runtime.v2.task/*/*; do
    [ -e "$tasks" ] || continue
    case $tasks in
      */k8s.io/*) ;;
      *)
        say "refused: containerd also runs ${tasks#/run/containerd/io.containerd.runtime.v2.task/}, which is not Kubernetes'"
        return 76
        ;;
    esac
  done
  if systemctl is-active --quiet docker.service; then
    say "refused: docker is running, and its containers may live in this containerd"
    return 76
  fi
}

stop_unit() {
  [ "$(systemctl show -p LoadState --value "$UNIT")" = loaded ] || return 64
  case $(systemctl show -p ActiveState --value "$UNIT") in inactive | failed) return 64 ;; esac
  timeout -k 5 90 systemctl stop "$UNIT" && return 0
  say "$UNIT does not stop; killing its processes"
  systemctl kill --signal=KILL "$UNIT"
  timeout -k 5 30 systemctl stop "$UNIT"
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
    case $(readlink "$process/exe") in */containerd-shim-runc-v[12]) ;; *) continue ;; esac
    tr '\0' '\n' <"$process/cmdline" | grep -A1 -x -e -namespace | grep -q -x k8s.io || continue
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
