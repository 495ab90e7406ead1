# Stands in for what says where the folders are; all else stays with the fakes that are there.
mkdir -p /fakes/own /etc/default /data
cp -P /usr/sbin/* /fakes/own/
cp -P /usr/sbin/* /fakes/
rm -f /fakes/systemctl /fakes/containerd
cat >/fakes/systemctl <<'FAKE'
#!/bin/sh
case $* in
  'show -p MainPID --value kubelet.service') cat /fakes/pid 2>/dev/null || echo 0 ;;
  'show -p MainPID --value containerd.service') echo 0 ;;
  'show -p LoadState --value kubelet.service') echo loaded ;;
  'cat kubelet.service') echo 'ExecStart=/usr/bin/kubelet $KUBELET_EXTRA_ARGS' ;;
  'show -p ExecStart --value containerd.service') echo '{ path=/usr/bin/containerd ; argv[]=/usr/bin/containerd ; ignore_errors=no }' ;;
  *) exec /fakes/own/systemctl "$@" ;;
esac
FAKE
cat >/fakes/containerd <<'FAKE'
#!/bin/sh
case $* in
  'config dump') cat /fakes/dump ;;
  *) exec /fakes/own/containerd "$@" ;;
esac
FAKE
chmod +x /fakes/systemctl /fakes/containerd
mount --bind /fakes /usr/sbin
