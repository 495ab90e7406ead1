# --- runtime: looks at containerd, changes nothing -------------------------------------------------------------
# ctr in namespace $1. Before 2.0 it waits for a socket that is not there.
ctr_in() {
  if [ ! -S "${CRI_SOCKET#unix://}" ]; then
    echo "containerd has no socket, so it does not run" >&2
    return 1
  fi
  timeout -k 1 30 ctr --connect-timeout 5s --address "${CRI_SOCKET#unix://}" --namespace "$@"
}

# What crictl answers to $1…; where that is more than anybody reads it is cut off, and 141.
ask_cri() {
  {
    asked=$({ {
      { timeout -k 1 15 crictl -r "$CRI_SOCKET" --timeout 10s "$@"; echo $? >&3; } 2>&1 >&4 | tail -c 4096 >&6
    } 4>&1 | {
      head -c 1048576 >&5
      [ "$(head -c 1 | wc -c)" -eq 0 ] || echo 141 >&3
    }; } 3>&1)
  } 5>&1 6>&2
  case $asked in *141*)
    echo "crictl $1 printed more than 1 MiB" >&2
    return 141
    ;;
  esac
  return "${asked:-1}"
}

# Prints who besides Kubernetes has something in this containerd, a line each; fails where that could not be listed. A
# containerd that does not answer is judged by its folders and metadata.
containerd_sharers() {
  moved=$(moved_folders @containerd-state && moved_folders @containerd-root) || return
  kept=$(printf '%s\n' /run/containerd /var/lib/containerd "$moved" | while IFS= read -r top; do
    for folder in "$top"/io.containerd.runtime.v*/*; do
      [ -d "$folder" ] && [ "${folder##*/}" != k8s.io ] && [ -n "$(ls -A -- "$folder")" ] || continue
      echo "containers of ${folder##*/}"
    done
    [ -e "$top/io.containerd.metadata.v1.bolt/meta.db" ] || continue
    grep -qaE 'moby|buildkit|nerdctl' "$top/io.containerd.metadata.v1.bolt/meta.db" 2>/dev/null
    case $? in 1) ;; *) echo '?' ;; esac # what cannot be read may name anybody
  done)
  printf '%s\n' "$kept" | sed -e '/^?$/d' -e '/^$/d'
  case $(systemctl show -p ActiveState --value docker.service) in
    inactive | failed) ;;
    *) echo "Docker, which is running, or whether it is could not be told" ;;
  esac
  if names=$(ctr_in k8s.io namespaces ls -q 2>/dev/null); then
    for name in $names; do
      [ "$name" != k8s.io ] || continue
      for kind in containers images content leases; do
        things=$(ctr_in "$name" "$kind" ls -q) || return
        [ -z "$things" ] || echo "$kind of $name"
      done
    done
  else
    case $kept in *'?'*) echo "Docker, BuildKit or nerdctl, whose names are in its metadata" ;; esac
  fi
}

# Lines as one list for people, each once.
in_a_row() { sort -u | sed -n 'H; ${ x; s/^\n//; s/\n/, /g; p; }'; }

# Prints what in containerd is Kubernetes', as "kind name" or "snapshots/snapshotter name"; fails where one kind could
# not be listed.
kubernetes_share() {
  for kind in tasks containers images content leases; do
    things=$(ctr_in k8s.io "$kind" ls -q) || return
    list_as "$kind"
  done
  if ctr --help | grep -q sandboxes; then # from 1.7 on
    things=$(ctr_in k8s.io sandboxes ls) || return
    things=$(printf '%s\n' "$things" | awk 'NR > 1 { print $1 }')
    list_as sandboxes
  fi
  plugins=$(ctr_in k8s.io plugins ls) || return
  for snapshotter in $(printf '%s\n' "$plugins" | awk '$1 ~ /snapshotter/ && $NF == "ok" { print $2 }'); do
    things=$(ctr_in k8s.io snapshots --snapshotter "$snapshotter" ls) || return
    things=$(printf '%s\n' "$things" | awk 'NR > 1 { print $1 }')
    list_as "snapshots/$snapshotter"
  done
}
list_as() { [ -z "$things" ] || printf '%s\n' "$things" | sed "s|^|$1 |"; }

# From a merged config (`containerd config dump`): prints the names of CRI's runtimes that are runc and do not use systemd
# for cgroups. Without a type a runtime does not work at all: a drop-in of 1.x replaces the whole section.
cgroupfs_in_dump() {
  awk '
    /^disabled_plugins/ && /["\047]cri["\047]|grpc\.v1\.cri|cri\.v1\.runtime/ { print "all of CRI, which is disabled" }
    /^ *\[/ {
      name = ""
      sub(/^ */, ""); sub(/\] *$/, "")
      if (!sub(/^\[plugins\..?(cri|io\.containerd\.grpc\.v1\.cri|io\.containerd\.cri\.v1\.runtime).?\.containerd\./, "")) next
      options = sub(/\.options$/, "")
      listed = sub(/^runtimes\./, "")
      name = $0
    }
    name != "" && !options && $1 == "runtime_type" {
      if ($3 ~ /io\.containerd\.runc\.v[12]/ || (listed && length($3) == 2)) runc[name] = 1
    }
    name != "" && options && $1 == "SystemdCgroup" && $3 == "true" { systemd[name] = 1 }
    END {
      for (name in runc) { some = 1; if (!(name in systemd)) print name }
      if (!some) print "runc, which CRI does not have"
    }'
}

# The same from `crictl info`; 2 where that shows no runtimes, 1 where it is far longer than any: each line that is added to
# the others copies them all.
cgroupfs_in_info() {
  awk '
    length(all) < 200000 { gsub(/[ \t]/, ""); all = all $0 }
    END {
      if (length(all) >= 200000) exit 1
      n = split(all, part, /"runtimeType":/)
      for (i = 2; i <= n; i++) {
        if (part[i] !~ /^"io\.containerd\.runc\.v[12]"/) continue
        some = 1
        if (part[i] ~ /"SystemdCgroup":true/) continue
        match(part[i - 1], /"[^"]*":\{$/)
        print substr(part[i - 1], RSTART + 1, RLENGTH - 4)
      }
      exit some ? 0 : 2
    }'
}

# The same of the config as it is, which the next start uses, and of the containerd that runs. Where crictl does not show
# what that uses, it is the same if it was started after the config was written.
cgroupfs_in_use() {
  dump=$(containerd_dump) || return
  printf '%s\n' "$dump" | cgroupfs_in_dump
  if command -v crictl >/dev/null; then
    info=$(ask_cri info) || return
    printf '%s\n' "$info" | cgroupfs_in_info
    case $? in 2) ;; *) return ;; esac
  fi
  [ -f /etc/containerd/config.toml ] || return 0
  since=$(systemctl show -p ExecMainStartTimestampMonotonic --value containerd.service) &&
    written=$(stat -Lc %Y /etc/containerd/config.toml) || return
  awk -v now="$(date +%s)" -v since="$since" -v written="$written" '
    { exit !(since > 0 && now - $1 + since / 1000000 + 1 >= written) }' /proc/uptime || {
    echo "containerd was started before its config was written, and crictl does not show what it uses" >&2
    return 1
  }
}
