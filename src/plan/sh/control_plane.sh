# --- control plane -----------------------------------------------------------------------------------------------
MANIFESTS=/etc/kubernetes/manifests

# Prints the file that makes this machine a control-plane node, where there is one.
control_plane_sign() {
  for manifest in kube-apiserver etcd kube-controller-manager kube-scheduler; do
    if [ -e "$MANIFESTS/$manifest.yaml" ]; then echo "$MANIFESTS/$manifest.yaml" && return; fi
  done
  # No worker has these, and they cannot be made again: manifests may be moved away for maintenance.
  for file in pki/ca.key pki/etcd/ca.key controller-manager.conf; do
    if [ -e "/etc/kubernetes/$file" ]; then echo "/etc/kubernetes/$file" && return; fi
  done
}

# 76 where this machine carries a control plane or etcd, unless that is allowed and another control-plane node is at work.
check_role() {
  sign=$(control_plane_sign)
  case $ALLOW_CONTROL_PLANE in
    yes) [ -z "$sign" ] || check_other_control_plane ;;
    *)
      [ -n "$sign" ] || sign=$(running_etcd)
      [ -n "$sign" ] || return 0
      say "refused: $sign is there, so this is or was a control-plane node (or one of etcd)${ALONE-; --allow-control-plane resets it}"
      return 76
      ;;
  esac
}

# Prints what runs of etcd in the machine's own network; an etcd in a pod's is the pod's.
running_etcd() {
  case $(systemctl show -p ActiveState --value etcd.service) in
    active | activating | reloading | deactivating) echo "the running unit etcd.service" && return ;;
  esac
  host=$(readlink /proc/1/ns/net)
  for process in /proc/[0-9]*; do
    { read -r name <"$process/comm"; } 2>/dev/null && [ "$name" = etcd ] || continue
    [ "$(readlink "$process/ns/net")" = "$host" ] || continue
    # 2379 and 2380 in hexadecimal, state LISTEN
    if cat /proc/1/net/tcp /proc/1/net/tcp6 | awk '$2 ~ /:094[BC]$/ && $4 == "0A" { found = 1 } END { exit !found }'; then
      echo "the running etcd (process ${process#/proc/})" && return
    fi
  done
}

# 76 unless the API server has another control-plane node that is Ready, and that node's own API server answers: a Node
# stays Ready for most of a minute after its machine is gone.
check_other_control_plane() {
  cannot="refused: whether another control-plane node is at work cannot be told, and the last one is never reset:"
  [ -s /etc/kubernetes/admin.conf ] || {
    say "$cannot there is no /etc/kubernetes/admin.conf to ask with (a copy may be below /var/lib/kfleet/backup)"
    return 76
  }
  own=$(ip -o address show) && [ -n "$own" ] || {
    say "$cannot this machine's own addresses could not be listed"
    return 76
  }
  booted=$(cat /proc/sys/kernel/random/boot_id) && [ -n "$booted" ] || return 76
  port=$(sed -n 's/^ *- --secure-port=\([0-9][0-9]*\)$/\1/p' "$MANIFESTS/kube-apiserver.yaml" 2>/dev/null | head -n 1)
  nodes=
  for label in control-plane master; do
    answer=$(as_admin get nodes -l "node-role.kubernetes.io/$label" -o jsonpath='{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{" "}{.metadata.name}{" "}{.status.nodeInfo.bootID}{" "}{.status.addresses[?(@.type=="InternalIP")].address}{"\n"}{end}' 2>&1) || {
      say "$cannot $(printf '%s\n' "$answer" | tail -n 1)"
      return 76
    }
    nodes="$nodes$answer
"
  done
  # What is at another address than ours is another machine, unless that address is translated to ours; machine ids are
  # copied along with disks, boot ids are not.
  seen=$(printf '%s' "$nodes" | sort -u | while read -r ready name boot address _; do
    [ "$ready" = True ] && [ -n "$address" ] && [ "$boot" != "$booted" ] || continue
    case $own in *" $address/"*) continue ;; esac
    case $address in *:*) address="[$address]" ;; esac
    answer=$(as_admin --server "https://$address:${port:-6443}" get --raw /readyz 2>/dev/null)
    [ "$answer" != ok ] || echo "$name"
  done)
  if [ -z "$seen" ]; then
    say "refused: no other control-plane node is Ready with an API server that answers, and the last one is never reset"
    return 76
  fi
  say "at work besides this one: $(printf '%s\n' "$seen" | tr '\n' ' ')"
}

as_admin() { timeout -k 1 20 kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=10s "$@"; }

# Takes this node's member out of etcd, by kubeadm's own phase, while API server and etcd are still up. kubeadm ends well
# and may empty the data where it failed, or where this is the last member; so the data are covered, and what counts is its
# word that the cluster gave it a new list of members.
remove_etcd_member() {
  grep -q '^ *- --data-dir=/var/lib/etcd/*$' "$MANIFESTS/etcd.yaml" || {
    say "refused: $MANIFESTS/etcd.yaml is gone, or its data are not in /var/lib/etcd"
    return 76
  }
  said=$(secluded remove_etcd_member_secluded 2>&1)
  printf '%s\n' "$said"
  case $said in *"[etcd] Updated etcd member list"*) return 0 ;; esac
  say "this node's member was not removed from etcd, so nothing else is done: see 'etcdctl member list' on another node"
  return 1
}

remove_etcd_member_secluded() {
  cover_protected || return
  cover /var/lib/etcd || return
  timeout -k 10 180 kubeadm reset phase remove-etcd-member --kubeconfig /etc/kubernetes/admin.conf --v=1
}

# After its member is out: an etcd that still runs would write on.
remove_etcd_data() {
  still=$(running_etcd)
  [ -z "$still" ] || {
    say "$still is still at work, so /var/lib/etcd stays"
    return 75
  }
  remove
}
