# --- alone, looking: what the engine asks its probe, as far as a script can tell on the node itself ---------------------
# Sets LOOK to what this node is, and SEEN to the sentence that says so:
#   fresh   nothing is joined; an attempt may succeed
#   half    what an earlier join has left would fail the next one; a reset cures it
#   asleep  it has joined, and its kubelet does not run or has no Node: it makes one when it starts
#   waking  it has joined, and systemd is about to start its kubelet; one that stays so is asleep
#   late    it has joined, its kubelet runs, and the Node is not Ready or from before the last boot: it may be so in a moment
#   unknown it has joined, and how it stands could not be read: it may be so in a moment, and before that nothing may be done
#   member  a healthy member (or one that waits for the pod network alone); nothing is to be done
#   stop    it has joined, and how it stands cannot be told or is not this cluster's business: nothing may be done
look() {
  kubelet_conf=/etc/kubernetes/kubelet.conf
  if [ ! -f "$kubelet_conf" ]; then
    LOOK=fresh SEEN="this node has not joined a cluster"
    for file in /etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/pki/ca.crt /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env; do
      [ ! -e "$file" ] || LOOK=half SEEN="an earlier join was left half done ($file is there, $kubelet_conf is not)"
    done
    return
  fi
  server=$(sed -n 's/^ *server: *//p' "$kubelet_conf" | head -n 1)
  LOOK=stop
  if [ "$server" != "https://$WANTED" ]; then
    SEEN="this node has joined the cluster at ${server:-an unknown address}, and the command names $WANTED; if it is to leave that one, reset it first (\`kfleet script reset --aggressive\` prints the script)"
    return
  fi
  command -v kubectl >/dev/null || {
    without_certificate || SEEN="this node has joined, and without kubectl it cannot be told whether it is a healthy member; install kubectl"
    return
  }
  node=$(node_name)
  if ! object=$(node_object "$kubelet_conf" "$node" 2>&1); then
    case $object in
      *'(NotFound)'*'nodes "'*) LOOK=asleep SEEN="it has joined, but the API server has no Node $node" ;;
      *)
        LOOK=unknown
        without_certificate || SEEN="this node has joined, and its Node could not be read: $(printf '%s\n' "$object" | tail -n 1)"
        ;;
    esac
    return
  fi
  judge_member
}

# Whether the certificate that kubelet.conf names is gone; then sets LOOK and SEEN. It may hold one itself instead, and the
# file is none of its business.
without_certificate() {
  certificate=/var/lib/kubelet/pki/kubelet-client-current.pem
  grep -q "^ *client-certificate: *[\"']\{0,1\}$certificate" "$kubelet_conf" && [ ! -e "$certificate" ] || return
  LOOK=half SEEN="its client certificate is gone, so its kubelet cannot speak to the API server"
}

# The same of a Node that was read into $object.
judge_member() {
  ready=$(value_of ready)
  message=$(value_of message)
  if [ -z "$(value_of machine_id)" ]; then
    LOOK=unknown SEEN="the Node $node names no machine yet"
  elif [ "$(value_of machine_id)" != "$(cat /etc/machine-id)" ]; then
    SEEN="the Node $node belongs to another machine (another machine id); delete it on the control plane if it is stale: kubectl delete node $node"
  elif kubelet_state=$(systemctl show -p ActiveState --value kubelet.service) && [ "$kubelet_state" != active ]; then
    SEEN="kubelet.service is ${kubelet_state:-in no known state}"
    case $kubelet_state in activating | deactivating | reloading | refreshing) LOOK=waking ;; *) LOOK=asleep ;; esac
  elif [ "$(value_of boot_id)" != "$(cat /proc/sys/kernel/random/boot_id)" ]; then
    LOOK=late SEEN="the Node $node is from before the last boot: the kubelet has not reported since"
  elif [ "$ready" = True ]; then
    LOOK=member SEEN="the Node $node has this machine's id and is Ready"
  elif waits_for_cni; then
    LOOK=member SEEN="the Node $node has this machine's id and waits for the pod network (CNI) alone"
  else
    LOOK=late SEEN="the Node $node is Ready=${ready:-unknown}: $message"
  fi
}

value_of() { printf '%s\n' "$object" | sed -n "s/^$1=//p" | head -n 1; }

# Whether the pod network is all that the kubelet misses, in its own words from 1.20 on.
waits_for_cni() {
  [ "$ready" = False ] || return
  case $message in *'network not ready'*) ;; *) return 1 ;; esac
  printf '%s\n' "$message" | sed 's/^\[//; s/\]$//; s/, /\
/g' | awk '!/^(container )?runtime network not ready/ && !/^CSINode is not yet initialized/ { other = 1 } END { exit other }'
}

# Whether the Node is this machine's, and has reported since $BEGAN (by the clock of this machine, as its kubelet writes
# it): one from before a reset still has all the right ids.
has_registered() {
  node=$(node_name)
  object=$(node_object /etc/kubernetes/kubelet.conf "$node" 2>&1) || return
  judge_member
  [ "$LOOK" = member ] && has_reported
}

