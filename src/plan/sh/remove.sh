# --- remove: unmount, prove, delete ---------------------------------------------------------------------------
# Sets HERE to the folder $1 stands for, links resolved; 64 where there is none.
locate() {
  [ -d "$1" ] || return 64
  real "$1" || return 1
  HERE=$REAL
}

# Unmounts all below $ROOT, deepest first, until mountinfo shows nothing more; LAZY=yes detaches what is busy.
unmount_below() {
  locate "$ROOT" || return
  [ -n "$(mounts_below "$HERE")" ] || return 64
  for how in plain forced lazy; do
    [ "$how" != lazy ] || [ "$LAZY" = yes ] || break
    unmount_round "$how"
    [ -n "$(mounts_below "$HERE")" ] || return 0
  done
  unmounted "$HERE"
}

# Repeats until a pass brings nothing: each pass takes one layer off stacked mounts.
unmount_round() {
  set -f
  while :; do
    before=$(mounts_below "$HERE" | wc -l)
    for point in $(mounts_below "$HERE"); do
      point=$(unescape "$point")
      case $1 in
        plain) timeout -k 1 20 umount -- "${point%x}" ;;
        forced) timeout -k 1 20 umount -f -- "${point%x}" ;;
        lazy) timeout -k 1 20 umount -l -- "${point%x}" && say "detached ${point%x}, which is still in use" ;;
      esac
    done
    after=$(mounts_below "$HERE" | wc -l)
    [ "$after" -gt 0 ] && [ "$after" -lt "$before" ] || break
  done
  set +f
}

# Prints which of the entries $2… of folder $1 are there; without entries, whether anything is.
present() {
  folder=$1
  shift
  if [ $# -eq 0 ]; then
    ls -A -- "$folder"
  else
    for entry in "$@"; do
      if [ -e "$folder/$entry" ] || [ -L "$folder/$entry" ]; then echo "$entry"; fi
    done
  fi
}

# Removes the entries $1… of $ROOT; without entries, all that is in it.
remove() {
  locate "$ROOT" || return
  [ -n "$(present "$HERE" "$@")" ] || return 64
  guard "$ROOT" || return
  unmounted "$HERE" || return
  secluded remove_secluded "$ROOT" "$@"
}

remove_secluded() {
  locate "$1" || return
  guard "$1" || return
  shift
  unmounted "$HERE" || return
  cover_protected || return
  if [ $# -eq 0 ]; then
    find "$HERE" -xdev -mindepth 1 -maxdepth 1 -exec rm -rf --one-file-system -- {} + || return
  else
    for entry in "$@"; do
      rm -rf --one-file-system -- "${HERE:?}/${entry:?}" || return
    done
  fi
  [ -z "$(present "$HERE" "$@")" ]
}

# kubeadm deletes below these folders by itself, through mounts that it failed to unmount (kubeadm before 1.30) and
# in /var/lib/etcd (which is protected here): so it runs secluded, after the same proof.
KUBEADM_DELETES='/var/lib/kubelet /etc/kubernetes /var/lib/cni /var/lib/dockershim /var/run/kubernetes'

kubeadm_reset() {
  command -v kubeadm >/dev/null || return 64
  kubeadm_may_delete || return
  secluded kubeadm_reset_secluded
}

kubeadm_may_delete() {
  for folder in $KUBEADM_DELETES; do
    [ -d "$folder" ] || continue
    guard "$folder" || return
    locate "$folder" && unmounted "$HERE" || return 76
  done
}

kubeadm_reset_secluded() {
  kubeadm_may_delete || return
  cover_protected || return
  timeout -k 10 180 kubeadm reset --force --cri-socket "$CRI_SOCKET" --skip-phases=remove-etcd-member
}
