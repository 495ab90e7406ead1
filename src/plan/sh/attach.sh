# --- attach: whose phase this node runs, or ran last -----------------------------------------------------------
# Tells of the phase $WANTED; where that is empty, of the one that runs or ran last. Where $WHO wants $WANTED to end and it
# still runs, it is asked to before.
show_phase() {
  find_phase || return
  if [ -n "$WHO" ] && [ "$state" = running ]; then
    (umask 077 && printf 'kfleet: asked to end here by %s\n' "$WHO" >"/run/kfleet/$id.asked" &&
      mv -- "/run/kfleet/$id.asked" "/run/kfleet/$id.stop") || {
      say "the phase could not be asked to end: /run/kfleet/$id.stop could not be written"
      return 1
    }
  fi
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
  esac
  if [ -n "$WANTED" ] && [ "$id" != "$WANTED" ]; then
    state=ended id=$WANTED what=''
  elif [ "$state" = none ] && [ -d /run/kfleet ]; then
    notes=$(find /run/kfleet -maxdepth 1 -name '*.json' -printf '%T@ %f\n') || return
    id=$(printf '%s\n' "$notes" | sort -n | sed -n '$s/^[^ ]* \(.*\)\.json$/\1/p')
    [ -z "$id" ] || state=ended
  fi
  case $id in
    *[!a-z0-9-]*)
      say "kfleet.service runs something that is not kfleet's: $what"
      return 1
      ;;
  esac
}