# Whether the Node $node that was just read into $object has done so.
has_reported() {
  awk -v beat="$(value_of heartbeat)" -v began="$BEGAN" 'BEGIN { exit !(beat "" >= began "") }' || {
    # shellcheck disable=SC2034 # for another part
    SEEN="the Node $node is there, but has not reported since the join"
    return 1
  }
}

registered_or_stopped() { [ -e "$BASE.stop" ] || has_registered; }

name_is_taken() { grep -q '" already exists in the cluster' "$1"; }

# Prints why no reset can help after a failed join, from kubeadm's output in file $1; 1 where one may help. kubeadm's own
# words, unchanged since 1.17.
no_reset_helps() {
  if grep -q 'could not find a JWS signature' "$1"; then
    echo 'the token is not known to the cluster: it has expired, was deleted or belongs to another one; make a new command on the control plane (kubeadm token create --print-join-command)'
  elif name_is_taken "$1"; then
    echo 'a Node of this name is in the cluster and Ready; if it is this machine as it was before a reset, wait a minute or delete it on the control plane (kubectl delete node NAME), then run this again'
  elif grep -qE 'x509: certificate has expired or is not yet valid' "$1"; then
    echo "a certificate is not valid at this time, which here is $(date -u '+%Y-%m-%d %H:%M UTC'); compare the clocks of this node and of the control plane"
  elif grep -qE 'none of the public keys|x509: |cluster CA found in cluster-info' "$1"; then
    echo 'the API server does not belong to the cluster of the hash in the command; make a new command on the control plane (kubeadm token create --print-join-command)'
  elif grep -qE "couldn't validate the identity of the API Server|unable to fetch the kubeadm-config ConfigMap" "$1"; then
    echo "the API server at $WANTED does not answer this node as it should; see that it runs and that this node reaches it"
  else
    # of its preflight checks a reset cures leftovers, a port that an old kubelet holds, and a sick runtime
    failed=$(sed -n 's/^[[:space:]]*\[ERROR \([^]]*\)\].*/\1/p' "$1")
    [ -n "$failed" ] || return 1
    ! printf '%s\n' "$failed" | grep -qE '^(FileAvailable|DirAvailable|Port-10250|CRI|Service-Kubelet)' || return 1
    echo "kubeadm's preflight names what no reset cures ($(printf '%s\n' "$failed" | in_a_row)); mend that, then run this again"
  fi
}

# Sets CONFIG to what containerd's config.toml should be, where a script can make it: the present text where it serves as it
# is; the default where there is none, or nothing in it but CRI disabled; else with exact lines changed, and no others.
# containerd itself judges the result before anything is touched, and again when it runs with it.
choose_containerd_config() {
  command -v containerd >/dev/null || {
    say "refused: there is no containerd here"
    return 76
  }
  text=
  if [ -f "$CONFIG_FILE" ]; then text=$(cat "$CONFIG_FILE" && printf x) || return; fi
  text=${text%x}
  if [ -n "$text" ] && dump=$(timeout -k 1 30 containerd config dump 2>/dev/null) && [ -z "$(printf '%s\n' "$dump" | cgroupfs_in_dump)" ]; then
    CONFIG=$text
    return
  fi
  if [ -z "$(printf '%s' "$text" | with_cri | sed -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' -e '/^version = [123]$/d' -e '/^disabled_plugins = \[\]$/d')" ]; then
    text=$(timeout -k 1 20 containerd config default && printf x) || {
      say "refused: containerd does not print its default config"
      return 76
    }
    text=${text%x}
  fi
  CONFIG=$(printf '%s' "$text" | with_cri | with_systemd_cgroup && printf x) || return
  CONFIG=${CONFIG%x}
}

# Takes CRI out of the one line that disables plugins.
with_cri() {
  awk '
    /^disabled_plugins = \[.*\]$/ {
      line = $0
      sub(/^disabled_plugins = \[/, "", line)
      sub(/\]$/, "", line)
      n = split(line, plugins, ",")
      line = ""
      for (i = 1; i <= n; i++) {
        name = plugins[i]
        gsub(/[ "\047]/, "", name)
        if (name == "" || name == "cri" || name ~ /^io\.containerd\.(grpc\.v1\.cri$|cri\.v1\.|podsandbox\.controller\.v1\.)/) continue
        sub(/^ */, "", plugins[i])
        line = line (line == "" ? "" : ", ") plugins[i]
      }
      print "disabled_plugins = [" line "]"
      next
    }
    { print }'
}

# In the options of runc, by its usual name in a table of its own: the key set, where it is there or not.
with_systemd_cgroup() {
  awk '
    function leave() { if (options && !seen) print indent "SystemdCgroup = true"; options = 0 }
    /^ *\[/ {
      leave()
      if ($0 ~ /^ *\[plugins\.("io\.containerd\.grpc\.v1\.cri"|\047io\.containerd\.(grpc\.v1\.cri|cri\.v1\.runtime)\047|"io\.containerd\.cri\.v1\.runtime")\.containerd\.runtimes\.runc\.options\]$/) {
        options = 1
        seen = 0
        indent = $0
        sub(/\[.*/, "  ", indent)
      }
    }
    options && /^ *SystemdCgroup = (true|false)$/ { seen = 1; sub(/false$/, "true") }
    options && /^ *$/ && !seen { leave() }
    { print }
    END { leave() }'
}
