# --- alone, before an attempt: what would fail it and no reset cures, so that nothing is tried or reset in vain ------------
# These are the findings of kfleet that block a join, in its words. Prints them, a line each. What could not be told is no
# reason to stop: then kubeadm is to say it.
blockers() {
  ignored=$(ignored_checks)
  api_blocks
  machine_blocks
}

ignored_checks() { sed -n 's/.*"ignorePreflightErrors": \[\(.*\)\].*/\1/p' "$BASE.yaml" | tr '[:upper:]' '[:lower:]'; }

# $2 blocks, unless the command says to ignore kubeadm's check $1.
blocks() {
  check=$(printf '%s\n' "$1" | tr '[:upper:]' '[:lower:]')
  case $ignored in *'"all"'* | *"\"$check\""*) ;; *) printf '%s\n' "$2" ;; esac
}

# The API server, as this node sees it. Only the public half of the token goes there.
api_blocks() {
  ENDPOINT=$WANTED
  TOKEN=$(sed -n 's/.*"tlsBootstrapToken": "\([a-z0-9]*\)\..*/\1/p' "$BASE.yaml")
  # shellcheck disable=SC2034 # for value_of
  object=$(api_view 2>/dev/null) || return 0
  if [ -n "$(value_of status)" ]; then
    [ "$(value_of token):$(value_of info_status)" != 0:200 ] || dead_token
    return
  fi
  # how kubeadm reads the exceptions from a proxy may differ from how the asking tool does
  [ -n "$(value_of proxy)" ] || out_of_reach "$(value_of said | tr -d '[:cntrl:]')"
}

dead_token() {
  echo "the API server does not know the token $TOKEN of the join command, or it has expired: make a new command on the control plane (kubeadm token create --print-join-command)"
}

# By the words $1 of curl, GNU and busybox wget, and Go (kubectl); others tell nothing.
out_of_reach() {
  case $1 in
    *'resolve host'* | *'bad address'* | *'Name or service not known'* | *'Temporary failure in name resolution'* | *'no such host'* | *'no suitable address'* | *'server misbehaving'*)
      echo "cannot look up the API server $ENDPOINT from the node: $1: make \`getent hosts NAME\` answer on the node: its DNS servers, or a line in /etc/hosts"
      ;;
    *refused*)
      echo "nothing answers at the API server's $ENDPOINT from the node: $1: is the API server up (\`crictl ps\` on its machine), and is this its address and port?"
      ;;
    *'timed out'* | *timeout* | *Timeout* | *'deadline exceeded'* | *'o route to host'* | *unreachable* | *'peration not permitted'* | *'Permission denied'*)
      echo "no way leads to the API server $ENDPOINT from the node: $1: look for a firewall or a missing route: \`ip route get ADDRESS\` on the node"
      ;;
    *SSL* | *TLS* | *tls* | *x509* | *handshake* | *'HTTP response to HTTPS'* | *'reset by peer'* | *'Empty reply'* | *EOF*)
      echo "no API server speaks at $ENDPOINT from the node: $1: \`openssl s_client -connect HOST:PORT\` on the node shows who answers there"
      ;;
  esac
}

# The machine. A kubelet that holds its port is for a reset to stop.
machine_blocks() {
  # shellcheck disable=SC2034 # for value_of
  object=$(probe_preflight 2>/dev/null)
  minor=$(timeout -k 1 20 kubeadm version -o short 2>/dev/null | sed -n 's/^v1\.\([0-9][0-9]*\).*/\1/p')
  swap=$(value_of swap | sed 's/ *$//; s/ /, /g')
  if [ -n "$swap" ] && [ "${minor:-99}" -lt 23 ]; then
    blocks Swap "it swaps to $swap, and the kubelet does not start with swap unless told to: \`swapoff -a\`, and take it out of /etc/fstab; or let the cluster's kubelet configuration say failSwapOn: false"
  fi
  case $WANTED:$(value_of ip_forward) in
    '['*) ;; # kubeadm asks for it where the address is none of IPv6
    *:0) blocks FileContent--proc-sys-net-ipv4-ip_forward "the kernel does not forward IPv4 packets (net.ipv4.ip_forward is 0), so pods reach nothing: \`sysctl -w net.ipv4.ip_forward=1\`, and \`net.ipv4.ip_forward = 1\` in /etc/sysctl.d/k8s.conf" ;;
  esac
  bridged=
  case $(value_of bridge_filter) in
    0) bridged='net.bridge.bridge-nf-call-iptables is 0' ;;
    absent) bridged='the kernel module br_netfilter is not loaded' ;;
  esac
  if [ -n "$bridged" ] && [ "${minor:-99}" -lt 30 ]; then
    blocks FileContent--proc-sys-net-bridge-bridge-nf-call-iptables "bridged packets do not pass iptables ($bridged): \`modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=1\`, and both in /etc/modules-load.d and /etc/sysctl.d"
  fi
  if [ ! -e /etc/kubernetes/kubelet.conf ] && by=$(probe_kubelet_port) && [ "$by" != kubelet ]; then
    blocks Port-10250 "$by listens on port 10250, which is the kubelet's: \`ss -ltnp sport = :10250\` shows who listens; stop it or move it"
  fi
  case $(value_of memory),$(value_of cgroup) in
    0,2) memory="cgroups have no memory controller: the kernel has it off, or a hierarchy of version 1 holds it" ;;
    0,*) memory="the kernel has the memory controller of cgroups off" ;;
    *) memory= ;;
  esac
  [ -z "$memory" ] || blocks SystemVerification "$memory: boot with cgroup_enable=memory; in a container, see to the host's cgroups"
}

