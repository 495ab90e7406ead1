# --- share: Kubernetes' part of a containerd that serves others too ---------------------------------------------
# Only containerd can tell whose is what; and it must be started again if its config changes, which others may not like.
check_shared_containerd() {
  ctr_in k8s.io namespaces ls -q >/dev/null || {
    say "refused: containerd does not answer, so Kubernetes' share of it cannot be told from that of others"
    return 76
  }
  for unit in $(systemctl show -p RequiredBy -p BoundBy -p ConsistsOf --value containerd.service); do
    case $unit in kubelet.service) continue ;; esac
    case $(systemctl show -p ActiveState --value "$unit") in inactive | failed) continue ;; esac
    say "refused: a restart of containerd stops $unit, and what that runs"
    return 76
  done
}

# Tasks first, as a container with one cannot be removed; images and leases before what only they hold; in the end
# containerd's own garbage collection takes what nobody refers to, in any namespace.
remove_share() {
  share=$(kubernetes_share) || {
    say "what Kubernetes has in containerd could not be listed"
    return 1
  }
  found=64
  if [ -n "$share" ]; then
    found=0
    each tasks tasks rm --force
    each containers containers rm
    each sandboxes sandboxes rm --force
    each leases leases rm
    each images images rm
    collect_garbage
    share=$(kubernetes_share) || return
    # What is labelled to stay: a snapshot goes after those that build on it, a layer in each round.
    before=
    while case $share in "$before") false ;; *snapshots/*) ;; *) false ;; esac do
      before=$share
      for snapshotter in $(printf '%s\n' "$share" | sed -n 's|^snapshots/\([^ ]*\) .*|\1|p' | sort -u); do
        each "snapshots/$snapshotter" snapshots --snapshotter "$snapshotter" rm
      done
      share=$(kubernetes_share) || return
    done
    each content content rm
    collect_garbage
  fi
  unmount_share || return
  share=$(kubernetes_share) || return
  if [ -n "$share" ]; then
    say "still in containerd of Kubernetes': $(printf '%s\n' "$share" | head -n 5 | in_a_row)"
    return 1
  fi
  return "$found"
}

# Removes all of kind $1 in $share by the command that follows; what fails is found by looking again.
each() {
  kind=$1
  shift
  printf '%s\n' "$share" | sed -n "s|^$kind ||p" | while IFS= read -r thing; do
    ctr_in k8s.io "$@" "$thing" >/dev/null
  done
}

# A lease that ends with --sync waits for the collector.
collect_garbage() {
  ctr_in k8s.io leases create --id "kfleet-$$" >/dev/null && ctr_in k8s.io leases rm --sync "kfleet-$$" >/dev/null
}

# What containers that containerd lost track of have left mounted in folders that are Kubernetes' alone.
unmount_share() {
  # shellcheck disable=SC2034 # ROOT and LAZY are for unmount_in
  for ROOT in /run/containerd/io.containerd.runtime.v2.task/k8s.io /run/containerd/io.containerd.grpc.v1.cri; do
    (LAZY=yes each_folder unmount_in)
    rc=$?
    case $rc in 0 | 64) ;; *) return "$rc" ;; esac
  done
}
