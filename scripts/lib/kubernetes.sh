# Real Kubernetes binaries without a download site: Debian's source package of Kubernetes, built with Debian's Go.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

# The one release whose Debian source holds all of Kubernetes, vendored; built for whatever suite the nodes have.
kubernetes_suite=bookworm
kubernetes_version=1.20.2

# Names are made once, when this is read: a recipe edited during a long build does not lead it astray.
kubernetes_source=$cache/kubernetes-source-$kubernetes_version-$(hash_of "$lib/mirror.sh")
kubernetes_layer=$cache/kubernetes-$kubernetes_version-$(hash_of "$lib/kubernetes.sh")
crictl_layer=$cache/crictl-$(hash_of "$testbed_files/crictl/main.go")

# Results are directories with usr/bin in them: overlay layers that nodes put on top of their base image. The control
# plane's binaries are a layer of their own, since no worker has them.
kubernetes() {
    cache_once "$kubernetes_source" fetch_kubernetes
    cache_once "$kubernetes_layer" build_kubernetes
    cache_once "$crictl_layer" build_crictl
}

fetch_kubernetes() {
    local dir=$1 tree=$1/go/src/k8s.io/kubernetes reflect2=/usr/share/gocode/src/github.com/modern-go/reflect2
    say "fetching the Kubernetes $kubernetes_version source"
    debian_source kubernetes "$kubernetes_suite" "$dir" >"$dir/fetch.log" 2>&1 ||
        die "could not fetch the kubernetes source package of $kubernetes_suite; see $dir/fetch.log" "is the mirror reachable? try: apt-get update"
    mkdir -p "$(dirname "$tree")"
    mv "$dir/src" "$tree"
    # The vendored reflect2 pokes at map internals of an older Go: every binary would die in it at start.
    [ -d "$reflect2" ] || die "no $reflect2" "run scripts/install-test-deps"
    rm -r "$tree/vendor/github.com/modern-go/reflect2"
    cp -rL "$reflect2" "$tree/vendor/github.com/modern-go/reflect2"
}

# GOPATH mode: the tree is built as it is vendored, no module is looked up anywhere.
go_in_tree() {
    (cd "$kubernetes_source/go/src/k8s.io/kubernetes" &&
        GO111MODULE=off GOPATH=$kubernetes_source/go GOCACHE=$cache/go-build GOFLAGS='' CGO_ENABLED=0 go "$@")
}

build_kubernetes() {
    local dir=$1
    say "building Kubernetes $kubernetes_version (some minutes, once)"
    mkdir -p "$dir/node/usr/bin" "$dir/control-plane/usr/bin"
    compile_kubernetes "$dir" >"$dir/build.log" 2>&1 ||
        die "building Kubernetes failed; see $dir/build.log" "is this Debian's golang-go? run scripts/install-test-deps"
    rm -f "$dir/openapi-gen" "$dir/openapi-gen.report"
}

# Without the cloud providers that are compiled in (Kubernetes' own build tag): they are two fifths of all that there is to
# compile, and no node here is in a cloud.
#
# Only kube-apiserver needs a file that is generated: the OpenAPI definitions of all API packages. Chained by && since
# set -e does not hold in a function whose result is asked for.
compile_kubernetes() {
    local dir=$1 version=k8s.io/kubernetes/vendor/k8s.io/component-base/version flags
    flags="-s -w -X $version.gitVersion=v$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=20 -X $version.gitTreeState=archive"
    go_in_tree build -o "$dir/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen &&
        generate_openapi "$kubernetes_source/go/src/k8s.io/kubernetes" "$dir/openapi-gen" &&
        go_in_tree build -tags providerless -trimpath -ldflags "$flags" -o "$dir/node/usr/bin/" ./cmd/kubeadm ./cmd/kubelet ./cmd/kubectl &&
        go_in_tree build -tags providerless -trimpath -ldflags "$flags" -o "$dir/control-plane/usr/bin/" ./cmd/kube-apiserver ./cmd/kube-controller-manager
}

# The packages are those that carry the tag, as in the project's own makefile; staging is reached through vendor,
# where it is linked to, since that is the import path that the API server uses.
generate_openapi() {
    local tree=$1 generator=$2 packages
    packages=$(cd "$tree" && grep -rlR --include='*.go' --color=never '^// +k8s:openapi-gen=' pkg cmd plugin vendor/k8s.io |
        grep -v -e ^vendor/k8s.io/code-generator/ -e ^vendor/k8s.io/sample-apiserver/ -e /testdata/ |
        xargs -n1 dirname | LC_ALL=C sort -u | sed 's|^|k8s.io/kubernetes/|' | paste -sd,)
    (cd "$tree" && GO111MODULE=off GOPATH=${tree%/src/*} "$generator" --logtostderr -i "$packages" \
        -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
        -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$generator.report")
}

# The nodes' stand-in for crictl, which Debian does not package, speaks CRI by the API vendored in Kubernetes: so it
# has to be built inside that tree.
build_crictl() {
    local dir=$1 command
    command=$kubernetes_source/go/src/k8s.io/kubernetes/cmd/kfleet-crictl
    mkdir -p "$dir/usr/bin" "$command"
    cp "$testbed_files/crictl/main.go" "$command/main.go"
    go_in_tree build -trimpath -o "$dir/usr/bin/crictl" -ldflags '-s -w' ./cmd/kfleet-crictl >"$dir/build.log" 2>&1 ||
        die "building crictl failed; see $dir/build.log"
}
