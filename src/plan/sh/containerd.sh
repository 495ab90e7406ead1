# --- containerd --------------------------------------------------------------------------------------------------
CONFIG_FILE=/etc/containerd/config.toml

# Whether containerd accepts $CONFIG, and makes of it and its drop-ins what it is meant to be.
check_containerd_config() {
  PROBLEM="the new config of containerd cannot be written beside the old one"
  mkdir -p /etc/containerd && stage_config && examine_config && rm -f -- "$CONFIG_FILE.kfleet" && return 0
  rm -f -- "$CONFIG_FILE.kfleet"
  say "refused: $PROBLEM"
  return 76
}

# Beside the old file, as imports may be relative; with its owner and mode, as registry passwords may be in it.
stage_config() {
  rm -f -- "$CONFIG_FILE.kfleet" || return
  [ ! -e "$CONFIG_FILE" ] || cp -p -- "$CONFIG_FILE" "$CONFIG_FILE.kfleet" || return
  printf %s "$CONFIG" >"$CONFIG_FILE.kfleet"
}

# Sets PROBLEM where the staged config does not serve.
examine_config() {
  if ! said=$(timeout -k 1 30 containerd --config "$CONFIG_FILE.kfleet" config dump 2>&1 >/dev/null); then
    PROBLEM="containerd does not accept the new config, so the old one stays: $(printf '%s\n' "$said" | tail -n 3)"
    return 1
  fi
  dump=$(timeout -k 1 30 containerd --config "$CONFIG_FILE.kfleet" config dump 2>/dev/null) || return
  names=$(printf '%s\n' "$dump" | cgroupfs_in_dump | in_a_row)
  [ -n "$names" ] || return 0
  PROBLEM="with its drop-ins ($(printf '%s\n' "$dump" | cri_dropins | in_a_row)), containerd would have no SystemdCgroup = true for $names; mend them first"
  return 1
}

# From a dump: the imported files that speak of CRI. containerd 1 lists them all, 2 the patterns.
cri_dropins() {
  patterns=$(sed -n 's/^imports = \[\(.*\)\]$/\1/p' | tr -d "\"' " | tr , ' ')
  cd /etc/containerd || return
  for file in $patterns; do # patterns are meant to expand
    case $file in "$CONFIG_FILE"*) continue ;; esac
    ! grep -qE 'disabled_plugins|grpc\.v1\.cri|cri\.v1\.runtime|plugins\.cri' "$file" 2>/dev/null || echo "$file"
  done
}

# Puts $CONFIG in place, has containerd run with it, and asks the running containerd. What does not start is taken back.
# SHARED=yes starts containerd again only where it must be.
apply_containerd_config() {
  began=$(date +%s)
  new=no
  if [ ! -f "$CONFIG_FILE" ] || [ "$(cat "$CONFIG_FILE" && printf x)" != "${CONFIG}x" ]; then
    install_config || {
      timeout -k 5 90 systemctl start containerd.service
      say "containerd's config could not be written, so the old one stays"
      return 1
    }
    new=yes
  fi
  if [ "$new" = yes ] || [ "$SHARED" = no ] || cri_knows_pods; then
    trouble=$(restart_containerd 2>&1) && trouble=$(await_cri 2>&1)
  else
    trouble=$(await_cri 2>&1)
  fi || {
    roll_back_config
    return 1
  }
  names=$(cgroupfs_in_use) || {
    say "whether the running containerd uses systemd for cgroups could not be told"
    return 1
  }
  if [ -n "$names" ]; then
    say "containerd runs, but has no SystemdCgroup = true for $(printf '%s\n' "$names" | in_a_row)"
    return 1
  fi
}

install_config() {
  mkdir -p /etc/containerd && (umask 077 && mkdir -p "$BACKUP") || return
  stage_config || return
  if [ -e "$CONFIG_FILE" ]; then
    # The first copy of a run is what was there before it.
    if [ ! -e "$BACKUP/containerd-config.toml" ] && [ ! -e "$BACKUP/containerd-config.none" ]; then
      # all of it or nothing, also where this is cut off
      cp -p -- "$CONFIG_FILE" "$BACKUP/containerd-config.part" && mv -- "$BACKUP/containerd-config.part" "$BACKUP/containerd-config.toml" || return
    fi
    echo "the old config is kept as $BACKUP/containerd-config.toml"
  elif [ ! -e "$BACKUP/containerd-config.toml" ]; then
    : >"$BACKUP/containerd-config.none" || return
  fi
  mv -- "$CONFIG_FILE.kfleet" "$CONFIG_FILE"
}

# Whether CRI still has pods in mind, which containerd as such may know no more; or does not say.
cri_knows_pods() {
  command -v crictl >/dev/null || return 0
  pods=$(timeout -k 1 30 crictl -r "$CRI_SOCKET" --timeout 20s pods -q) || return 0
  [ -n "$pods" ]
}

# Puts back what this run has replaced, and says how containerd took it.
roll_back_config() {
  words=$(timeout -k 1 10 journalctl -u containerd.service --since "@$began" -o cat --no-pager 2>/dev/null |
    grep -E '^containerd: |level=fatal|failed to load plugin.*cri' | tail -n 1 | sed 's/^time="[^"]*" level=[a-z]* //')
  words=${words:-$(printf '%s\n' "${trouble#kfleet: }" | tail -n 3 | tr '\n' ' ')}
  if [ ! -e "$BACKUP/containerd-config.toml" ] && [ ! -e "$BACKUP/containerd-config.none" ]; then
    say "containerd does not come up: $words"
    return
  fi
  [ ! -e "$CONFIG_FILE" ] || mv -- "$CONFIG_FILE" "$BACKUP/containerd-config.failed.toml" || return
  if [ -e "$BACKUP/containerd-config.toml" ]; then
    cp -p -- "$BACKUP/containerd-config.toml" "$CONFIG_FILE.kfleet" && mv -- "$CONFIG_FILE.kfleet" "$CONFIG_FILE" || {
      say "containerd does not come up with the new config, and $BACKUP/containerd-config.toml could not be put back: $words"
      return
    }
  fi
  systemctl reset-failed containerd.service 2>/dev/null # or it may be started too often for systemd
  if restart_containerd >/dev/null 2>&1; then
    say "containerd did not come up with the new config, so the old one is back, and containerd runs with that; the new one is $BACKUP/containerd-config.failed.toml: $words"
  else
    say "containerd comes up neither with the new config nor with the old one, which is back: $words"
  fi
}

restart_containerd() { restart_unit containerd.service; }

# Waits until CRI itself says RuntimeReady; the unit being active says nothing about it.
await_cri() {
  wait_until 20 1 cri_answers && return
  say "containerd's CRI does not answer: $(printf '%s' "$answer" | tail -n 3)"
  return 1
}

cri_answers() {
  if command -v crictl >/dev/null; then
    answer=$(timeout -k 1 10 crictl -r "$CRI_SOCKET" --timeout 5s info 2>&1) &&
      printf '%s' "$answer" | tr -d ' \n' | grep -q '"type":"RuntimeReady","status":true\|"status":true,"type":"RuntimeReady"'
  else
    answer=$(ctr_in k8s.io plugins ls id==cri 2>&1) && printf '%s' "$answer" | grep -q ' ok *$'
  fi
}
