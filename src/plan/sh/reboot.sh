# --- reboot: the last rung ------------------------------------------------------------------------------------
# Refuses where nobody could log in afterwards, where the boot would wait for somebody, and where a protected path would not
# be what it is now.
check_reboot() {
  starts_sshd || {
    say "refused: no SSH server was found that systemd starts with the machine, so nobody could log in after a boot"
    return 76
  }
  if waits=$(asks_for_passphrase) && [ -n "$waits" ]; then
    say "refused: the boot would wait for a passphrase: $waits in /etc/crypttab"
    return 76
  fi
  # Without a source that fstab requires the boot ends in the emergency shell (systemd.mount, local-fs.target).
  missing=$(timeout -k 1 20 findmnt --verify 2>/dev/null | sed -n 's/.*unreachable on boot required source: *//p' | paste -sd ' ' -)
  if [ -n "$missing" ]; then
    say "refused: /etc/fstab asks for what is not there, so the boot would not come to its end: $missing"
    return 76
  fi
  unit_less=$(mounted_by_hand) || {
    say "refused: what is mounted could not be listed, so what a boot would leave unmounted could not be told"
    return 76
  }
  if [ -n "$unit_less" ]; then
    say "refused: mounted by hand, and not there any more after a boot: $unit_less; add it to /etc/fstab"
    return 76
  fi
}

starts_sshd() {
  for unit in ssh.service sshd.service ssh.socket sshd.socket dropbear.service; do
    case $(systemctl is-enabled "$unit" 2>/dev/null) in enabled | static | generated | alias) return 0 ;; esac
  done
  return 1
}

# Names of volumes that are unlocked at boot with a passphrase that somebody types.
asks_for_passphrase() {
  [ -r /etc/crypttab ] || return 0
  awk '/^[^#]/ && ($3 == "" || $3 == "none" || $3 == "-") && $4 !~ /noauto|nofail|tpm2-device|fido2-device|pkcs11-uri/ { print $1 }' \
    /etc/crypttab | paste -sd ' ' -
}

# Mounts on and below protected paths that no unit of systemd's brings back; ZFS brings its own.
mounted_by_hand() {
  findmnt -rno TARGET,FSTYPE >"/run/kfleet/mounts.$$" || return
  printf '%s\n' "$PROTECT" | while IFS= read -r path; do
    while read -r target type; do
      case $target in "$path" | "$path"/*) ;; *) continue ;; esac
      [ "$type" != zfs ] && [ "$type" != autofs ] || continue
      unit=$(systemd-escape -p --suffix=mount -- "$(printf %b "$target")") || continue
      [ -n "$(systemctl show -p FragmentPath --value -- "$unit")" ] || printf '%s ' "$target"
    done <"/run/kfleet/mounts.$$"
  done
  rm -f -- "/run/kfleet/mounts.$$"
}

# A moment later, so that the phase comes to its end and says so. What is in memory is written down first.
reboot_machine() {
  timeout -k 1 60 sync || {
    say "what is in memory could not be written to the disks within 60 s"
    return 1
  }
  systemd-run --quiet --collect --unit=kfleet-reboot --on-active=2 systemctl reboot
}
