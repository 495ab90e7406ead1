# --- remove: unmount, prove, delete ---------------------------------------------------------------------------
# Sets HERE to the folder $1 stands for, links resolved; 64 where there is none.
locate() {
  [ -d "$1" ] || return 64
  real "$1" || return 1
  HERE=$REAL
}

# Unmounts all below $ROOT that lies in the entries $1… (without them, all of it), deepest first, until mountinfo shows
# nothing more; LAZY=yes detaches what is busy. Never by force: that would end the connection to a server or FUSE file
# system for everything mounted from it, media included.
unmount_below() { each_folder unmount_in "$@"; }

# The folder is $1.
unmount_in() {
  holding=$1
  shift
  set -f # names of mount points are words here, never patterns
  locate "$holding" || return
  points=$(mounts_below "$HERE" "$*") || return
  [ -n "$points" ] || return 64
  guard "$holding" || return
  not_by_fstab "$points" || return
  taken=$(taken_along "$HERE" "$ROOT_PLACE" "$*") || return
  if [ -n "$taken" ]; then
    for point in $points; do
      point=$(unescape "$point")
      mount --make-private -- "${point%x}"
    done
    # Where mounts are stacked, those below cannot be named.
    taken=$(taken_along "$HERE" "$ROOT_PLACE" "$*") || return
  fi
  if [ -n "$taken" ]; then
    say "nothing below $holding is unmounted, because these mounts elsewhere would go with it:"
    printf '%s\n' "$taken"
    return 75
  fi
  for how in plain lazy; do
    [ "$how" != lazy ] || [ "$LAZY" = yes ] || break
    unmount_round "$how" "$*"
    points=$(mounts_below "$HERE" "$*") || return
    [ -n "$points" ] || return 0
  done
  unmounted "$HERE" "$*"
}

# 76 where /etc/fstab mounts one of the points $1, lines as mountinfo spells them; fstab escapes alike.
not_by_fstab() {
  [ -f /etc/fstab ] || return 0
  own=$(POINTS=$1 awk "$PATHS"'
    BEGIN { n = split(ENVIRON["POINTS"], points, "\n"); for (i = 1; i <= n; i++) mounted[un(points[i])] = points[i] }
    $1 !~ /^#/ { point = un($2); sub(/\/+$/, "", point); if (point != "" && point in mounted) print mounted[point] }' /etc/fstab) &&
    [ -z "$own" ] || {
    say "refused: /etc/fstab mounts $(printf '%s' "$own" | head -n 1); it is the admin's own, and would be back after the next boot"
    return 76
  }
}

# Repeats until a pass brings nothing: each pass takes one layer off stacked mounts.
unmount_round() {
  while :; do
    before=$(mounts_below "$HERE" "$2" | wc -l)
    for point in $(mounts_below "$HERE" "$2"); do
      point=$(unescape "$point")
      case $1 in
        plain) timeout -k 1 20 umount -- "${point%x}" ;;
        lazy) timeout -k 1 20 umount -l -- "${point%x}" && say "detached ${point%x}, which is still in use" ;;
      esac
    done
    after=$(mounts_below "$HERE" "$2" | wc -l)
    [ "$after" -gt 0 ] && [ "$after" -lt "$before" ] || break
  done
}

# Finds the entries $3… (names, or how names begin with a * behind it; without entries, all) in folder $2, and prints
# or removes them, as $1 says. Fails where it cannot look.
entries() {
  what=$1
  folder=$2
  shift 2
  [ $# -gt 0 ] || set -- '*' '.*'
  first=$1
  shift
  for entry in "$@"; do
    set -- "$@" -o -name "$entry"
    shift
  done
  set -- "$folder" -xdev -mindepth 1 -maxdepth 1 \( -name "$first" "$@" \)
  case $what in
    print) find "$@" ;;
    remove) find "$@" -exec rm -rf --one-file-system -- {} + ;;
  esac
}

remove_contents() { case $ROOT in /*) remove ;; *) return 76 ;; esac }
remove_entries() { [ $# -gt 0 ] && remove "$@"; }

# Removes the entries $1… of $ROOT; without entries, all that is in it.
remove() { each_folder remove_in "$@"; }

# The folder is $1.
remove_in() {
  [ -d "$1" ] || return 64
  holding=$1
  shift
  there=$(entries print "$holding/." "$@") || return # its contents, where it is a link
  [ -n "$there" ] || return 64
  secluded remove_secluded "$holding" "$@"
}

remove_secluded() {
  guard "$1" || return
  HERE=$ROOT_REAL
  shift
  unmounted "$HERE" "$*" || return
  cover_protected || return
  entries remove "$HERE" "$@" || return
  there=$(entries print "$HERE" "$@") && [ -z "$there" ]
}

# kubeadm deletes below these folders by itself, through mounts that it failed to unmount (kubeadm before 1.30) and
# in /var/lib/etcd (which is protected here): so it runs secluded, after the same proof.
KUBEADM_DELETES='/var/lib/kubelet /etc/kubernetes /var/lib/cni /var/lib/dockershim /var/run/kubernetes'

# It opens these by name and deletes what is in them, wherever they lead: an admin's own link stays unfollowed.
KUBEADM_FOLLOWS='/etc/kubernetes/manifests /etc/kubernetes/pki'

kubeadm_reset() {
  command -v kubeadm >/dev/null || return 64
  for folder in $KUBEADM_FOLLOWS; do
    if [ -L "$folder" ]; then
      say "$folder is a link, and kubeadm would delete what it leads to; the files that matter are removed without it"
      return 75
    fi
  done
  secluded kubeadm_reset_secluded
}

kubeadm_may_delete() {
  for folder in $KUBEADM_DELETES; do
    [ -d "$folder" ] || continue
    guard "$folder" || return
    unmounted "$ROOT_REAL" || return 76
  done
}

kubeadm_reset_secluded() {
  kubeadm_may_delete || return
  cover_protected || return
  cover /var/lib/etcd || return # the member has its own step, and its data too
  if cni_is_shared; then
    cover /var/lib/cni || return # kubeadm before 1.24 empties it, leases of others included
  fi
  set -- --force --cri-socket "$CRI_SOCKET" --skip-phases=remove-etcd-member
  case $(timeout -k 1 20 kubeadm reset --help 2>/dev/null) in *--cleanup-tmp-dir*) set -- "$@" --cleanup-tmp-dir ;; esac
  timeout -k 10 180 kubeadm reset "$@"
}