# Fails where no attempt can succeed, and says why.
ready() {
  why=$(blockers)
  [ -n "$why" ] || return 0
  tell "this node cannot join as it is, and no reset would help:"
  printf '%s\n' "$why" | sed 's/^/  - /'
  tell "mend that, then run this again"
  return 1
}

# Docker's package brings a config of containerd that disables CRI: kubeadm refuses it, and no more than that one file has
# to be changed.
enable_cri() {
  case $(timeout -k 1 30 containerd config dump 2>/dev/null | cgroupfs_in_dump) in *'CRI, which is disabled'*) ;; *) return 0 ;; esac
  tell "containerd has its CRI plugin disabled, which is changed first"
  choose_containerd_config && phase_containerd && return
  rc=$?
  case $rc in
    76) tell "no join can succeed as long as CRI is disabled: take it out of disabled_plugins in /etc/containerd/config.toml and restart containerd" ;;
    130) ;;
    *) rc=0 ;; # the attempt and the resets after it have their own say
  esac
  return "$rc"
}

# Whether $LOOK may pass by itself, or with a kubelet that is restarted, and that was not tried since the last attempt.
may_pass() {
  case $LOOK:$waited in waking:*time*) LOOK=asleep ;; esac
  case $LOOK in
    asleep) remedy=restart ;;
    waking | late | unknown) remedy='time' ;;
    *) return 1 ;;
  esac
  case $waited in *"$remedy"*) return 1 ;; esac
  waited="$waited $remedy"
}

# A kubelet makes its Node when it starts, and never later; and one that has just started has not reported yet.
wake() {
  # shellcheck disable=SC2034 # for another part
  BEGAN=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  if [ "$LOOK" = asleep ]; then
    tell "restart: its kubelet, before anything is reset"
    phase_restart
    rc=$?
    case $rc in 76 | 130) return "$rc" ;; esac
  fi
  printf '==> wait for the Node'
  steady=no
  [ "$LOOK" != unknown ] || steady=yes
  wait_ends=$(($(uptime_seconds) + 120))
  wait_until 40 3 passed_or_over
  if [ "$LOOK" = member ]; then printf ': done\n'; else printf ': in vain\n'; fi
  [ ! -e "$BASE.stop" ] || return 130
  [ "$LOOK" = member ] || tell "look: $SEEN"
}

# The clock of the kernel counts too, as each look at an API server that is silent takes its time.
passed_or_over() { [ -e "$BASE.stop" ] || passed || [ "$(uptime_seconds)" -ge "$wait_ends" ]; }

# Of a kubelet that was down the Node stays Ready for a while, so it must have reported anew.
passed() {
  look
  case $LOOK in
    member) [ "$steady" = yes ] || has_reported ;;
    unknown) return 1 ;;
    asleep | waking | late)
      steady=no
      return 1
      ;;
  esac
}

# kubeadm's part of an attempt. After a reset of ours the API server has the old Node as Ready for up to 50 s more
# (node-monitor-grace-period), and kubeadm refuses to take its name for so long.
attempt_join() {
  # shellcheck disable=SC2034 # for another part
  CONFIGURATION=$(cat "$BASE.yaml")
  tries=6
  until phase_join; do
    rc=$?
    tries=$((tries - 1))
    case $rc in 76 | 130) return "$rc" ;; esac
    # shellcheck disable=SC2154 # of another part
    [ "$reset_any" = yes ] && [ "$tries" -gt 0 ] && name_is_taken "$BASE.said" || return "$rc"
    tell "the API server still has the Node from before the reset as Ready; the join is tried again in a moment"
    ! wait_until 18 1 test -e "$BASE.stop" || return 130
    # shellcheck disable=SC2034 # for another part
    CONFIGURATION=$(configuration_for_another_try)
  done
}

# Before kubeadm looks at the name it writes the CA that it has just verified, and its preflight would complain of that file.
# Besides "all", it takes no other check.
configuration_for_another_try() {
  case $(ignored_checks) in
    *'"all"'*) cat "$BASE.yaml" ;;
    *'"'*) sed 's/"ignorePreflightErrors": \[/&"FileAvailable--etc-kubernetes-pki-ca.crt", /' "$BASE.yaml" ;;
    *) sed 's/"criSocket":/"ignorePreflightErrors": ["FileAvailable--etc-kubernetes-pki-ca.crt"], &/' "$BASE.yaml" ;;
  esac
}
