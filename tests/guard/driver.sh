# Inside the machine: plants, takes fingerprints, runs the phase, takes fingerprints again.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
# The way back out is gone, or this stops before anything is planted.
if [ -e /old ] || [ -e /home ] || [ ! -f /guard/driver.sh ]; then
  echo "sandbox: not in the sandbox" >&2
  exit 1
fi
. /guard/plant.sh

# All that makes trees: devices, inodes, kinds, modes, owners, sizes, times, link targets, names, contents; each entry
# ends in a NUL. A file's number of links may fall.
fingerprint() {
  set --
  while IFS= read -r path; do
    if [ -d "$path" ]; then
      set -- "$@" "$path/."
    elif [ -e "$path" ]; then
      set -- "$@" "$path"
    else
      printf '%s is absent\0' "$path"
    fi
  done </guard/keep
  find "$@" -printf '%D %i %y %m %U %G %s %T@ %l|%p\0' | sort -z
  find "$@" -type f -print0 | sort -z | xargs -0r sha256sum -z
}

# kubeadm 1.20 as far as it deletes: Go's RemoveAll knows nothing of mounts, and CleanDir follows the folder it is given.
cat >/usr/sbin/kubeadm <<'FAKE'
#!/bin/sh
case $* in
  *--help*) exit ;;
  *"phase remove-etcd-member"*) # newer ones empty the data where that failed, too
    find /var/lib/etcd/. -mindepth 1 -maxdepth 1 -exec rm -rf {} +
    cat /guard/etcd-word >&2
    exit
    ;;
esac
echo "$*" >>/guard/kubeadm-ran
for folder in /etc/kubernetes/manifests /etc/kubernetes/pki "$(readlink -m /var/lib/kubelet)" /var/lib/etcd /var/lib/dockershim /var/run/kubernetes /var/lib/cni; do
  [ ! -d "$folder" ] || find "$folder/." -mindepth 1 -maxdepth 1 -exec rm -rf {} +
done
rm -f /etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf
exit 0
FAKE
cat >/usr/sbin/systemctl <<'FAKE'
#!/bin/sh
echo "$*" >>/guard/systemctl-ran
case $* in
  *LoadState*) echo loaded ;;
  *ActiveState*) echo inactive ;;
  *is-active*) exit 3 ;;
esac
FAKE
cat >/usr/sbin/crictl <<'FAKE'
#!/bin/sh
case $* in
  *info*) echo '{"status":{"conditions":[{"type":"RuntimeReady","status":true}]}}' ;;
esac
FAKE
chmod +x /usr/sbin/kubeadm /usr/sbin/systemctl /usr/sbin/crictl

plant_usual
set -e
. /guard/case.sh
set +e
mkdir -p /run/kfleet
cp /guard/phase.sh /run/kfleet/phase.sh
fingerprint >/guard/before
. /guard/run.sh
fingerprint >/guard/after
for folder in /var/lib/kubelet /etc/kubernetes; do
  [ ! -d "$folder" ] || find "$folder/." -mindepth 1 -printf "$folder/%P\n"
done >/guard/left 2>&1
cat /proc/self/mountinfo >/guard/mounts
exit 0
