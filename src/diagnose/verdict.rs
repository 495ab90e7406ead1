//! The questions that the ladder asks of the facts.

use crate::model::{Allow, Cri, Fact, Facts};

/// What must be gone for a node to count as clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What a gentle reset removes.
    Gentle,
    /// That, and what stands in the way of a new pod network: interfaces, chains, CNI state.
    Residue,
    /// That, and containerd's images and snapshots, and any cgroup driver but systemd in containerd.
    Everything,
}

/// Whether a node is clean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clean {
    /// All of it was measured and nothing is left.
    Yes,
    /// These are left.
    No(Vec<String>),
    /// Nothing was seen, but these could not be looked at.
    Unknown(Vec<String>),
}

/// Whether anything in `scope` is left on the node, and whether its runtime answers.
pub fn clean(facts: &Facts, scope: Scope) -> Clean {
    let mut review = Review::default();
    review.list("files", &facts.gentle_leftovers);
    review.list("mounts", &facts.kubelet_mounts);
    match &facts.cri {
        Fact::Known(Cri::Ready { .. } | Cri::Loaded) => {}
        Fact::Known(Cri::NotReady(said) | Cri::NoAnswer(said)) => {
            review.left.push(format!("a container runtime that does not work ({said})"));
        }
        Fact::Unknown(why) => review.unknown.push(format!("container runtime: {why}")),
    }
    match &facts.image_filesystem {
        Fact::Known(fs) if fs.capacity > 0 => {}
        Fact::Known(fs) => review.left.push(format!("an image filesystem without any capacity ({})", fs.mountpoint)),
        Fact::Unknown(why) => review.unknown.push(format!("image filesystem: {why}")),
    }
    match &facts.kubelet {
        Fact::Known(unit) if unit.active == "active" => review.left.push("a running kubelet".to_owned()),
        Fact::Known(_) => {}
        Fact::Unknown(why) => review.unknown.push(format!("kubelet: {why}")),
    }
    if scope != Scope::Gentle {
        review.list("files", &facts.aggressive_leftovers);
        review.list("interfaces", &facts.pod_links);
        review.list("residue", &facts.residue);
        match &facts.chains {
            Fact::Known(chains) => {
                review.left.extend(chains.iter().map(|(tool, n)| format!("{n} chains in {tool}")));
            }
            Fact::Unknown(why) => review.unknown.push(format!("chains: {why}")),
        }
    }
    if scope == Scope::Everything {
        match &facts.containerd_items {
            Fact::Known(0) => {}
            Fact::Known(n) => review.left.push(format!("{n} things of Kubernetes' in containerd")),
            Fact::Unknown(why) => review.unknown.push(format!("what is in containerd: {why}")),
        }
        match &facts.cgroupfs_runtimes {
            Fact::Known(names) => review
                .left
                .extend(names.iter().map(|name| format!("a containerd without SystemdCgroup = true for {name}"))),
            Fact::Unknown(why) => review.unknown.push(format!("containerd's cgroup driver: {why}")),
        }
    }
    match review {
        Review { left, .. } if !left.is_empty() => Clean::No(left),
        Review { unknown, .. } if !unknown.is_empty() => Clean::Unknown(unknown),
        _ => Clean::Yes,
    }
}

#[derive(Default)]
struct Review {
    left: Vec<String>,
    unknown: Vec<String>,
}

impl Review {
    fn list(&mut self, what: &str, fact: &Fact<Vec<String>>) {
        match fact {
            Fact::Known(items) => self.left.extend(items.iter().cloned()),
            Fact::Unknown(why) => self.unknown.push(format!("{what}: {why}")),
        }
    }
}

/// Whether a node is a working member of its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The API server has a Node with this machine's id and boot id, and it is Ready.
    Healthy,
    /// The same, but it waits for the pod network, which is not the node's to bring.
    WaitsForCni,
    /// It is not, and why.
    No(String),
    /// It has joined something, and how it stands there could not be told or is somebody else's business. A reset here
    /// might wipe a healthy node because a check could not succeed.
    Unclear(String),
}

/// Proof by the Node object: a name alone may be another machine's, a boot id an earlier life's.
///
/// `wanted` is the API server (`host:port`) of the join command, where that is known already.
pub fn membership(facts: &Facts, wanted: Option<&str>) -> Membership {
    match facts.has_joined() {
        Some(true) => joined(facts, wanted),
        Some(false) => Membership::No("it has not joined (there is no kubelet.conf)".to_owned()),
        None => {
            Membership::Unclear("whether it has joined could not be told: the probe did not see its files".to_owned())
        }
    }
}

/// What kubeadm's kubelet.conf points at.
const CLIENT_CERTIFICATE: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

