# --- network namespaces of pods -----------------------------------------------------------------------------------
# The files that containerd mounts them on: cni- and 16 random bytes, spelled like a UUID. Older podman calls its own
# the same, so where CNI is shared it cannot be told whose they are, and they stay.
pod_netns() {
  [ -d /run/netns ] && ! cni_is_shared || return 0
  for file in /run/netns/cni-*; do
    [ -f "$file" ] && [ ! -L "$file" ] && [ ! -s "$file" ] || continue # nothing else is ever a mount point of theirs
    printf '%s\n' "${file##*/}" | awk '
      function hex(s, n) { return length(s) == n && s !~ /[^0-9a-f]/ }
      { n = split($0, part, "-") }
      n == 6 && hex(part[2], 8) && hex(part[3], 4) && hex(part[4], 4) && hex(part[5], 4) && hex(part[6], 12)'
  done
}

# Prints a process that lives in the namespace mounted on $1, if one does.
netns_process() {
  inode=$(stat -Lc %i -- "$1") || return
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/ns/net")" != "net:[$inode]" ] || { echo "${process#/proc/}" && return; }
  done
}

# Unmounts and removes them, each once nobody lives in it. The guard looks at the folder; what else is in it stays, so
# mounted or not.
remove_pod_netns() {
  locate "$ROOT" || return
  names=$(pod_netns) || return
  [ -n "$names" ] || return 64
  guard "$ROOT" || return
  kept=0
  for name in $names; do
    process=$(netns_process "$HERE/$name") || return
    if [ -n "$process" ]; then
      say "the network namespace $name stays: process $process ($(cat "/proc/$process/comm")) lives in it"
      kept=1
      continue
    fi
    while mounted_at "$HERE/$name"; do
      timeout -k 1 20 umount -- "$HERE/$name" || return
    done
    secluded remove_netns_file "$ROOT" "$name" || return
  done
  return "$kept"
}

# Whether something is mounted on $1 itself; names of such files hold nothing that mountinfo would escape.
mounted_at() { X=$1 awk -F '[ ]' '$5 == ENVIRON["X"] { found = 1 } END { exit !found }' /proc/self/mountinfo; }

# Only the empty file that was the mount point.
remove_netns_file() {
  locate "$1" && guard "$1" && cover_protected || return
  if mounted_at "$HERE/$2" || [ -L "$HERE/$2" ] || [ ! -f "$HERE/$2" ] || [ -s "$HERE/$2" ]; then
    say "$HERE/$2 is no empty file, so it stays"
    return 75
  fi
  rm -f -- "${HERE:?}/${2:?}"
}

residue_netns() {
  count=$(pod_netns | wc -l) || return
  [ "$count" -eq 0 ] || echo "$count network namespaces of pods in /run/netns"
}
