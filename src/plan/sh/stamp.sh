# --- stamp: whether a node is still as it was looked at -------------------------------------------------------------
# What has to be as it was looked at when a phase begins: the boot, the phases that have begun in it but for $1, and what a
# join leaves.
standing_of_node() {
  echo "boot $(cat /proc/sys/kernel/random/boot_id)"
  for note in /run/kfleet/*.json; do
    [ "$note" = "$1" ] || [ ! -e "$note" ] || echo "${note##*/}"
  done
  stat -c 'member %i %Z' /etc/kubernetes/kubelet.conf 2>/dev/null || echo 'no member'
}
stamp() { standing_of_node "${1-}" | cksum | tr ' ' -; }

# Keeps the launch of the phase whose output $1 is from coming late, where it has not got here: it begins with making that
# file. 1 where it is there already, or cannot be made.
forestall() { [ ! -e "$1" ] && (umask 077 && mkdir -p /run/kfleet && set -C && : >"$1") 2>/dev/null; }
