# --- boot: whether and how far the machine has booted ---------------------------------------------------------------
# Waits until services have been started, in a boot other than $BOOT, for a little less than $1 seconds.
boot_id() {
  now=$(cat /proc/sys/kernel/random/boot_id) || return
  # "degraded" where a unit failed, with another status; a kubelet that waits for its config starts again and again
  [ "$now" = "$BOOT" ] || timeout -k 1 "$1" systemctl is-system-running --wait >/dev/null 2>&1
  echo "$now"
}
