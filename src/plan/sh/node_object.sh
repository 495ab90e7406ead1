# A look leaves nothing behind, kubectl's cache of what the API server offers among it.
# Prints what tells whether Node $2 is the machine we mean, as the API server behind kubeconfig $1 has it.
node_object() {
  timeout -k 1 20 kubectl --cache-dir /dev/null --kubeconfig "$1" --request-timeout=10s get node "$2" -o jsonpath='uid={.metadata.uid}{"\n"}created={.metadata.creationTimestamp}{"\n"}unschedulable={.spec.unschedulable}{"\n"}machine_id={.status.nodeInfo.machineID}{"\n"}boot_id={.status.nodeInfo.bootID}{"\n"}{range .status.conditions[?(@.type=="Ready")]}ready={.status}{"\n"}message={.message}{"\n"}heartbeat={.lastHeartbeatTime}{"\n"}{end}'
}
