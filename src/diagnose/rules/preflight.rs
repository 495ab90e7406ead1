//! What kubeadm's own preflight and the kubelet ask of a machine, told before it is touched. Versions and names of checks
//! are those of kubeadm's `app/preflight` and its release notes.

use super::version::{minor, numbers};
use super::{Rule, Seen, is_apart, is_idle, kubelet, period, says_it_joined, shown};
use crate::model::Severity::{Error, Warning};
use crate::model::{Cause, Cri, Facts, Level, TOOLS, Tool};

pub(super) const RULES: [Rule; 17] = [
    Rule::new(26, Error, swap_refused, SWAP).blocks_join(),
    Rule::new(26, Warning, swap_on, SWAP),
    Rule::new(27, Error, no_forwarding, "`sysctl -w net.ipv4.ip_forward=1`, and `net.ipv4.ip_forward = 1` in /etc/sysctl.d/k8s.conf")
        .blocks_join(),
    Rule::new(
        28,
        Error,
        no_bridge_filter,
        "`modprobe br_netfilter && sysctl -w net.bridge.bridge-nf-call-iptables=1`, and both in /etc/modules-load.d and /etc/sysctl.d",
    )
    .blocks_join(),
    Rule::new(29, Error, kubelet_runs_already, "`kfleet join NODE` resets it gently and joins it")
        .cured_by(Level::Gentle)
        .blocks_join(),
    Rule::new(30, Error, port_taken, "`ss -ltnp sport = :10250` shows who listens; stop it or move it").blocks_join(),
    Rule::new(31, Error, tools_missing, "install the packages that bring them").blocks_join(),
    Rule::new(32, Warning, tools_wanted, "install the packages that bring them"),
    Rule::new(33, Error, certificate_expired, "`kfleet join NODE` resets it gently and joins it for a new one")
        .cured_by(Level::Gentle)
        .blocks_join(),
    Rule::new(
        34,
        Error,
        cri_disabled,
        "`kfleet join NODE` and `kfleet reset NODE --aggressive` take it out of disabled_plugins in /etc/containerd/config.toml",
    )
    .cured_by(Level::Aggressive),
    Rule::new(35, Error, no_kubelet_unit, "install the package kubelet, or `systemctl unmask kubelet`").blocks_join(),
    Rule::new(
        36,
        Error,
        kubelet_standalone,
        "put kubeadm's 10-kubeadm.conf back into kubelet.service.d (it comes with the package kubeadm), then `systemctl daemon-reload`",
    )
    .blocks_join(),
    Rule::new(37, Error, containerd_too_old, "upgrade containerd to 1.7 or later").blocks_join(),
    Rule::new(38, Error, cgroup_v1, "boot with systemd.unified_cgroup_hierarchy=1").blocks_join(),
    Rule::new(39, Error, no_memory_cgroup, "boot with cgroup_enable=memory; in a container, see to the host's cgroups").blocks_join(),
    Rule::new(
        40,
        Error,
        cgroup_drivers_differ,
        "a join sets SystemdCgroup = true in /etc/containerd/config.toml; for a member, `kfleet join NODE --replace --drain`",
    )
    .cured_by(Level::Aggressive),
    Rule::new(41, Warning, hostname_unknown, "add a line `ADDRESS HOSTNAME` to /etc/hosts"),
];

const SWAP: &str =
    "`swapoff -a`, and take it out of /etc/fstab; or let the cluster's kubelet configuration say failSwapOn: false";

/// An error of kubeadm's until 1.22, a warning since. (Where its version is not known, it is left to kubeadm.) Whatever
/// kubeadm thinks of it, the kubelet does not start where the cluster's configuration says so outright, or where it said so
/// itself.
fn swap_refused(facts: &Facts) -> Option<Seen> {
    let refuses = facts.cluster_defaults.is_known_and(|cluster| cluster.fail_swap_on == Some(true));
    if refuses || kubelet::complains_of(facts, Cause::KubeletSwap) {
        return swap(facts);
    }
    let seen = swap(facts).filter(|_| minor(&facts.kubeadm_version).is_some_and(|minor| minor < 23));
    seen.map(|seen| seen.check("Swap"))
}

fn swap_on(facts: &Facts) -> Option<Seen> {
    if swap_refused(facts).is_some() { None } else { swap(facts) }
}

fn swap(facts: &Facts) -> Option<Seen> {
    let devices = facts.swap.known().filter(|devices| !devices.is_empty())?;
    let cause = format!("it swaps to {}, and the kubelet does not start with swap unless told to", devices.join(", "));
    let lines = devices.iter().map(|device| format!("/proc/swaps: {device}"));
    (is_idle(facts)).then(|| Seen::from(cause).shown_by(lines))
}

