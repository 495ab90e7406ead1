# --- containerd --------------------------------------------------------------------------------------------------
# Puts $CONFIG in place of config.toml once containerd itself has read it; the old file goes to $BACKUP.
write_containerd_config() {
  file=/etc/containerd/config.toml
  if [ -f "$file" ] && [ "$(cat "$file" && printf x)" = "${CONFIG}x" ]; then return 64; fi
  mkdir -p /etc/containerd || return
  rm -f -- "$file.kfleet"
  [ ! -e "$file" ] || cp -p -- "$file" "$file.kfleet" || return # its owner and mode: registry passwords may be in it
  printf %s "$CONFIG" >"$file.kfleet" || return
  if ! problem=$(timeout 30 containerd --config "$file.kfleet" config dump 2>&1 >/dev/null); then
    say "containerd does not accept the new config, so the old one stays: $problem"
    rm -f -- "$file.kfleet"
    return 1
  fi
  if [ -e "$file" ]; then
    (umask 077 && mkdir -p "$BACKUP") && cp -p -- "$file" "$BACKUP/containerd-config.toml" || return
    say "the old config is kept as $BACKUP/containerd-config.toml"
  fi
  mv -- "$file.kfleet" "$file"
}

restart_containerd() { timeout -k 5 90 systemctl restart containerd.service; }

# Waits until CRI itself says RuntimeReady; the unit being active says nothing about it.
await_cri() {
  left=20
  while [ "$left" -gt 0 ]; do
    if command -v crictl >/dev/null; then
      answer=$(timeout -k 1 10 crictl -r "$CRI_SOCKET" --timeout 5s info 2>&1) &&
        printf '%s' "$answer" | tr -d ' \n' | grep -q '"type":"RuntimeReady","status":true\|"status":true,"type":"RuntimeReady"' && return 0
    else
      answer=$(timeout -k 1 10 ctr --address "${CRI_SOCKET#unix://}" plugins ls id==cri 2>&1) &&
        printf '%s' "$answer" | grep -q ' ok *$' && return 0
    fi
    left=$((left - 1))
    sleep 1
  done
  say "containerd's CRI does not answer: $(printf '%s' "$answer" | tail -n 3)"
  return 1
}
