//! containerd, CNI and the firewall: what is configured, and what is in force.

use super::{Rule, Seen, says_it_joined};
use crate::model::Severity::{Error, Note, Warning};
use crate::model::{Cni, ContainerdSetup, Cri, Facts};

pub(super) const RULES: [Rule; 9] = [
    Rule::new(
        50,
        Error,
        network_broken,
        "look into the first file of /etc/cni/net.d, and see that the plugins that it names are where containerd looks (bin_dir of its config, /opt/cni/bin by default)",
    ),
    Rule::new(51, Note, no_network, "the network add-on's DaemonSet brings it; nothing to do on the node"),
    Rule::new(
        56,
        Warning,
        both_firewalls,
        "choose one with `update-alternatives --config iptables`, the one that kube-proxy uses, then reboot or reset",
    ),
    Rule::new(
        58,
        Warning,
        open_socket,
        "`systemctl restart containerd` makes it anew with mode 660; find what opened it",
    ),
    Rule::new(
        60,
        Warning,
        no_overlay,
        "install the kernel's modules (`linux-modules-extra-…`), then `modprobe overlay`",
    ),
    Rule::new(61, Warning, clock_differs, "compare both with a third: `timedatectl` on the node and on this machine"),
    Rule::new(62, Warning, not_in_force, "`systemctl restart containerd`; pods go on running"),
    Rule::new(
        63,
        Note,
        shared,
        "nothing to do; an aggressive reset asks for --allow-shared-runtime and removes Kubernetes' share only",
    ),
    Rule::new(64, Note, other_snapshotter, "nothing to do; an aggressive reset is refused while it holds anything"),
];

/// Of a CRI that works but for the network.
fn network(facts: &Facts) -> Option<(&str, &Cni)> {
    match (facts.cri.known()?, facts.cni.known()?) {
        (Cri::Ready { network: false, network_message }, cni) if says_it_joined(facts) => Some((network_message, cni)),
        _ => None,
    }
}

/// Whether the node itself tells why it has no network.
pub(super) fn tells_of_network(facts: &Facts) -> bool {
    network(facts).is_some()
}

/// containerd reads a config and looks for no plugin, so it calls a network ready with which no pod can start.
fn network_broken(facts: &Facts) -> Option<Seen> {
    let Cri::Ready { network, network_message: said } = facts.cri.known()? else { return None };
    let cni = facts.cni.known().filter(|_| says_it_joined(facts))?;
    let first = cni.configs.first()?;
    let missing = cni.missing();
    let cause = match (network, missing.is_empty()) {
        (true, true) => return None,
        (_, false) => format!(
            "pods get no network: the CNI config {first} names plugins that are not there: {}",
            missing.join(", ")
        ),
        (false, true) => format!(
            "there is a CNI config ({first}), and no pod network all the same: the runtime does not work with it: {said}"
        ),
    };
    let configs = cni.configs.iter().map(|name| format!("/etc/cni/net.d/{name}"));
    Some(Seen::from(cause).shown_by([format!("crictl info: NetworkReady={network} {said}")]).shown_by(configs))
}

fn no_network(facts: &Facts) -> Option<Seen> {
    let (said, _) = network(facts).filter(|(_, cni)| cni.configs.is_empty())?;
    let cause = "the node has joined and waits for the pod network: there is no CNI config yet";
    Some(Seen::from(cause.to_owned()).shown_by([format!("crictl info: NetworkReady=false {said}")]))
}

/// Rules in one are not seen by the tools of the other, and a packet passes both.
fn both_firewalls(facts: &Facts) -> Option<Seen> {
    let chains = facts.chains.known()?;
    let of = |backend: &str| chains.iter().find(|(tool, _)| tool == backend);
    let pair = |family: &str| Some((of(&format!("{family}-legacy"))?, of(&format!("{family}-nft"))?));
    let (legacy, nft) = pair("iptables").or_else(|| pair("ip6tables"))?;
    let cause =
        format!("Kubernetes' chains are in both {} and {}, each of which is blind to the other", legacy.0, nft.0);
    let lines = [legacy, nft].map(|(tool, number)| format!("{tool}-save: {number} chains of Kubernetes"));
    Some(Seen::from(cause).shown_by(lines))
}

