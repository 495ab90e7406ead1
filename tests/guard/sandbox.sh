# Runs a case as root of a machine of its own: a new root on a tmpfs, reached by pivot_root, in fresh mount and pid
# namespaces. Nothing of the host can be written from inside: its programs are bound read-only, and all else is left behind.
# $1: the exchange folder; $2: the host's mount namespace; $3: the shell that is the machine's /bin/sh.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
if [ "$(readlink /proc/self/ns/mnt)" = "$2" ]; then
  echo "sandbox: this is the host's own mount namespace" >&2
  exit 1
fi
root=$1/root
mkdir "$root"
mount -t tmpfs -o mode=0755 sandbox "$root"
cd "$root"
mkdir -p usr bin dev proc sys run tmp etc/alternatives old guard var/lib var/log srv mnt

# Programs. /usr/sbin and /bin are the machine's own: fakes in the first, the shell under test in the second.
mount --bind -o ro /usr usr
mount --bind -o ro "$1/exchange/sbin" usr/sbin
for entry in /lib /lib32 /lib64 /libx32 /sbin; do
  if [ -L "$entry" ]; then
    cp -P "$entry" ".$entry"
  elif [ -d "$entry" ]; then
    mkdir ".$entry"
    mount --bind -o ro "$entry" ".$entry"
  fi
done
if [ ! -L /bin ]; then
  for tool in /bin/*; do
    ln -s "/old-bin/${tool##*/}" "bin/${tool##*/}"
  done
  mkdir old-bin
  mount --bind -o ro /bin old-bin
fi
mount --bind -o ro /etc/alternatives etc/alternatives 2>/dev/null || :
ln -sf "$3" bin/sh

# Where device files cannot be made, those of the host are bound.
cp -a /dev/null /dev/zero /dev/urandom dev/ 2>/dev/null || for device in null zero urandom; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mount -t proc proc proc
mount --bind "$1/exchange" guard
ln -s ../run var/run

pivot_root . old
cd /
umount -l /old
rmdir /old
exec /bin/sh /guard/driver.sh
