# What a worker looks like, and words for what a case adds to it.
SUBPATH=/var/lib/kubelet/pods/0a1b2c3d/volume-subpaths/v/c/0
TASKS=/run/containerd/io.containerd.runtime.v2.task/k8s.io

files() {
  for file in "$@"; do
    [ -d "${file%/*}" ] || mkdir -p "${file%/*}"
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
    /var/lib/containerd/blob "$TASKS/c1/config.json" /var/log/pods/p/0.log /run/flannel/subnet.env
  mkdir -p /etc/kubernetes/manifests /srv/media/empty /var/log/containers \
    /fake/units /fake/rules /sys/class/net/eth0 /sys/class/net/cni0
  ln -s film.mkv /srv/media/latest
  ln -s /var/log/pods/p/0.log /var/log/containers/p.log
  echo active >/fake/units/kubelet.service
  echo 'root = "/var/lib/containerd"' >/fake/dump
  echo active >/fake/units/containerd.service
  rules >/fake/rules/iptables-nft
  printf '%s\n' 'inet mine' 'ip kube-proxy' >/fake/nft
  printf '%s\n' mine KUBE-CLUSTER-IP >/fake/ipsets
}

rules() {
  printf '%s\n' '*nat' ':PREROUTING ACCEPT [0:0]' ':KUBE-SERVICES - [0:0]' ':ADMIN - [0:0]' \
    '-A PREROUTING -m comment --comment "not -j KUBE-SERVICES" -j ADMIN' '-A PREROUTING -j KUBE-SERVICES' \
    '-A KUBE-SERVICES -j RETURN' COMMIT
}

# What other network plugins than flannel have, and the next door's.
plugins() {
  files /run/calico/socket /var/lib/calico/nodename /run/cilium/state/x /var/lib/kube-router/kubeconfig /var/lib/weave/db \
    /run/netns/mine /sys/fs/bpf/tc/globals/cilium_calls /sys/fs/bpf/tc/globals/mine
}

# bind FROM TO, like kubelet: the mount point is made where it is missing.
bind() {
  if [ -d "$1" ]; then mkdir -p -- "$2"; else mkdir -p -- "${2%/*}" && : >>"$2"; fi
  mount --bind -- "$1" "$2"
}
bind_ro() {
  bind "$1" "$2"
  mount -o remount,bind,ro -- "$2"
}
tmpfs() {
  mkdir -p -- "$1"
  mount -t tmpfs -- tmpfs "$1"
}

# An overlay on $1 as containerd makes them, with its layers in containerd's root; or on $3, of what is in $1, writing to $2.
overlay() {
  layers=$((${layers-0} + 1))
  overlay_of /disk/other "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/$layers" "$1"
}
overlay_of() {
  mkdir -p -- "$2/fs" "$2/work" "$3"
  mount -t overlay -o "lowerdir=$1,upperdir=$2/fs,workdir=$2/work" -- overlay "$3"
}

# The disk on $2 is the file $1, as far as /sys tells.
image() {
  mkdir -p /sys/block/loop7/loop
  readlink -f -- "$1" >/sys/block/loop7/loop/backing_file
  mountpoint -d -- "$2" >/sys/block/loop7/dev
}

# Folder $1 with all that is in it: behind a link, on a bind mount, on a disk of its own.
moved() {
  mkdir -p /disk/moved
  mv -- "$1" "/disk/moved/${1##*/}"
  ln -s "/disk/moved/${1##*/}" "$1"
}
bound() {
  mkdir -p /disk/bound
  cp -a -- "$1" "/disk/bound/${1##*/}"
  bind "/disk/bound/${1##*/}" "$1"
}
on_a_disk() {
  cp -a -- "$1" /disk/copy
  tmpfs "$1"
  cp -a -- /disk/copy/. "$1/"
  rm -r /disk/copy
}
# Folder $1 and what is mounted there are no more.
vacate() {
  awk -v at="$1" '$5 == at || index($5, at "/") == 1 { print $5 }' /proc/self/mountinfo | sort -r |
    while read -r point; do umount -- "$point"; done
  rm -rf --one-file-system -- "$1"
}
# Folder $1 gives way to a link to $2.
link_instead() {
  vacate "$1"
  ln -s -- "$2" "$1"
}

# A program of the machine's own, $1, which runs this shell text.
program() {
  if [ ! -d /programs ]; then
    mkdir /programs
    cp -P /usr/sbin/* /programs/
    mount --bind /programs /usr/sbin
  fi
  printf '#!/bin/sh\n%s\n' "$2" >"/programs/$1"
  chmod +x "/programs/$1"
}

# A process with its working directory in $1 (or that holds the file $1 open); it goes with the machine.
busy() {
  if [ -d "$1" ]; then (cd -- "$1" && exec sleep 600) & else sleep 600 <"$1" & fi
  asleep
}
# It holds nothing before it has become sleep; where it could not open its file, it never will.
asleep() {
  tries=0
  until read -r comm <"/proc/$!/comm" && [ "$comm" = sleep ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 5000 ] || return
  done
}
# A container: a process in a mount namespace of its own, where all is mounted that is mounted now.
container() {
  unshare --mount --propagation unchanged sleep 600 &
  asleep
}
# The same as busy, by a process of a pod.
pod() {
  busy "$1"
  mkdir -p /sys/fs/cgroup/kubepods.slice
  echo "$!" >>/sys/fs/cgroup/kubepods.slice/cgroup.procs
}