fn open_socket(facts: &Facts) -> Option<Seen> {
    let socket = facts.containerd_socket.known()?.as_ref()?;
    let others = socket.mode.chars().last()?.to_digit(8)?;
    let cause =
        format!("everybody on the node may use containerd's socket (mode {}), which is as good as root", socket.mode);
    (others & 2 != 0).then(|| Seen::from(cause).shown_by([format!("stat: {} {}", socket.mode, socket.owner)]))
}

fn no_overlay(facts: &Facts) -> Option<Seen> {
    let missing =
        facts.modules.is_known_and(|all| all.iter().any(|(name, state)| name == "overlay" && state == "missing"));
    let cause = "the kernel has no overlay file system, which containerd keeps images with";
    missing.then(|| Seen::from(cause.to_owned()).shown_by(["/lib/modules: no overlay.ko"]))
}

/// Certificates are told by the node's clock; which of the two is wrong, neither can say.
fn clock_differs(facts: &Facts) -> Option<Seen> {
    let offset = facts.clock_offset.known()?;
    let side = if offset.seconds > 0 { "ahead of" } else { "behind" };
    let cause = format!("the node's clock is {} s {side} that of this machine", offset.seconds.abs());
    let evidence = format!("date: {} s, give or take {} s", offset.seconds, offset.uncertainty_seconds);
    (offset.seconds.abs() - offset.uncertainty_seconds > 60).then(|| Seen::from(cause).shown_by([evidence]))
}

/// What was changed in the config since containerd was started.
fn not_in_force(facts: &Facts) -> Option<Seen> {
    let (configured, running) = (facts.containerd_configured.known()?, facts.containerd_running.known()?);
    let differ = differences(configured, running);
    let first = differ.first()?;
    let cause = format!("containerd runs with another configuration than its files have: {first}");
    Some(Seen::from(cause).shown_by(differ.iter().map(|line| format!("containerd config dump / crictl info: {line}"))))
}

fn differences(configured: &ContainerdSetup, running: &ContainerdSetup) -> Vec<String> {
    fn differ<T: PartialEq + std::fmt::Display>(name: &str, file: Option<&T>, runs: Option<&T>) -> Option<String> {
        let (file, runs) = (file?, runs?);
        (file != runs).then(|| format!("{name} is {file} in the files and {runs} in the containerd that runs"))
    }
    let folder = |setup: &ContainerdSetup| setup.root.as_ref().map(|root| root.trim_end_matches('/').to_owned());
    let all = [
        differ("SystemdCgroup", configured.systemd_cgroup.as_ref(), running.systemd_cgroup.as_ref()),
        differ("root", folder(configured).as_ref(), folder(running).as_ref()),
        differ("snapshotter", configured.snapshotter.as_ref(), running.snapshotter.as_ref()),
        differ("sandbox_image", configured.sandbox_image.as_ref(), running.sandbox_image.as_ref()),
    ];
    all.into_iter().flatten().collect()
}

fn shared(facts: &Facts) -> Option<Seen> {
    let sharers = facts.containerd_sharers.known().filter(|sharers| !sharers.is_empty())?;
    Some(Seen::from(format!("containerd serves others besides Kubernetes: {}", sharers.join(", "))).shown_by(sharers))
}

/// Snapshots of these are plain files, which a reset can remove.
const PLAIN: [&str; 3] = ["overlayfs", "native", "fuse-overlayfs"];

fn other_snapshotter(facts: &Facts) -> Option<Seen> {
    let name = facts.containerd_configured.known()?.snapshotter.as_deref()?;
    let cause = format!("containerd keeps images with the snapshotter {name}, whose snapshots are more than files");
    (!PLAIN.contains(&name))
        .then(|| Seen::from(cause).shown_by([format!("containerd config dump: snapshotter = {name}")]))
}
