# The base image of a suite: a Debian installed as the Kubernetes documentation says, before any kubeadm command.
# shellcheck shell=bash disable=SC2154 # variables of scripts/testbed

# containerd's version follows the suite: 1.6 on bookworm, 1.7 on trixie, 2.x on sid.
base_packages=systemd,systemd-sysv,dbus,openssh-server,iproute2,iptables,nftables,containerd,runc,sudo,procps,kmod,util-linux
base_packages+=,socat,conntrack,ethtool,ipset,ipvsadm,busybox-static,psmisc,ca-certificates,containernetworking-plugins

base_recipe=$(hash_of "$lib/base.sh" "$lib/mirror.sh")
base_image() { printf '%s/base-%s-%s' "$cache" "$1" "$base_recipe"; }

base() { cache_once "$(base_image "$1")" build_base "$1"; }

build_base() {
    local suite=$1 dir=$2 root=$2/root uri key script=/usr/share/debootstrap/scripts/$1
    read -r uri key < <(main_archive)
    [ -e "$script" ] || ln -s sid "$script"
    say "installing a $suite base image (about a minute, once)"
    debootstrap --variant=minbase --include="$base_packages" --keyring="$key" "$suite" "$root" "$uri" >"$dir/debootstrap.log" 2>&1 ||
        die "debootstrap of $suite failed; see $dir/debootstrap.log" "is the mirror reachable? try: apt-get update"
    # Debian has etcd, the control plane's database, as a package; only its binary is wanted, and only on cp1,
    # so it becomes a layer of its own and no worker looks like an etcd host.
    mkdir -p "$dir/etcd"
    chroot "$root" apt-get -q download etcd-server >>"$dir/debootstrap.log" 2>&1 ||
        die "could not download etcd-server from $suite; see $dir/debootstrap.log"
    dpkg-deb --fsys-tarfile "$root"/etcd-server_*.deb | tar -C "$dir/etcd" -x ./usr/bin/etcd
    rm "$root"/etcd-server_*.deb
    configure_base "$root"
}

configure_base() {
    local root=$1
    # What identifies a machine is made anew on each node.
    rm -f "$root"/etc/ssh/ssh_host_*_key* "$root"/etc/resolv.conf "$root"/etc/hostname
    : >"$root/etc/machine-id"
    # Without a name server in reach each look-up would wait for its timeout; /etc/hosts is all there is.
    printf 'hosts: files\n' | install_line "$root/etc/nsswitch.conf" '^hosts:'
    mkdir -p "$root/opt/cni" "$root/etc/cni/net.d" "$root/etc/containerd"
    # the packages of Kubernetes put the plugins under /opt/cni/bin, Debian's under /usr/lib/cni
    ln -s /usr/lib/cni "$root/opt/cni/bin"
    containerd_config "$root"
    chroot "$root" useradd --create-home --shell /bin/bash admin
    chroot "$root" useradd --create-home --shell /bin/bash --groups sudo nosudo
    # a password that nobody knows: sudo asks for it, and that is the point of this user
    head -c 32 /dev/urandom | base64 | sed 's/^/nosudo:/' | chroot "$root" chpasswd
    printf 'admin ALL=(ALL) NOPASSWD: ALL\n' >"$root/etc/sudoers.d/admin"
    chmod 440 "$root/etc/sudoers.d/admin"
    # nobody sits at a container's console
    systemctl --root="$root" mask --quiet console-getty.service getty@.service
    systemctl --root="$root" enable --quiet ssh.service containerd.service
}

# install_line FILE REGEX <line: replaces the lines that match, keeps the others.
install_line() {
    local kept
    kept=$(grep -v "$2" "$1" || [ $? -eq 1 ])
    { printf '%s\n' "$kept"; cat; } >"$1"
}

# As the documentation of Kubernetes asks: the default configuration with the systemd cgroup driver. Some 2.x
# releases leave the key out of their default, there it is added to runc's options.
containerd_config() {
    local root=$1 config=$1/etc/containerd/config.toml
    chroot "$root" containerd config default >"$config"
    sed -i 's/SystemdCgroup = false/SystemdCgroup = true/' "$config"
    grep -q 'SystemdCgroup = true' "$config" ||
        sed -i '/containerd\.runtimes\.runc\.options\]/a\            SystemdCgroup = true' "$config"
    grep -q 'SystemdCgroup = true' "$config" || die "could not set SystemdCgroup in $config" "look at what 'containerd config default' printed"
}
