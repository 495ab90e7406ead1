# --- preflight: what kubeadm asks of a node before it joins it, and what an earlier join has left ------------------------
# key=value lines; what could not be told has none.
probe_preflight() {
  echo "clock=$(date +%s)"
  echo "ip_forward=$(cat /proc/sys/net/ipv4/ip_forward)"
  if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
    echo "bridge_filter=$(cat /proc/sys/net/bridge/bridge-nf-call-iptables)"
  else
    echo "bridge_filter=absent"
  fi
  if [ -r /proc/swaps ]; then
    echo "swap=$(awk 'NR > 1 { print $1 }' /proc/swaps | tr '\n' ' ')"
  fi
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    echo "cgroup=2"
    if grep -qw memory /sys/fs/cgroup/cgroup.controllers; then echo "memory=1"; else echo "memory=0"; fi
  elif [ -f /proc/cgroups ]; then
    echo "cgroup=1"
    echo "memory=$(awk '$1 == "memory" { on = $4 } END { print on + 0 }' /proc/cgroups)"
  fi
  command -v getent >/dev/null || return 0
  timeout -k 1 5 getent ahosts "$(cat /proc/sys/kernel/hostname)" >/dev/null
  case $? in # 2: there is no such name
    0) echo "resolves=1" ;;
    2) echo "resolves=0" ;;
  esac
}

# Those of the programs $1… that are not there.
missing_tools() {
  for tool in "$@"; do
    command -v "$tool" >/dev/null || echo "$tool"
  done
}

# The Node's name that kubeadm gave to the kubelet, where it is not the hostname.
hostname_override() {
  [ ! -f /var/lib/kubelet/kubeadm-flags.env ] ||
    sed -n 's/.*--hostname-override[= ]\([^" ]*\).*/\1/p' /var/lib/kubelet/kubeadm-flags.env
}

# The name under which the kubelet registers.
node_name() {
  given=$(hostname_override | head -n 1)
  printf '%s\n' "${given:-$(cat /proc/sys/kernel/hostname)}" | tr '[:upper:]' '[:lower:]'
}

# key=value lines. Whether the kubelet is started with kubeadm's kubeconfig for TLS bootstrap can only be told where
# the unit starts the kubelet itself, and not a script around it.
probe_kubelet_settings() {
  echo "override=$(hostname_override)"
  if [ -f /var/lib/kubelet/config.yaml ]; then
    echo "cgroup_driver=$(sed -n 's/^cgroupDriver: *"\{0,1\}\([a-z]*\).*/\1/p' /var/lib/kubelet/config.yaml)"
  fi
  command -v systemctl >/dev/null || return 0
  unit=$(timeout -k 1 20 systemctl show kubelet.service -p ExecStart -p Environment) || return
  case $unit in
    *--bootstrap-kubeconfig*) echo "bootstraps=1" ;;
    *"path=/"*"/kubelet ;"*)
      files=$(timeout -k 1 20 systemctl show kubelet.service -p EnvironmentFiles) || return
      printf '%s\n' "$files" | sed -n 's/^EnvironmentFiles=\(.*\) (ignore_errors=.*/\1/p' | {
        answer=0
        while IFS= read -r file; do
          if [ -f "$file" ] && grep -q -e --bootstrap-kubeconfig -- "$file"; then answer=1; fi
        done
        echo "bootstraps=$answer"
      }
      ;;
  esac
}

# The name of the process that listens on TCP port 10250 (280A); 64 where none does.
probe_kubelet_port() {
  socket=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$2 ~ /:280A$/ && $4 == "0A" { print $10; exit }') || return
  [ -n "$socket" ] || return 64
  # shellcheck disable=SC2012 # names of links and what they lead to, of processes that come and go meanwhile
  folder=$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v socket="socket:[$socket]" \
    '/^\/proc\// { folder = $0 } $NF == socket { print folder; exit }')
  folder=${folder%:}
  if [ -z "$folder" ] || ! cat "${folder%/fd}/comm" 2>/dev/null; then echo "a process that could not be found"; fi
}

# The certificates among what is read, whole ones only: a key may stand in the same file.
certificates() {
  awk '/^-----BEGIN / { block = ""; inside = ($0 ~ /^-----BEGIN CERTIFICATE-----/) }
    inside { block = block $0 "\n" }
    inside && /^-----END CERTIFICATE-----/ { printf "%s", block; inside = 0 }'
}

# The CA that the kubelet trusts, or else the one that kubeadm wrote before. 64 where there is neither.
probe_cluster_ca() {
  file=/etc/kubernetes/pki/ca.crt
  if [ -f /etc/kubernetes/kubelet.conf ]; then
    data=$(sed -n 's/^ *certificate-authority-data: *"\{0,1\}\([A-Za-z0-9+/=]*\).*/\1/p' /etc/kubernetes/kubelet.conf)
    if [ -n "$data" ]; then
      printf '%s\n' "$data" | head -n 1 | base64 -d | certificates
      return
    fi
    named=$(sed -n 's/^ *certificate-authority: *"\{0,1\}\([^"]*\).*/\1/p' /etc/kubernetes/kubelet.conf | head -n 1)
    [ -z "$named" ] || file=$named
  fi
  [ -f "$file" ] || return 64
  certificates <"$file"
}

probe_client_certificate() {
  [ -f /var/lib/kubelet/pki/kubelet-client-current.pem ] || return 64
  certificates </var/lib/kubelet/pki/kubelet-client-current.pem
}
