# --- reboot: the last rung ------------------------------------------------------------------------------------
# Refuses where nobody could log in afterwards, where the boot would wait for somebody, and where a protected path would not
# be what it is now.
check_reboot() {
  starts_sshd || {
    say "refused: no SSH server was found that systemd starts with the machine, so nobody could log in after a boot"
    return 76
  }
  waits=$(asks_for_passphrase) || {
    say "refused: /etc/crypttab could not be read, so whether the boot would wait for a passphrase could not be told"
    return 76
  }
  if [ -n "$waits" ]; then
    say "refused: the boot would wait for a passphrase: ${waits%, } in /etc/crypttab"
    return 76
  fi
  # Without a source that fstab requires the boot ends in the emergency shell (systemd.mount, local-fs.target).
  verified=$(timeout -k 1 20 findmnt --verify 2>&1)
  verdict=$?
  missing=$(printf '%s\n' "$verified" | sed -n 's/.*unreachable on boot required source: *//p' | required_sources)
  if [ -n "$missing" ]; then
    say "refused: /etc/fstab asks for what is not there, so the boot would not come to its end: ${missing%, }"
    return 76
  fi
  # 1 with findings of other kinds, of which it tells the number; anything else is no verdict.
  case $verdict:$verified in
    0:*) ;;
    1:*' parse error'*) ;;
    *)
      say "refused: whether all that /etc/fstab asks for is there could not be told: $(printf '%s\n' "$verified" | tail -n 1)"
      return 76
      ;;
  esac
  by_hand=$(mounted_by_hand) || {
    say "refused: what is mounted could not be listed, so what a boot would leave unmounted could not be told"
    return 76
  }
  if [ -n "$by_hand" ]; then
    say "refused: mounted by hand, and not there any more after a boot: ${by_hand%, }; add it to /etc/fstab"
    return 76
  fi
}

# findmnt calls required what is not "noauto"; without what is "nofail" systemd boots too. What cannot be found in the file as
# it is written stays required.
required_sources() {
  while IFS= read -r source; do
    SOURCE=$source awk '
      $1 == ENVIRON["SOURCE"] { if ($4 ~ /(^|,)nofail(,|$)/) optional = 1; else required = 1 }
      END { exit !(optional && !required) }' /etc/fstab || printf '%s, ' "$source"
  done
}

starts_sshd() {
  for unit in ssh.service sshd.service ssh.socket sshd.socket dropbear.service; do
    case $(systemctl is-enabled "$unit" 2>/dev/null) in enabled | static | generated | alias) return 0 ;; esac
  done
  return 1
}

# Names of volumes that are unlocked at boot with a passphrase that somebody types.
asks_for_passphrase() {
  [ -e /etc/crypttab ] || return 0
  awk '/^[^#]/ && ($3 == "" || $3 == "none" || $3 == "-") && $4 !~ /noauto|nofail|tpm2-device|fido2-device|pkcs11-uri/ { printf "%s, ", $1 }' \
    /etc/crypttab
}

# Mounts that protected paths lie on, are, or have below them, and that nothing brings back with the machine. ZFS brings its own.
mounted_by_hand() {
  listed=$(awk -F '[ ]' '{ type = $0; sub(/.* - /, "", type); sub(/ .*/, "", type); print type, $5 }' /proc/self/mountinfo) &&
    [ -n "$listed" ] || return
  printf '%s\n' "$listed" | sort -u | while read -r type target; do
    case $type in zfs | autofs) continue ;; esac
    [ "$target" != / ] || continue
    target=$(unescape "$target")
    target=${target%x}
    concerns_protected "$target" && ! comes_with_the_boot "$target" || continue
    printf '%s, ' "$target"
  done
}

# Whether a protected path lies in $1 or the other way round.
concerns_protected() {
  printf '%s\n' "$PROTECT" | {
    while IFS= read -r path; do
      case $1 in "$path" | "$path"/*) exit 0 ;; esac
      case $path in "$1"/*) exit 0 ;; esac
    done
    exit 1
  }
}

# A unit of its own, which the boot or an automount pulls in; "noauto" in fstab has one that nothing pulls in.
comes_with_the_boot() {
  unit=$(systemd-escape -p --suffix=mount -- "$1") || return 1
  [ -n "$(systemctl show -p FragmentPath --value -- "$unit")" ] &&
    [ -n "$(systemctl show -p RequiredBy -p WantedBy -p TriggeredBy --value -- "$unit" | tr -d '\n')" ]
}

# A moment later, so that the phase comes to its end and says so. What is in memory is written down first. Whoever has asked the
# phase to end meanwhile does not want the boot.
reboot_machine() {
  timeout -k 1 60 sync || {
    say "what is in memory could not be written to the disks within 60 s"
    return 1
  }
  ! asked_to_end || return 64
  systemd-run --quiet --collect --unit=kfleet-reboot --on-active=2 --timer-property=AccuracySec=100ms systemctl reboot || return
  ! asked_to_end || { systemctl stop kfleet-reboot.timer && return 64; }
}

asked_to_end() { [ -n "${KFLEET_HALT-}" ] && [ -e "$KFLEET_HALT" ]; }
