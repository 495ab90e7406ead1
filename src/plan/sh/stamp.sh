# --- stamp: whether a node is still as it was looked at -------------------------------------------------------------
# What has to be as it was looked at when a phase begins: the boot, the phases that have begun in it but for $1, and whose
# member it is. A kubelet that starts again and again writes kubelet.conf each time: only that it is there counts, and which
# certificate it leads to.
standing_of_node() {
  echo "boot $(cat /proc/sys/kernel/random/boot_id)"
  for note in /run/kfleet/*.json; do
    [ "$note" = "$1" ] || [ ! -e "$note" ] || echo "${note##*/}"
  done
  [ ! -e /etc/kubernetes/kubelet.conf ] || echo "member $(readlink /var/lib/kubelet/pki/kubelet-client-current.pem)"
}
stamp() { standing_of_node "${1-}" | cksum | tr ' ' -; }
