//! What stands between a node and the API server that it is to join.

use super::version::minor;
use super::{Rule, Seen, is_apart};
use crate::diagnose::{Standing, standing};
use crate::model::Severity::{Error, Note, Warning};
use crate::model::{ApiView, Cause, Facts, Reach};

pub(super) const OTHER_MACHINE: u16 = 42;

pub(super) const RULES: [Rule; 15] = [
    Rule::new(15, Error, no_name, "make `getent hosts NAME` answer on the node: its DNS servers, or a line in /etc/hosts")
        .blocks_join_by(Cause::ApiUnreachable),
    Rule::new(16, Error, refused, "is the API server up (`crictl ps` on its machine), and is this its address and port?")
        .blocks_join_by(Cause::ApiUnreachable),
    Rule::new(17, Error, no_route, "look for a firewall or a missing route: `ip route get ADDRESS` on the node").blocks_join_by(Cause::ApiUnreachable),
    Rule::new(18, Error, no_tls, "`openssl s_client -connect HOST:PORT` on the node shows who answers there").blocks_join_by(Cause::ApiUnreachable),
    Rule::new(19, Error, proxy_fails, "add the API server to NO_PROXY in systemd's environment: `systemctl set-environment`"),
    Rule::new(20, Error, clock_far_off, CLOCK).blocks_join_by(Cause::Clock),
    Rule::new(20, Warning, clock_off, CLOCK),
    Rule::new(21, Error, kubelet_newer, "install a kubelet of the cluster's version").blocks_join_by(Cause::VersionSkew),
    Rule::new(22, Warning, kubelet_old, "upgrade the kubelet to the cluster's version"),
    Rule::new(23, Error, kubelet_too_old, "upgrade the kubelet to kubeadm's version").blocks_join_by(Cause::VersionSkew),
    Rule::new(24, Error, kubeadm_unfit, "install a kubeadm of the cluster's version").blocks_join_by(Cause::VersionSkew),
    Rule::new(25, Warning, kubeadm_older, "install a kubeadm of the cluster's version"),
    Rule::new(
        OTHER_MACHINE,
        Error,
        other_machine,
        "give this one another name (--node-name of the join command); or `kubectl delete node NAME`, where that machine is gone",
    )
    .blocks_join_by(Cause::NameTaken),
    Rule::new(
        45,
        Error,
        other_cluster,
        "leave it there; or `kfleet join NODE --force-rejoin` takes it out of that cluster and into this one",
    ),
    Rule::new(43, Note, proxy_used, "add the API server to NO_PROXY in systemd's environment, where that is not intended"),
];

const CLOCK: &str = "set the clock, and keep it so: `timedatectl set-ntp true`, or chrony";

fn api(facts: &Facts) -> Option<&ApiView> {
    facts.api.known()
}

fn between(facts: &Facts, what: &str, of: fn(&Reach) -> Option<&String>) -> Option<Seen> {
    let api = api(facts)?;
    let said = of(api.reach.known()?)?;
    let cause = format!("{what} {} from the node: {said}", api.endpoint);
    Some(Seen::from(cause).shown_by([format!("https://{}/version: {said}", api.endpoint)]))
}

fn no_name(facts: &Facts) -> Option<Seen> {
    between(
        facts,
        "cannot look up the API server",
        |reach| if let Reach::NoName(said) = reach { Some(said) } else { None },
    )
}

fn refused(facts: &Facts) -> Option<Seen> {
    between(
        facts,
        "nothing answers at the API server's",
        |r| if let Reach::Refused(said) = r { Some(said) } else { None },
    )
}

fn no_route(facts: &Facts) -> Option<Seen> {
    between(facts, "no way leads to the API server", |r| if let Reach::NoRoute(said) = r { Some(said) } else { None })
}

fn no_tls(facts: &Facts) -> Option<Seen> {
    between(facts, "no API server speaks at", |r| if let Reach::Tls(said) = r { Some(said) } else { None })
}

/// No reason to stop: how kubeadm reads the exceptions from a proxy may differ from how the asking tool does.
fn proxy_fails(facts: &Facts) -> Option<Seen> {
    between(facts, "the proxy does not lead to the API server", |r| {
        if let Reach::Proxy(said) = r { Some(said) } else { None }
    })
}

fn proxy_used(facts: &Facts) -> Option<Seen> {
    let api = api(facts)?;
    let proxy = api.proxy.as_ref().filter(|_| api.reach.is_known_and(|reach| *reach == Reach::Answers))?;
    let cause = format!("systemd's services reach the API server by the proxy {proxy}");
    Some(Seen::from(cause).shown_by([format!("systemctl show-environment: {proxy}")]))
}

/// A node so far behind takes new certificates for not yet valid: they are made out from 5 minutes before they are signed.
/// One that is ahead takes them for older than they are, which a join does with.
const FAR_BEHIND: i64 = -300;

fn clock_far_off(facts: &Facts) -> Option<Seen> {
    clock(facts).filter(|(skew, _)| *skew < FAR_BEHIND).map(with_clock)
}

fn clock_off(facts: &Facts) -> Option<Seen> {
    clock(facts).filter(|(skew, _)| *skew >= FAR_BEHIND && skew.abs() > 60).map(with_clock)
}

