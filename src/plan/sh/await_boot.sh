# --- boot: whether and how far the machine has booted ---------------------------------------------------------------
# Tells the boot id. In a boot other than $BOOT it waits before until services have been started, for about $1 seconds.
boot_id() {
  now=$(cat /proc/sys/kernel/random/boot_id) || return
  [ "$now" = "$BOOT" ] || wait_until "$(($1 / 2))" 2 services_are_up || : # what is not up by then is for the probe to tell
  echo "$now"
}

# "degraded" where a unit failed. A kubelet that waits for its config starts again and again and counts as started.
services_are_up() {
  case $(timeout -k 1 20 systemctl is-system-running 2>/dev/null) in initializing | starting | '') return 1 ;; esac
}
