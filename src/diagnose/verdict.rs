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
        Fact::Known(fs) if fs.filesystem.capacity_bytes > 0 => {}
        Fact::Known(fs) => {
            review.left.push(format!("an image filesystem without any capacity ({})", fs.filesystem.path));
        }
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

/// Whose phase runs on the node at this moment: whatever else is measured meanwhile is not what will be.
pub fn busy(facts: &Facts) -> Option<String> {
    let what = facts.running.known()?.as_ref()?;
    Some(format!(
        "a kfleet is at work on this node ({what}); `kfleet attach` follows it, `kfleet stop` ends it at its next step"
    ))
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
    use crate::model::Filesystem;
    use crate::model::{ImageFilesystem, Unit};

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
            cri: Fact::Known(Cri::Ready { network: false, network_message: String::new() }),
            ..Facts::default()
        }
    }

    fn image_filesystem(capacity: u64) -> Fact<ImageFilesystem> {
        let filesystem =
            Filesystem { path: "/var/lib/containerd".to_owned(), capacity_bytes: capacity, ..Filesystem::default() };
        Fact::Known(ImageFilesystem { named_by: "CRI".to_owned(), filesystem, ..ImageFilesystem::default() })
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
        let worker = Facts { files: Fact::Known(vec!["/etc/kubernetes/kubelet.conf".to_owned()]), ..Facts::default() };
        assert_eq!(forbidden(&worker, Allow::default()), None);
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
}
