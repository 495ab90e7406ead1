# --- probe: reads, changes nothing -----------------------------------------------------------------------------
probe_system() {
  echo "hostname=$(cat /proc/sys/kernel/hostname)"
  echo "machine_id=$(cat /etc/machine-id)"
  echo "boot_id=$(cat /proc/sys/kernel/random/boot_id)"
  echo "stamp=$(stamp)"
  echo "kernel=$(uname -r)"
  echo "uptime=$(sed 's/[. ].*//' /proc/uptime)"
  # shellcheck disable=SC1091 # the node's file
  echo "os=$(. /etc/os-release && echo "$PRETTY_NAME")"
  echo "uid=$(id -u)"
}

# Who is at work on the node. A phase of our own run has said its last word before this is asked, and is only about to
# leave; one that stays all the same is told like anybody's.
probe_running() {
  left=50
  while :; do
    shown=$(systemctl show -p ActiveState -p Description -p ActiveEnterTimestamp kfleet.service) || return
    case $shown in *ActiveState=active* | *ActiveState=activating*) ;; *) return 64 ;; esac
    case $shown in *"$RUN"*) ;; *) break ;; esac
    [ "$left" -gt 0 ] || break
    left=$((left - 1))
    sleep 0.1
  done
  printf '%s\n' "$shown" | sed -n 's/^Description=//p' | tr -d '\n'
  printf '%s\n' "$shown" | sed -n 's/^ActiveEnterTimestamp=\(.\)/, since \1/p'
}

probe_units() {
  command -v systemctl >/dev/null || return 64
  timeout -k 1 20 systemctl show kubelet.service containerd.service -p Id -p LoadState -p ActiveState -p SubState -p NRestarts
}

probe_versions() {
  ! command -v kubeadm >/dev/null || echo "kubeadm=$(timeout -k 1 20 kubeadm version -o short)"
  ! command -v kubelet >/dev/null || echo "kubelet=$(timeout -k 1 20 kubelet --version)"
  ! command -v containerd >/dev/null || echo "containerd=$(timeout -k 1 20 containerd --version)"
}

probe_files() {
  for file in "$@"; do
    if [ -e "$file" ] || [ -L "$file" ]; then echo "$file"; fi
  done
}

probe_api_server() {
  [ -f /etc/kubernetes/kubelet.conf ] || return 64
  sed -n 's/^ *server: *//p' /etc/kubernetes/kubelet.conf
}

# Without crictl, containerd itself says at least whether its CRI plugin came up.
probe_cri_info() {
  if ! command -v crictl >/dev/null; then
    command -v ctr >/dev/null || return 64
    plugins=$(ctr_in k8s.io plugins ls) || return
    echo "cri plugin $(printf '%s\n' "$plugins" | awk '$1 ~ /\.grpc\.v1$/ && $2 == "cri" { print $NF }')"
    return
  fi
  timeout -k 1 15 crictl -r "$CRI_SOCKET" --timeout 10s info
}

# Without crictl, images lie below the folder that containerd's config names.
probe_image_filesystem() {
  used=
  if command -v crictl >/dev/null; then
    answer=$(ask_cri imagefsinfo) || return
    answer=$(printf '%s' "$answer" | tr -d '\n' | sed 's/"timestamp"/\n&/g' | grep '"mountpoint"' | head -n 1) # the images'
    point=$(printf '%s\n' "$answer" | sed -n 's/.*"mountpoint": *"\([^"]*\)".*/\1/p')
    used=$(printf '%s\n' "$answer" | sed -n 's/.*"usedBytes": *{ *"value": *"\([0-9]*\)".*/\1/p')
    by=CRI
  else
    command -v containerd >/dev/null || return 64
    answer=$(containerd_dump) || return
    point=$(printf '%s\n' "$answer" | sed -n "s/^root = [\"']\(.*\)[\"']\$/\1/p")
    by="containerd's config"
  fi
  [ -n "$point" ] || {
    echo "$by names no folder of images" >&2
    return 1
  }
  [ -e "$point" ] || {
    echo "$by names $point, which is not there" >&2
    return 1
  }
  filesystem_of "$point" || return
  echo "$by"
  [ -z "$used" ] || echo "$used"
}

# A path that ends in / means what is in that folder, also behind a link, as what removes it sees it.
probe_leftovers() {
  for path in "$@"; do
    case $path in
      /var/lib/cni/*) ! cni_is_shared || continue ;; # stays, as others use it
    esac
    case $path in
      */)
        [ -d "$path" ] || continue
        [ -z "$(ls -A -- "$path")" ] || echo "${path%/}"
        ;;
      *)
        if [ -d "$path" ] && [ ! -L "$path" ]; then
          [ -z "$(ls -A -- "$path")" ] || echo "$path"
        elif [ -e "$path" ] || [ -L "$path" ]; then
          echo "$path"
        fi
        ;;
    esac
  done
}

# What is left in a folder to which kubelet was moved, of the entries in $ENTRIES.
probe_moved_leftovers() {
  list=$(moved_folders @kubelet) || return
  printf '%s\n' "$list" | while IFS= read -r folder; do
    [ -n "$folder" ] || continue
    for entry in $ENTRIES; do
      probe_leftovers "$folder/$entry"
    done
  done
}

probe_kubelet_mounts() {
  list=$(moved_folders @kubelet) || return
  if locate /var/lib/kubelet; then mounts_below "$HERE" || return; fi
  printf '%s\n' "$list" | while IFS= read -r folder; do
    if [ -n "$folder" ] && locate "$folder"; then mounts_below "$HERE" "$ENTRIES" || exit; fi
  done
}

# Where containerd is Kubernetes' alone, counted in the folders themselves, so that it works with a containerd that does
# not, and what only its metadata know besides; else the part that is Kubernetes'.
probe_containerd_items() {
  sharers=$(containerd_sharers) || return
  if [ -n "$sharers" ]; then
    share=$(kubernetes_share) || return
    printf '%s' "$share" | awk 'END { print NR }'
    return
  fi
  known=0
  if share=$(kubernetes_share 2>/dev/null); then
    known=$(printf '%s\n' "$share" | grep -cE '^(containers|images|leases|sandboxes) ')
  fi
  roots=$(moved_folders @containerd-root) && states=$(moved_folders @containerd-state) || return
  printf '%s\n' /var/lib/containerd "$roots" /run/containerd "$states" | {
    count=$known
    while IFS= read -r folder; do
      [ -n "$folder" ] || continue
      for item in "$folder"/io.containerd.snapshotter.v1.*/snapshots/* \
        "$folder"/io.containerd.content.v1.content/blobs/*/* \
        "$folder"/io.containerd.runtime.v2.task/*/*; do
        if [ -e "$item" ]; then count=$((count + 1)); fi
      done
    done
    echo "$count"
  }
}

# 64 where there is no containerd.
probe_cgroupfs() {
  command -v containerd >/dev/null || return 64
  names=$(cgroupfs_in_use) || return
  [ -z "$names" ] || printf '%s\n' "$names" | sort -u
}

probe_node_object() {
  [ -f /etc/kubernetes/kubelet.conf ] || return 64
  command -v kubectl >/dev/null || return 64
  node_object /etc/kubernetes/kubelet.conf "$(node_name)"
}