fn joined(facts: &Facts, wanted: Option<&str>) -> Membership {
    let unclear = |why: &str| Membership::Unclear(why.to_owned());
    let no = |why: &str| Membership::No(why.to_owned());
    let (Fact::Known(machine_id), Fact::Known(boot_id)) = (&facts.machine_id, &facts.boot_id) else {
        return unclear("its machine id and boot id could not be read");
    };
    let server = facts.api_server.known().and_then(Option::as_deref).unwrap_or("an unknown API server");
    let object = match facts.node_object() {
        Fact::Known(Some(object)) => object,
        Fact::Known(None) => {
            return match &facts.own_node_object {
                Fact::Known(None) => no("no API server has a Node object of its name"),
                Fact::Known(Some(_)) => Membership::Unclear(format!("it is a member of another cluster ({server})")),
                // Its Node may bear another name than its host, or live in another cluster.
                Fact::Unknown(why) => Membership::Unclear(format!(
                    "the control plane has no Node of its host's name, and {server}, where it has joined, could not be asked: {why}"
                )),
            };
        }
        Fact::Unknown(_) if facts.has_file(CLIENT_CERTIFICATE) == Some(false) => {
            return no("its client certificate is gone, so its kubelet cannot speak to the API server");
        }
        Fact::Unknown(why) => return Membership::Unclear(format!("its Node object could not be read: {why}")),
    };
    let confirmed = facts.cluster_node_object.known().is_some();
    if let Some(wanted) = wanted.filter(|wanted| !confirmed && server.strip_prefix("https://") != Some(wanted)) {
        return Membership::Unclear(format!(
            "it is a member of the cluster at {server}, and the join command names {wanted}"
        ));
    }
    if object.machine_id != *machine_id {
        return unclear(
            "the Node object of its name belongs to another machine (another machine id); delete that Node first if it is stale",
        );
    }
    if object.boot_id != *boot_id {
        return no("the Node object is from before the last boot: the kubelet has not reported since");
    }
    match &facts.kubelet {
        Fact::Known(unit) if unit.active != "active" => {
            return Membership::No(format!("kubelet.service is {}", unit.active));
        }
        Fact::Known(_) => {}
        Fact::Unknown(why) => return Membership::Unclear(format!("whether the kubelet runs could not be told: {why}")),
    }
    match object.ready.as_str() {
        "True" => Membership::Healthy,
        _ if object.waits_for_cni() => Membership::WaitsForCni,
        other => Membership::No(format!("the Node is Ready={other}: {}", object.message)),
    }
}

/// Whose phase runs on the node at this moment: whatever else is measured meanwhile is not what will be.
pub fn busy(facts: &Facts) -> Option<String> {
    let what = facts.running.known()?.as_ref()?;
    Some(format!("a kfleet is at work on this node ({what}); try again when it has ended"))
}

/// Why kfleet will not touch this machine, whatever the inventory calls it.
pub fn forbidden(facts: &Facts, allow: Allow) -> Option<String> {
    let sign = control_plane_sign(facts).filter(|_| !allow.control_plane)?;
    Some(format!(
        "{sign} is there, so this is a control-plane node; kfleet joins workers only, and resets such a node only with --allow-control-plane"
    ))
}