/// kubeadm asks for it where the API server's address is none of IPv6.
fn no_forwarding(facts: &Facts) -> Option<Seen> {
    let ipv6 = facts.api.is_known_and(|api| api.endpoint.starts_with('['));
    let off = facts.ip_forward.is_known_and(|on| !on) && !ipv6;
    let cause = "the kernel does not forward IPv4 packets (net.ipv4.ip_forward is 0), so pods reach nothing";
    let seen = Seen::from(cause.to_owned()).shown_by(["net.ipv4.ip_forward = 0"]);
    off.then(|| seen.check("FileContent--proc-sys-net-ipv4-ip_forward"))
}

/// Not asked for since kubeadm 1.30: it is the network add-on's business.
fn no_bridge_filter(facts: &Facts) -> Option<Seen> {
    let (cause, line) = match facts.bridge_filter.known()? {
        Some(true) => return None,
        Some(false) => (
            "bridged packets do not pass iptables (net.bridge.bridge-nf-call-iptables is 0)",
            "net.bridge.bridge-nf-call-iptables = 0",
        ),
        None => (
            "bridged packets do not pass iptables (the kernel module br_netfilter is not loaded)",
            "/proc/sys/net/bridge is not there",
        ),
    };
    let asked = minor(&facts.kubeadm_version).is_some_and(|minor| minor < 30) && is_idle(facts);
    let seen = Seen::from(cause.to_owned()).shown_by([line]);
    asked.then(|| seen.check("FileContent--proc-sys-net-bridge-bridge-nf-call-iptables"))
}

fn kubelet_runs_already(facts: &Facts) -> Option<Seen> {
    port_holder(facts).filter(|by| *by == "kubelet").map(|_| {
        let cause = "a kubelet listens on port 10250, and the node has not joined";
        Seen::from(cause.to_owned()).shown_by([LISTENS]).check(PORT)
    })
}

fn port_taken(facts: &Facts) -> Option<Seen> {
    port_holder(facts).filter(|by| *by != "kubelet").map(|by| {
        Seen::from(format!("{by} listens on port 10250, which is the kubelet's")).shown_by([LISTENS]).check(PORT)
    })
}

const PORT: &str = "Port-10250";
const LISTENS: &str = "/proc/net/tcp: a socket listens on port 10250 (0x280A)";

fn port_holder(facts: &Facts) -> Option<&str> {
    let by = facts.kubelet_port.known()?.as_deref()?;
    (facts.has_joined() == Some(false)).then_some(by)
}

fn tools_missing(facts: &Facts) -> Option<Seen> {
    // what no version does without counts where kubeadm itself is missing, too
    let version = minor(&facts.kubeadm_version);
    let needed = |tool: &Tool| match version {
        Some(minor) => (tool.needed.0..=tool.needed.1).contains(&minor),
        None => tool.needed == (0, u64::MAX),
    };
    let missing = missing(facts, needed).filter(|_| is_idle(facts))?;
    let seen = Seen::from(format!("kubeadm needs what is not in the PATH: {}", missing.join(", ")))
        .shown_by(not_found(&missing));
    // without these two nothing can be ignored
    if missing.iter().any(|name| matches!(*name, "kubeadm" | "kubelet")) {
        return Some(seen);
    }
    Some(missing.into_iter().fold(seen, |seen, name| seen.check(format!("FileExisting-{name}"))))
}

fn tools_wanted(facts: &Facts) -> Option<Seen> {
    let minor = minor(&facts.kubeadm_version)?;
    let wanted = |tool: &Tool| minor <= tool.wanted_until && !(tool.needed.0..=tool.needed.1).contains(&minor);
    let missing = missing(facts, wanted).filter(|_| is_apart(facts))?;
    let cause = format!("kubeadm would like what is not in the PATH: {}", missing.join(", "));
    Some(Seen::from(cause).shown_by(not_found(&missing)))
}

fn not_found(tools: &[&str]) -> Vec<String> {
    tools.iter().map(|tool| format!("command -v {tool}: not found")).collect()
}

fn missing(facts: &Facts, test: impl Fn(&Tool) -> bool) -> Option<Vec<&'static str>> {
    let missing = facts.missing_tools.known()?;
    let tools = TOOLS.iter().filter(|tool| test(tool) && missing.iter().any(|name| name == tool.name));
    Some(tools.map(|tool| tool.name).collect()).filter(|names: &Vec<_>| !names.is_empty())
}

fn certificate_expired(facts: &Facts) -> Option<Seen> {
    let certificate = facts.client_certificate.known()?.as_ref()?;
    let days = (facts.clock.known()? - certificate.not_after) / 86_400;
    let expired = says_it_joined(facts) && facts.clock.is_known_and(|now| *now > certificate.not_after);
    let cause = format!("the kubelet's client certificate expired {days} days ago, by the node's clock");
    let seen = Seen::from(cause).shown_by([period(certificate)]);
    expired.then(|| seen.check("FileAvailable--etc-kubernetes-kubelet.conf"))
}

