# What a worker looks like, and words for what a case adds to it.
SUBPATH=/var/lib/kubelet/pods/0a1b2c3d/volume-subpaths/v/c/0

files() {
  for file in "$@"; do
    mkdir -p "${file%/*}"
    printf 'this is %s\n' "$file" >"$file"
  done
}

plant_usual() {
  files /srv/media/film.mkv '/srv/media/Some Artist/01 - a song.flac' /srv/media/.hidden /srv/media/deep/er/still/file \
    /srv/other/neighbour /mnt/media/photo.jpg /mnt/other/neighbour /disk/other/neighbour \
    /var/lib/kubelet/config.yaml /var/lib/kubelet/pki/kubelet.crt /var/lib/kubelet/pods/0a1b2c3d/volumes/v/file \
    /etc/kubernetes/kubelet.conf /etc/kubernetes/pki/ca.crt /etc/kubernetes/admin-notes.txt \
    /var/lib/etcd/member/snap/db /var/lib/other/neighbour /var/lib/cni/networks/cbr0/10.244.0.2 \
    /etc/cni/net.d/10-flannel.conflist /etc/cni/net.d/87-podman.conflist \
    /var/lib/containerd/blob /run/containerd/task /var/log/pods/p/0.log /run/flannel/subnet.env
  ln -s film.mkv /srv/media/latest
  mkdir -p /etc/kubernetes/manifests /srv/media/empty
}

# bind FROM TO, like kubelet: the mount point is made where it is missing.
bind() {
  if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "${2%/*}" && : >>"$2"; fi
  mount --bind -- "$1" "$2"
}
bind_ro() {
  bind "$1" "$2"
  mount -o remount,bind,ro -- "$2"
}
tmpfs() {
  mkdir -p "$1"
  mount -t tmpfs -- tmpfs "$1"
}
# A process with its working directory in $1 (or that holds the file $1 open); it goes with the namespace.
busy() {
  if [ -d "$1" ]; then (cd "$1" && exec sleep 600) & else sleep 600 <"$1" & fi
  # It holds nothing before it has become sleep; where it could not open $1, it never will.
  tries=0
  until [ "$(cat "/proc/$!/comm")" = sleep ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || return
  done
}
