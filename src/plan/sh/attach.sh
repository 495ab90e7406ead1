# --- attach: whose phase this node runs, or ran last -----------------------------------------------------------
# Asks the phase that runs to end at its next step, where one does.
halt_phase() {
  find_phase || return
  [ "$state" = running ] || return 64
  umask 077
  printf 'kfleet: asked to end here by %s\n' "$WHO" >"/run/kfleet/$id.stop"
}

show_phase() {
  find_phase || return
  printf 'state=%s\nid=%s\nwhat=%s\n' "$state" "$id" "$what"
  printf 'since=%s\n' "$(systemctl show -p ActiveEnterTimestamp --value kfleet.service)"
  printf 'boot=%s\n' "$(cat /proc/sys/kernel/random/boot_id)"
  [ ! -r "/run/kfleet/$id.json" ] || printf 'note=%s\n' "$(cat "/run/kfleet/$id.json")"
}

# The unit's description ends with the phase's id. Where none runs, the newest that left a note is meant.
find_phase() {
  state=none id='' what=''
  case $(systemctl show -p ActiveState --value kfleet.service) in
    active | activating | deactivating)
      what=$(systemctl show -p Description --value kfleet.service) || return
      state=running id=${what##* }
      ;;
    *)
      id=$(find /run/kfleet -maxdepth 1 -name '*.json' -printf '%T@ %f\n' 2>/dev/null | sort -n |
        sed -n '$s/^[^ ]* \(.*\)\.json$/\1/p')
      [ -z "$id" ] || state=ended
      ;;
  esac
  case $id in
    *[!a-z0-9-]*)
      say "kfleet.service runs something that is not kfleet's: $what"
      return 1
      ;;
  esac
}