fn cri_disabled(facts: &Facts) -> Option<Seen> {
    let works = facts.cri.is_known_and(|cri| matches!(cri, Cri::Ready { .. } | Cri::Loaded));
    let cause = "containerd has its CRI plugin disabled (disabled_plugins in /etc/containerd/config.toml)";
    let seen = Seen::from(cause.to_owned()).shown_by(["/etc/containerd/config.toml: cri is in disabled_plugins"]);
    (config_disables_cri(facts) && !works).then(|| seen.check("CRI"))
}

/// Whether config.toml is known to disable it.
pub(super) fn config_disables_cri(facts: &Facts) -> bool {
    facts.cri_disabled.is_known_and(|disabled| *disabled)
}

fn no_kubelet_unit(facts: &Facts) -> Option<Seen> {
    let unit = facts.kubelet.known()?;
    let cause = match unit.load.as_str() {
        "not-found" => "systemd knows no kubelet.service".to_owned(),
        "masked" => "kubelet.service is masked, so nobody can start it".to_owned(),
        _ => return None,
    };
    Some(Seen::from(cause).shown_by([shown("kubelet", unit)]))
}

fn kubelet_standalone(facts: &Facts) -> Option<Seen> {
    let cause =
        "kubelet.service starts the kubelet without kubeadm's kubeconfig (--bootstrap-kubeconfig is nowhere in it)";
    let words = facts.kubelet_arguments.known().map(|words| format!("ExecStart: {}", words.join(" ")));
    facts.kubelet_bootstraps.is_known_and(|does| !does).then(|| Seen::from(cause.to_owned()).shown_by(words))
}

/// The kubelet speaks CRI v1 only since 1.26, which containerd does since 1.6.
fn containerd_too_old(facts: &Facts) -> Option<Seen> {
    let (containerd, kubelet) = (facts.containerd_version.known()?, minor(&facts.kubelet_version)?);
    let too_old = kubelet >= 26 && numbers(containerd)? < (1, 6);
    let cause =
        format!("containerd {containerd} does not speak the CRI v1 that kubelet 1.{kubelet} needs (containerd 1.6)");
    too_old.then(|| Seen::from(cause).shown_by([format!("containerd --version: {containerd}")]).check("CRI"))
}

/// The kubelet's `failCgroupV1` is true by default since 1.35.
fn cgroup_v1(facts: &Facts) -> Option<Seen> {
    let kubelet = minor(&facts.kubelet_version)?;
    let refused = kubelet >= 35 && facts.cgroup_version.is_known_and(|version| *version == 1);
    let cause = format!("the machine runs with cgroup v1, on which kubelet 1.{kubelet} does not start");
    let seen = Seen::from(cause).shown_by(["/sys/fs/cgroup/cgroup.controllers is not there"]);
    (refused && is_idle(facts)).then(|| seen.check("SystemVerification"))
}

fn no_memory_cgroup(facts: &Facts) -> Option<Seen> {
    // With version 2 alone a controller is also missing where somebody has mounted it as version 1.
    let unified = facts.cgroup_version.is_known_and(|version| *version == 2);
    let (cause, line) = if unified {
        (
            "cgroups have no memory controller: the kernel has it off, or a hierarchy of version 1 holds it",
            "/sys/fs/cgroup/cgroup.controllers does not list memory",
        )
    } else {
        ("the kernel has the memory controller of cgroups off", "/proc/cgroups has memory as not enabled")
    };
    let seen = Seen::from(cause.to_owned()).shown_by([line]);
    facts.memory_cgroup.is_known_and(|on| !on).then(|| seen.check("SystemVerification"))
}

fn cgroup_drivers_differ(facts: &Facts) -> Option<Seen> {
    let runtimes = facts.cgroupfs_runtimes.known().filter(|names| !names.is_empty())?;
    let systemd = facts.kubelet_cgroup_driver.is_known_and(|driver| driver.as_deref() == Some("systemd"));
    let cause =
        format!("the kubelet's cgroup driver is systemd, and that of containerd is not (for {})", runtimes.join(", "));
    let lines = runtimes.iter().map(|name| format!("containerd: {name} without SystemdCgroup = true"));
    let seen = Seen::from(cause).shown_by(["/var/lib/kubelet/config.yaml: cgroupDriver: systemd"]).shown_by(lines);
    systemd.then_some(seen)
}

fn hostname_unknown(facts: &Facts) -> Option<Seen> {
    let unknown = facts.hostname_resolves.is_known_and(|does| !does) && is_apart(facts);
    let name = facts.hostname.known().map_or("of its own", String::as_str);
    let cause = format!("the node cannot look up its hostname {name}");
    unknown.then(|| Seen::from(cause).shown_by([format!("getent ahosts {name}: nothing")]))
}
