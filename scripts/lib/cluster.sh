# A real control plane on cp1: kubeadm's own certificates, kubeconfigs and manifests, with the manifests' commands run as
# systemd units, because there is no registry to pull the static pods' images from.
# shellcheck shell=bash

control_plane=cp1
has_cluster() { [ -d "$(node_dir "$control_plane")" ]; }

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
        systemctl start --no-block etcd kube-apiserver kube-controller-manager' || die_of_cluster "make its certificates and manifests"
    wait_for 120 "the API server" on_control_plane 'kubectl get --raw /readyz' || die_of_cluster "become ready"
    on_control_plane '
        kubeadm init phase upload-config kubeadm --config kubeadm.yaml
        # uploads the kubelet configuration and then waits for a Node of this machine, which never comes
        timeout 8 kubeadm init phase upload-config kubelet --config kubeadm.yaml || [ $? -eq 124 ]
        kubectl -n kube-system get configmap kubelet-config-1.20
        kubeadm init phase bootstrap-token --config kubeadm.yaml
        # what init would do last; Services need it once there are pods
        install -D -m 600 /etc/kubernetes/admin.conf /root/.kube/config' || die_of_cluster "accept kubeadm's configuration"
    say "control plane on $control_plane is ready ($((SECONDS - started)) s)"
}

on_control_plane() {
    exec_in "$control_plane" bash -euc "cd /root; export KUBECONFIG=/etc/kubernetes/admin.conf; $1" >>"$(node_dir "$control_plane")/cluster.log" 2>&1
}

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
networking: {podSubnet: 10.244.0.0/16}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
failSwapOn: false
YAML
}