fn with_clock((skew, cause): (i64, String)) -> Seen {
    Seen::from(cause).shown_by([format!("date, and Date: of the API server's answer: {skew} s apart")])
}

/// The node's clock minus the API server's, in seconds, and the same in words.
fn clock(facts: &Facts) -> Option<(i64, String)> {
    let skew = *api(facts)?.clock_skew.known()?;
    let side = if skew > 0 { "ahead of" } else { "behind" };
    Some((skew, format!("the node's clock is {} s {side} the API server's", skew.abs())))
}

/// The cluster's policy of version skew: a kubelet is never newer than the API server.
fn kubelet_newer(facts: &Facts) -> Option<Seen> {
    let (kubelet, server) = (minor(&facts.kubelet_version)?, server(facts)?);
    let cause = format!("kubelet 1.{kubelet} is newer than the API server, which is 1.{server}");
    (kubelet > server).then(|| Seen::from(cause).shown_by(versions(facts)).check("KubeletVersion"))
}

/// ... and at most three minor versions older, two before kubelet 1.25.
fn kubelet_old(facts: &Facts) -> Option<Seen> {
    let (kubelet, server) = (minor(&facts.kubelet_version)?, server(facts)?);
    let supported = if kubelet >= 25 { 3 } else { 2 };
    let cause = format!(
        "kubelet 1.{kubelet} is more than {supported} minor versions older than the API server, which is 1.{server}"
    );
    (kubelet + supported < server).then(|| Seen::from(cause).shown_by(versions(facts)))
}

/// What kubeadm itself refuses: a kubelet more than one minor version older than itself, three since 1.29.
fn kubelet_too_old(facts: &Facts) -> Option<Seen> {
    let (kubelet, kubeadm) = (minor(&facts.kubelet_version)?, minor(&facts.kubeadm_version)?);
    let supported = if kubeadm >= 29 { 3 } else { 1 };
    let cause = format!("kubelet 1.{kubelet} is more than {supported} minor versions older than kubeadm 1.{kubeadm}");
    (kubelet + supported < kubeadm).then(|| Seen::from(cause).shown_by(versions(facts)).check("KubeletVersion"))
}

/// kubeadm takes part in clusters of its own minor version and the one before. An older one may do, unless the cluster's
/// configuration is of an API version that it has never heard of: v1beta3 came with 1.22 and v1beta4 with 1.31.
fn kubeadm_unfit(facts: &Facts) -> Option<Seen> {
    let (kubeadm, server) = (minor(&facts.kubeadm_version)?, server(facts)?);
    let unread = [22, 31].into_iter().any(|api| kubeadm < api && server >= api);
    let why = match (server + 1 < kubeadm, unread) {
        (true, _) => "joins only clusters of its own minor version and the one before",
        (_, true) => "cannot read the configuration of a cluster as new as this",
        _ => return None,
    };
    let cause = format!("kubeadm 1.{kubeadm} {why}: the API server is 1.{server}");
    Some(Seen::from(cause).shown_by(versions(facts)).check("KubernetesVersion"))
}

fn kubeadm_older(facts: &Facts) -> Option<Seen> {
    let (kubeadm, server) = (minor(&facts.kubeadm_version)?, server(facts)?);
    let cause = format!("kubeadm 1.{kubeadm} is older than the API server, which is 1.{server}");
    let older = kubeadm < server && kubeadm_unfit(facts).is_none() && is_apart(facts);
    older.then(|| Seen::from(cause).shown_by(versions(facts)))
}

fn versions(facts: &Facts) -> Vec<String> {
    let all = [
        ("kubeadm version -o short", facts.kubeadm_version.known()),
        ("kubelet --version", facts.kubelet_version.known()),
        ("the API server's /version", api(facts).and_then(|api| api.version.known())),
    ];
    all.into_iter().filter_map(|(asked, version)| Some(format!("{asked}: {}", version?))).collect()
}

fn server(facts: &Facts) -> Option<u64> {
    minor(&api(facts)?.version)
}

fn other_machine(facts: &Facts) -> Option<Seen> {
    let object = facts.node_object().known()?.as_ref()?;
    let other = !object.machine_id.is_empty() && object.machine_id != *facts.machine_id.known()?;
    let name = facts.node_name.known().map_or("of its name", String::as_str);
    let cause = format!(
        "the Node {name} belongs to another machine, with machine id {} (Ready={})",
        object.machine_id, object.ready
    );
    let lines = [
        format!("kubectl get node {name}: machineID {}", object.machine_id),
        format!("/etc/machine-id: {}", facts.machine_id.known()?),
    ];
    other.then(|| Seen::from(cause).shown_by(lines))
}

/// Told by its CA, or by an API server that is not the inventory's and has its Node.
fn other_cluster(facts: &Facts) -> Option<Seen> {
    let Standing::Elsewhere(server) = standing(facts, None, None) else { return None };
    let pins = [
        ("kubelet.conf", facts.cluster_ca.known().and_then(Option::clone)),
        ("the inventory's cluster", facts.cluster_pins.known().map(|pins| pins.join(", "))),
    ];
    let lines = pins.into_iter().filter_map(|(whose, pin)| Some(format!("CA of {whose}: {}", pin?)));
    let cause = format!("the node is a member of another cluster, {server}");
    Some(Seen::from(cause).shown_by([format!("kubelet.conf: server: {server}")]).shown_by(lines))
}