/// The file by which a machine is told to carry a control plane.
pub fn control_plane_sign(facts: &Facts) -> Option<&str> {
    let files = facts.files.known()?;
    let of_a_worker = |f: &&String| {
        !f.starts_with("/etc/kubernetes/manifests/")
            && !f.ends_with("ca.key")
            && !f.ends_with("controller-manager.conf")
    };
    files.iter().find(|f| !of_a_worker(f)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ImageFilesystem, NodeObject, Unit};

    fn clean_facts() -> Facts {
        let none = || Fact::Known(Vec::new());
        Facts {
            gentle_leftovers: none(),
            aggressive_leftovers: none(),
            residue: none(),
            kubelet_mounts: none(),
            pod_links: none(),
            chains: Fact::Known(Vec::new()),
            containerd_items: Fact::Known(0),
            cgroupfs_runtimes: none(),
            image_filesystem: image_filesystem(1 << 30),
            kubelet: Fact::Known(Unit { active: "inactive".to_owned(), ..Unit::default() }),
            cri: Fact::Known(Cri::Ready { network: false }),
            ..Facts::default()
        }
    }

    fn image_filesystem(capacity: u64) -> Fact<ImageFilesystem> {
        let (mountpoint, named_by) = ("/var/lib/containerd".to_owned(), "CRI".to_owned());
        Fact::Known(ImageFilesystem { mountpoint, named_by, capacity, available: 0 })
    }

    #[test]
    fn a_control_plane_is_forbidden_unless_it_is_allowed() {
        let allowed = Allow { control_plane: true, ..Allow::default() };
        for sign in [
            "/etc/kubernetes/manifests/etcd.yaml",
            "/etc/kubernetes/pki/ca.key",
            "/etc/kubernetes/controller-manager.conf",
        ] {
            let facts = Facts { files: Fact::Known(vec![sign.to_owned()]), ..Facts::default() };
            assert!(forbidden(&facts, Allow::default()).is_some_and(|why| why.contains(sign)));
            assert_eq!(forbidden(&facts, allowed), None);
        }
        assert_eq!(forbidden(&member(Fact::default()), Allow::default()), None);
    }

    #[test]
    fn clean_needs_every_measurement_of_its_scope() {
        assert_eq!(clean(&clean_facts(), Scope::Everything), Clean::Yes);
        assert!(matches!(clean(&Facts::default(), Scope::Gentle), Clean::Unknown(_)));
        let images = Facts { containerd_items: Fact::Known(3), ..clean_facts() };
        assert_eq!(clean(&images, Scope::Residue), Clean::Yes);
        assert!(matches!(clean(&images, Scope::Everything), Clean::No(_)));
        let chains = Facts { chains: Fact::Known(vec![("iptables-nft".to_owned(), 2)]), ..clean_facts() };
        assert_eq!(clean(&chains, Scope::Gentle), Clean::Yes);
        assert!(matches!(clean(&chains, Scope::Residue), Clean::No(_)));
        let unseen = Facts { pod_links: Fact::Unknown("x".to_owned()), ..clean_facts() };
        assert!(matches!(clean(&unseen, Scope::Residue), Clean::Unknown(_)));
        let dead = Facts { cri: Fact::Known(Cri::NoAnswer("x".to_owned())), ..clean_facts() };
        assert!(matches!(clean(&dead, Scope::Gentle), Clean::No(_)));
        let loaded = Facts { cri: Fact::Known(Cri::Loaded), ..clean_facts() };
        assert_eq!(clean(&loaded, Scope::Everything), Clean::Yes, "a node without crictl");
        let empty = Facts { image_filesystem: image_filesystem(0), ..clean_facts() };
        assert!(matches!(clean(&empty, Scope::Gentle), Clean::No(_)));
        let unseen = Facts { image_filesystem: Fact::default(), ..clean_facts() };
        assert!(matches!(clean(&unseen, Scope::Gentle), Clean::Unknown(_)));
        let cgroupfs = Facts { cgroupfs_runtimes: Fact::Known(vec!["runc".to_owned()]), ..clean_facts() };
        assert_eq!(clean(&cgroupfs, Scope::Residue), Clean::Yes);
        assert!(matches!(clean(&cgroupfs, Scope::Everything), Clean::No(_)));
    }

    fn member(own: Fact<Option<NodeObject>>) -> Facts {
        Facts {
            files: Fact::Known(vec!["/etc/kubernetes/kubelet.conf".to_owned(), CLIENT_CERTIFICATE.to_owned()]),
            machine_id: Fact::Known("m".to_owned()),
            boot_id: Fact::Known("b".to_owned()),
            kubelet: Fact::Known(Unit { active: "active".to_owned(), ..Unit::default() }),
            own_node_object: own,
            ..Facts::default()
        }
    }

    fn object(machine: &str, boot: &str, ready: &str) -> Fact<Option<NodeObject>> {
        Fact::Known(Some(NodeObject {
            machine_id: machine.to_owned(),
            boot_id: boot.to_owned(),
            ready: ready.to_owned(),
            message: "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized".to_owned(),
            ..NodeObject::default()        }))
    }

    #[test]
    fn membership_is_proven_by_machine_and_boot() {
        assert_eq!(membership(&member(object("m", "b", "True")), None), Membership::Healthy);
        assert_eq!(membership(&member(object("m", "b", "False")), None), Membership::WaitsForCni);
        for other in [object("m", "x", "True"), object("m", "b", "Unknown"), Fact::Known(None)] {
            assert!(matches!(membership(&member(other), None), Membership::No(_)));
        }
        let down = Fact::Known(Unit { active: "failed".to_owned(), ..Unit::default() });
        assert!(matches!(
            membership(&Facts { kubelet: down, ..member(object("m", "b", "True")) }, None),
            Membership::No(_)
        ));
        assert!(matches!(
            membership(&Facts { files: Fact::Known(Vec::new()), ..Facts::default() }, None),
            Membership::No(_)
        ));
    }

    #[test]
    fn what_could_not_be_told_is_not_a_reason_to_reset() {
        let good = || object("m", "b", "True");
        for facts in [
            Facts::default(),
            member(Fact::default()),          // API server down, or no kubectl
            member(object("x", "b", "True")), // another machine of that name
            Facts { kubelet: Fact::default(), ..member(good()) }, // systemctl hung
            Facts { machine_id: Fact::default(), ..member(good()) },
            Facts { cluster_node_object: Fact::Known(None), ..member(good()) }, // healthy in another cluster
            Facts { cluster_node_object: Fact::Known(None), ..member(Fact::default()) }, // its Node has another name
        ] {
            assert!(matches!(membership(&facts, None), Membership::Unclear(_)), "{facts:?}");
        }
        let control_plane_away = Facts { cluster_node_object: Fact::default(), ..member(good()) };
        assert_eq!(membership(&control_plane_away, None), Membership::Healthy, "its own view serves");
        let elsewhere = Facts { api_server: Fact::Known(Some("https://10.0.0.1:6443".to_owned())), ..member(good()) };
        assert_eq!(membership(&elsewhere, Some("10.0.0.1:6443")), Membership::Healthy);
        assert!(matches!(membership(&elsewhere, Some("10.0.0.2:6443")), Membership::Unclear(_)));
    }
}
