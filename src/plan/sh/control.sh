# --- asked of the control plane, with kubeadm's own admin.conf --------------------------------------------------------
ADMIN=/etc/kubernetes/admin.conf
control() { timeout -k 5 "${SECONDS_AT_MOST:-50}" kubectl --kubeconfig "$ADMIN" --request-timeout=20s "$@"; }
tokens() { timeout -k 5 50 kubeadm --kubeconfig "$ADMIN" token "$@"; }

# The description says to whoever lists tokens whose it is, and lets a run find its tokens again, also one whose making was
# cut off before its answer came.
mint_token() {
  tokens create --dry-run="$DRY_RUN" --ttl "$TTL" --description "$DESCRIPTION" --print-join-command
}

# `kubeadm token list`: TOKEN TTL EXPIRES USAGES DESCRIPTION GROUPS, the description as it was given.
revoke_tokens() {
  list=$(tokens list) || return
  revoked=0
  for id in $(printf '%s\n' "$list" | awk -v of="$DESCRIPTION" 'index($0, of) { print substr($1, 1, 6) }'); do
    tokens delete "$id" || revoked=1
  done
  return "$revoked"
}

# What the cluster tells its kubelets: the lines of their configuration that decide whether a node can join. Its name has
# the version in it before 1.24; of several the highest is the newest.
kubelet_defaults() {
  names=$(control -n kube-system get configmap -o name) || return
  name=$(printf '%s\n' "$names" | awk -F / '
    $2 == "kubelet-config" { name = $2; exit }
    $2 ~ /^kubelet-config-1\.[0-9]+$/ { split($2, version, "."); if (version[2] + 0 > newest) { newest = version[2] + 0; name = $2 } }
    END { print name }')
  [ -n "$name" ] || {
    say "there is no ConfigMap kubelet-config in kube-system"
    return 1
  }
  config=$(control -n kube-system get configmap "$name" -o 'jsonpath={.data.kubelet}') || return
  printf '%s\n' "$config" | awk '/^(cgroupDriver|failSwapOn):/'
}

# Certificate requests without a decision, each with who asks and what it asks for.
pending_requests() {
  list=$(control get certificatesigningrequests -o 'jsonpath={range .items[*]}{.metadata.name}{" "}{.spec.username}{" "}{.spec.request}{" "}{.status.conditions[*].type}{"\n"}{end}') || return
  printf '%s\n' "$list" | awk 'NF == 3'
}

# Pods that no controller would bring back elsewhere keep kubectl from draining, and so do budgets: its words say which.
drain_node() {
  data=--delete-emptydir-data # 1.20; before it was called --delete-local-data
  control drain --help 2>/dev/null | grep -q -e "$data" || data=--delete-local-data
  SECONDS_AT_MOST=$((DRAIN_SECONDS + 20)) control drain "$NODE" --ignore-daemonsets "$data" --timeout="${DRAIN_SECONDS}s"
}

# Removes Node $NODE only as the object $UID_WANTED: not one that has come under its name since.
delete_node() {
  printf '{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"%s"}}\n' "$UID_WANTED" |
    control delete --raw "/api/v1/nodes/$NODE" -f -
}
