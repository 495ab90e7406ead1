# --- facts: reads what a diagnosis is made from, changes nothing -------------------------------------------------------
# 64 where no kubelet runs and its unit starts none.
probe_kubelet_arguments() {
  command -v systemctl >/dev/null || return 64
  pid=$(timeout -k 1 20 systemctl show -p MainPID --value kubelet.service) || return
  if [ "${pid:-0}" -gt 0 ] && [ "$(cat "/proc/$pid/comm")" = kubelet ]; then
    tr '\000' '\n' <"/proc/$pid/cmdline"
    return
  fi
  command=$(timeout -k 1 20 systemctl show -p ExecStart --value kubelet.service) || return
  command=$(printf '%s\n' "$command" | sed -n 's/.*argv\[\]=\(.*\) ; ignore_errors=.*/\1/p')
  [ -n "$command" ] || return 64
  printf '%s\n' "$command" | tr -s ' ' '\n'
}

# What function $1 makes of the journal of unit $2, printed with $3…. Fails where journalctl does: it prints the oldest
# first, so what it did not come to are the newest.
of_journal() {
  digest_by=$1
  unit=$2
  shift 2
  command -v journalctl >/dev/null || return 64
  { asked=$({ {
    timeout -k 1 20 journalctl -u "$unit" -b -q --no-pager "$@"
    echo $? >&3
  } | { "$digest_by" >&4 || echo digest >&3; }; } 3>&1); } 4>&1
  [ "$asked" = 0 ] || {
    echo "journalctl -u $unit ended with $(printf '%s' "$asked" | tr '\n' ' ')" >&2
    return 1
  }
}

# A kubelet that ends by a fatal line prints the stacks of all that it did, which are 6000 lines; a digest of the last 5000
# would not have the line itself.
probe_kubelet_log() { of_journal digest kubelet.service -o short-unix -n 30000; }
probe_containerd_log() { of_journal containerd_complaints containerd.service -o cat -n 2000; }

# The kubelet's folder may be elsewhere.
probe_kubelet_filesystem() {
  folder=$(kubelet_folder 2>/dev/null) || return 1
  filesystem_of "${folder:-/var/lib/kubelet}"
}

# Path $1, then block size, blocks, blocks free to users, inodes, free inodes and type of the file system there.
filesystem_of() {
  [ -e "$1" ] || return 64
  printf '%s\n' "$1"
  timeout -k 1 10 stat -f -c '%S %b %a %c %d %T' -- "$1"
}

# States and numbers of what `crictl $2…` lists. Names in its JSON hardly look like these, as quotes in them are escaped.
# Without crictl, of what containerd keeps as a $1 of CRI's.
probe_states() {
  kind=$1
  shift
  if ! command -v crictl >/dev/null; then
    command -v ctr >/dev/null || return 64
    states_by_ctr "$kind"
    return
  fi
  listed=$(ask_cri "$@" -o json) || return
  case $listed in *'{'*'"items"'* | *'{'*'"containers"'*) ;; *) # an empty list is there, too
    echo "crictl $1 printed no list" >&2
    return 1
    ;;
  esac
  printf '%s\n' "$listed" | sed 's/"state"/\n&/g' |
    sed -n 's/^"state": *"\(SANDBOX\|CONTAINER\)_\([A-Z]*\)".*/\2/p' | sort | uniq -c | awk '{ print tolower($2), $1 }'
}

# In CRI's words: a sandbox whose task runs is ready, a container whose task does not run has exited.
states_by_ctr() {
  ids=$(ctr_in k8s.io containers ls -q "labels.\"io.cri-containerd.kind\"==$1") && tasks=$(ctr_in k8s.io tasks ls) || return
  printf '%s\n-\n%s\n' "$tasks" "$ids" | awk -v kind="$1" '
    $0 == "-" { listing = 1; next }
    !listing { state[$1] = $3; next }
    $1 != "" { count[state[$1] == "RUNNING"]++ }
    END {
      if (count[1]) print (kind == "sandbox" ? "ready" : "running"), count[1]
      if (count[0]) print (kind == "sandbox" ? "notready" : "exited"), count[0]
    }'
}

