# A real control plane on cp1: kubeadm's own certificates, kubeconfigs and manifests, with the manifests' commands run as
# systemd units, because there is no registry to pull the static pods' images from.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

control_plane=cp1
has_cluster() { [ -d "$(node_dir "$control_plane")" ]; }

# shellcheck disable=SC2016 # what stands in single quotes is expanded on the node
start_cluster() {
    local started=$SECONDS address
    address=$(node_address "$control_plane")
    kubeadm_config "$address" >"$(node_dir "$control_plane")/root/root/kubeadm.yaml"
    on_control_plane '
        kubeadm init phase certs all --config kubeadm.yaml
        kubeadm init phase kubeconfig all --config kubeadm.yaml
        kubeadm init phase control-plane all --config kubeadm.yaml
        kubeadm init phase etcd local --config kubeadm.yaml
        for component in etcd kube-apiserver kube-controller-manager; do testbed-static-pod $component; done
        systemctl daemon-reload
        systemctl start --no-block etcd kube-apiserver' || die_of_cluster "make its certificates and manifests"
    wait_for 120 "the API server" kubectl_on_control_plane get --raw /readyz || die_of_cluster "become ready"
    on_control_plane '
        systemctl start --no-block kube-controller-manager
        kubeadm init phase upload-config kubeadm --config kubeadm.yaml
        # Uploads the kubelet configuration and then waits for a Node of this machine, which never comes: its result
        # is looked at below, and it is ended when that is there.
        kubeadm init phase upload-config kubelet --config kubeadm.yaml &
        upload=$!
        kubeadm init phase bootstrap-token --config kubeadm.yaml
        for try in $(seq 100); do
            ! kubectl -n kube-system get configmap/kubelet-config-1.20 rolebinding/kubeadm:kubelet-config-1.20 || break
            [ "$try" -lt 100 ]
            sleep 0.2
        done
        kill "$upload"
        # what init would do last; Services need it once there are pods
        install -D -m 600 /etc/kubernetes/admin.conf /root/.kube/config' || die_of_cluster "accept kubeadm's configuration"
    # a token is good for a join once the controller manager has signed the cluster's address with it
    wait_for 120 "the controller manager to sign the bootstrap token" cluster_info_is_signed || die_of_cluster "sign its bootstrap token"
    say "control plane on $control_plane is ready ($((SECONDS - started)) s)"
}

on_control_plane() {
    exec_in "$control_plane" bash -euc "cd /root; export KUBECONFIG=/etc/kubernetes/admin.conf; $1" >>"$(node_dir "$control_plane")/cluster.log" 2>&1
}

kubectl_on_control_plane() { exec_in "$control_plane" kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }

cluster_info_is_signed() { kubectl_on_control_plane -n kube-public get configmap cluster-info -o yaml | grep jws-kubeconfig-; }

die_of_cluster() {
    die "the control plane did not $1; the last lines were: $(tail -n 3 "$(node_dir "$control_plane")/cluster.log")" \
        "read $(node_dir "$control_plane")/cluster.log" \
        "or look inside: scripts/testbed exec $control_plane journalctl -u kube-apiserver -u etcd -n 50"
}

kubeadm_config() {
    cat <<YAML
apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: $1}
nodeRegistration: {criSocket: /run/containerd/containerd.sock, name: $control_plane}
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v$kubernetes_version
controlPlaneEndpoint: $1:6443
# no podSubnet: allocating one for each node costs the controller manager ten seconds at start, and no test needs it;
# and there is no other controller manager to elect a leader among
controllerManager: {extraArgs: {leader-elect: "false"}}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
failSwapOn: false
YAML
}
