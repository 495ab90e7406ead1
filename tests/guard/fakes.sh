#!/bin/sh
# Stands in for all that is not the kernel's, under each of its names (FAKES in sandbox.rs): every call is a line of
# /guard/calls; what a fake does not know is a line of /guard/unknown, and a failure. State is in /fake.
name=${0##*/}
printf '%s\n' "$name $*" >>/guard/calls

unknown() {
  printf '%s\n' "$name $*" >>/guard/unknown
  printf 'fake %s does not know: %s\n' "$name" "$*" >&2
  exit 1
}

# State of unit $1.
unit() {
  state=inactive
  [ ! -f "/fake/units/$1" ] || read -r state <"/fake/units/$1"
  printf '%s\n' "$state"
}

fake_systemctl() {
  case $* in
    'show -p ActiveState --value '*) unit "$5" ;;
    'show -p MainPID --value '*) if [ -f "/fake/pids/$5" ]; then cat "/fake/pids/$5"; else echo 0; fi ;;
    'show -p LoadState --value kubelet.service') echo loaded ;;
    'show -p ExecStart --value containerd.service')
      echo "{ path=/usr/bin/containerd ; argv[]=/usr/bin/containerd $(cat /fake/options 2>/dev/null) ; ignore_errors=no }"
      ;;
    'cat kubelet.service') echo 'ExecStart=/usr/bin/kubelet $KUBELET_EXTRA_ARGS' ;;
    'stop kubepods.slice') ;;
    'stop kfleet-firewall.timer') ;;
    'stop '*.service) echo inactive >"/fake/units/$2" ;;
    'restart containerd.service') containerd_starts ;;
    daemon-reload | 'reset-failed '* | 'enable --quiet kubelet.service') ;;
    *) unknown "$@" ;;
  esac
}

# A timer that is always stopped before its time.
fake_systemd_run() {
  case $* in
    *' --unit=kfleet-firewall '*' --on-active='*) ;;
    *) unknown "$@" ;;
  esac
}

# The daemon makes its folders where they are empty, and its containers are not its children.
containerd_starts() {
  echo active >/fake/units/containerd.service
  for folder in /var/lib/containerd /run/containerd; do
    for entry in "$folder"/*; do
      [ -e "$entry" ] || mkdir -p "$folder/io.containerd.runtime.v2.task"
      break
    done
  done
}

fake_containerd() {
  case $* in
    '--config '*' config dump') cat "$2" ;;
    'config default') printf '%s\n' 'version = 2' '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]' '  runtime_type = "io.containerd.runc.v2"' '  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]' '    SystemdCgroup = false' ;;
    'config dump') cat /fake/dump && { [ ! -f /etc/containerd/config.toml ] || cat /etc/containerd/config.toml; } ;;
    *) unknown "$@" ;;
  esac
}

# Pods are the processes in kubelet's cgroup (`pod` in plant.sh).
CGROUP=/sys/fs/cgroup/kubepods.slice/cgroup.procs

fake_crictl() {
  [ "$1 $3" = '-r --timeout' ] || unknown "$@"
  shift 4
  case $* in
    'pods -q') if [ -s "$CGROUP" ]; then echo 0123456789ab; fi ;;
    'rmp -fa')
      while read -r pid; do kill -9 "$pid"; done <"$CGROUP"
      : >"$CGROUP"
      ;;
    info)
      echo '{"status":{"conditions":[{"type":"RuntimeReady","status":true}]},"config":{"containerd":{"runtimes":'
      echo '{"runc":{"runtimeType":"io.containerd.runc.v2","options":{"SystemdCgroup":true}}}}}}'
      ;;
    *) unknown "$@" ;;
  esac
}

# kubeadm 1.20 as far as it deletes: Go's RemoveAll knows nothing of mounts, and CleanDir follows the folder it is given.
fake_kubeadm() {
  case $* in
    'reset --help') return ;;
    'reset phase remove-etcd-member '*) # newer ones empty the data where that failed, too
      find /var/lib/etcd/. -mindepth 1 -maxdepth 1 -exec rm -rf {} +
      cat /guard/etcd-word >&2
      return
      ;;
    reset | 'reset --force '*) ;;
    *) unknown "$@" ;;
  esac
  for folder in /etc/kubernetes/manifests /etc/kubernetes/pki "$(readlink -m /var/lib/kubelet)" /var/lib/etcd \
    /var/lib/dockershim /var/run/kubernetes /var/lib/cni; do
    [ ! -d "$folder" ] || find "$folder/." -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  done
  rm -f /etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf
}

fake_save() {
  [ $# -eq 0 ] || unknown "$@"
  [ ! -f "/fake/rules/${name%-save}" ] || cat "/fake/rules/${name%-save}"
}

# As far as the purge goes: a transaction that empties chains, deletes rules and deletes chains; all of it or nothing.
fake_restore() {
  rules=/fake/rules/${name%-restore}
  case $* in --noflush | '--noflush -w 10') ;; *) unknown "$@" ;; esac
  awk '
    /^\*/ { table = $0 }
    FNR == NR { line[++lines] = $0; at[lines] = table; next }
    /^:/ { for (i = 1; i <= lines; i++) if (at[i] == table && index(line[i], "-A " substr($1, 2) " ") == 1) line[i] = "" }
    /^-D / {
      for (i = 1; i <= lines; i++) if (at[i] == table && line[i] == "-A" substr($0, 3)) { line[i] = ""; next }
      exit failed = 1
    }
    /^-X / {
      for (i = 1; i <= lines; i++) if (at[i] == table && line[i] ~ "^-A.* -[jg] " $2 "( |$)") exit failed = 1
      for (i = 1; i <= lines; i++) if (at[i] == table && index(line[i], ":" $2 " ") == 1) line[i] = ""
    }
    END {
      if (!failed) for (i = 1; i <= lines; i++) if (line[i] != "") print line[i]
      exit failed
    }' "$rules" - >"$rules.new" && mv "$rules.new" "$rules"
}

# Tables, as lines of /fake/nft; sets, as lines of /fake/ipsets.
fake_nft() {
  case $* in
    'list tables') sed 's/^/table /' /fake/nft ;;
    'list table '*) printf 'table %s %s {\n}\n' "$3" "$4" ;;
    '-f -')
      while read -r delete table what; do
        [ "$delete $table" = 'delete table' ] || unknown "$delete $table"
        forget "$what" /fake/nft
      done
      ;;
    *) unknown "$@" ;;
  esac
}

fake_ipset() {
  case $* in
    'list -n') cat /fake/ipsets ;;
    save) sed 's/.*/create & hash:ip/' /fake/ipsets ;;
    'destroy '*) forget "$2" /fake/ipsets ;;
    *) unknown "$@" ;;
  esac
}

# Takes the line $1 out of file $2.
forget() {
  grep -qxF -- "$1" "$2" || return
  grep -vxF -- "$1" "$2" >"$2.new"
  mv "$2.new" "$2"
}

fake_ip() {
  case $* in
    '-o route get '*) echo "$4 dev eth0 src 192.0.2.1 uid 0" ;;
    '-o address show'* | '-o -'[46]' route show'*) ;;
    'link delete '*) [ -e "/sys/class/net/$3" ] && rm -r "/sys/class/net/$3" ;;
    *) unknown "$@" ;;
  esac
}

case $name in
  *tables*-save) fake_save "$@" ;;
  *tables*-restore) fake_restore "$@" ;;
  systemd-run) fake_systemd_run "$@" ;;
  *) "fake_$name" "$@" ;;
esac