# Where containerd looks for CNI's plugins, a folder per line; where it does not say, all that packages put them in.
cni_folders() {
  told=$(containerd_dump 2>/dev/null | awk '
    /^ *\[/ { cni = /\.cni\]$/ }
    cni && /^ *bin_dirs? = / { sub(/^[^=]*= /, ""); gsub(/[]["\047,]/, " "); print }' | tr -s ' ' '\n' | grep /)
  printf '%s\n' "${told:-/opt/cni/bin
/usr/lib/cni
/usr/libexec/cni}"
}

# containerd reads .conf, .conflist and .json, in the order of their names, and takes the first.
probe_cni() {
  configs=$(for file in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist /etc/cni/net.d/*.json; do
    [ ! -f "$file" ] || printf '%s\n' "${file##*/}"
  done | sort)
  [ -z "$configs" ] || printf '%s\n' "$configs" | sed 's/^/config /'
  cni_folders | while IFS= read -r folder; do
    for plugin in "$folder"/*; do
      if [ -x "$plugin" ] && [ ! -d "$plugin" ]; then echo "plugin ${plugin##*/}"; fi
    done
  done | sort -u
  echo first
  [ -z "$configs" ] || head -c 65536 -- "/etc/cni/net.d/$(printf '%s\n' "$configs" | head -n 1)"
}

# Modules $1… with what is known of them. What is built into a kernel need not show, so only its lists tell what it lacks.
module_states() {
  lists="/lib/modules/$(uname -r)"
  for module in "$@"; do
    if [ -d "/sys/module/$module" ] || grep -qw "$module" /proc/filesystems; then
      echo "$module loaded"
    elif grep -qs "/$module\\.ko" "$lists/modules.builtin" "$lists/modules.dep"; then
      echo "$module available"
    elif [ -r "$lists/modules.builtin" ] && [ -r "$lists/modules.dep" ]; then
      echo "$module missing"
    else
      echo "$module unknown"
    fi
  done
}

probe_containerd_dump() {
  command -v containerd >/dev/null || return 64
  containerd_dump
}

probe_containerd_socket() {
  [ -S "${CRI_SOCKET#unix://}" ] || return 64
  stat -L -c '%a %U:%G' -- "${CRI_SOCKET#unix://}"
}

probe_containerd_namespaces() {
  command -v ctr >/dev/null || return 64
  ctr_in k8s.io namespaces ls -q
}

# Where protected paths $1…, or parts of them, are mounted below folders that a reset empties: mount point and path.
probe_media_mounts() {
  roots=$(printf '%s\n' /var/lib/kubelet /var/lib/containerd /run/containerd /run/netns && moved_folders @kubelet &&
    moved_folders @containerd-root && moved_folders @containerd-state) || return
  roots=$(printf '%s\n' "$roots" | while IFS= read -r root; do
    if [ -n "$root" ] && locate "$root"; then printf '%s\n' "$HERE"; fi
  done)
  for path in "$@"; do
    timeout -k 1 10 stat -L -- "$path" >/dev/null 2>&1 || continue
    real "$path" && place "$REAL" || return
    X=$REAL PROTECTED=$path PLACED=$PLACE ROOTS=$roots awk -F '[ ]' "$PATHS"'
      BEGIN {
        places = 1
        device[1] = ENVIRON["PLACED"]; sub(/ .*/, "", device[1])
        folder[1] = substr(ENVIRON["PLACED"], length(device[1]) + 2)
        count = split(ENVIRON["ROOTS"], roots, "\n")
      }
      {
        if (within(un($5), ENVIRON["X"])) { places++; device[places] = $3; folder[places] = un($4) }
        id[NR] = $3; root[NR] = un($4); mount[NR] = $5
      }
      END {
        for (n = 1; n <= NR; n++) for (r = 1; r <= count; r++) {
          if (roots[r] == "" || un(mount[n]) == roots[r] || !within(un(mount[n]), roots[r])) continue
          for (p = 1; p <= places; p++)
            if (id[n] == device[p] && (within(root[n], folder[p]) || within(folder[p], root[n]))) {
              print mount[n], ENVIRON["PROTECTED"]
              next_mount = 1
              break
            }
          if (next_mount) { next_mount = 0; break }
        }
      }' /proc/self/mountinfo || return
  done
}
