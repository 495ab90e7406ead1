# --- restore: back to what a reset kept copies of ---------------------------------------------------------------------
# Fails where $FROM is not the backup folder of a run.
check_backup() {
  [ -d "$FROM" ] && return
  if [ ! -d "${FROM%/*}" ]; then
    say "no run has kept copies on this node"
    return 1
  fi
  say "there is no $FROM on this node; runs with copies:$(cd "${FROM%/*}" && for run in *; do [ ! -d "$run" ] || printf ' %s' "$run"; done)"
  return 1
}

# What that run replaced, or nothing where there was nothing; what does not start is taken back.
restore_containerd_config() {
  # shellcheck disable=SC2034 # for roll_back_config
  began=$(date +%s)
  if [ ! -e "$FROM/containerd-config.none" ] && [ -f "$FROM/containerd-config.toml" ]; then
    CONFIG=$(cat "$FROM/containerd-config.toml" && printf x) || return
    CONFIG=${CONFIG%x}
    [ ! -f "$CONFIG_FILE" ] || [ "$(cat "$CONFIG_FILE" && printf x)" != "${CONFIG}x" ] || return 64
    install_config || return
    cp -p -- "$FROM/containerd-config.toml" "$CONFIG_FILE" || return # with its owner and mode
  elif [ -f "$FROM/containerd-config.none" ]; then
    [ -f "$CONFIG_FILE" ] || return 64
    (umask 077 && mkdir -p "$BACKUP") && mv -- "$CONFIG_FILE" "$BACKUP/containerd-config.toml" || return
  else
    say "that run did not change containerd's config"
    return 64
  fi
  # shellcheck disable=SC2034 # for roll_back_config
  trouble=$(restart_containerd 2>&1) && trouble=$(await_cri 2>&1) && return
  roll_back_config
  return 1
}

# What that run has removed from the firewall; what others have changed since in other tables stays.
restore_firewall() {
  if [ ! -e "$FROM/firewall-changed" ]; then
    say "that run did not change the firewall"
    return 64
  fi
  for rules in "$FROM"/*.rules; do
    tool=${rules##*/}
    tool=${tool%.rules}
    command -v "$tool-restore" >/dev/null || {
      say "$tool-restore is not on this node any more, so $rules cannot be put back"
      return 1
    }
  done
  undo_purge "$FROM" "$FROM"
}
