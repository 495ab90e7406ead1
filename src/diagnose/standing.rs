//! How a node stands in the cluster that it is to be a member of.

use crate::model::{Fact, Facts, JoinCommand, NodeObject};

/// How a node stands. The texts say what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The API server has a Node with this machine's id and boot id, and it is Ready.
    Healthy,
    /// The same, but it waits for the pod network, which is not the node's to bring.
    WaitsForCni,
    /// It has not joined; what an earlier try has left is for the findings to say.
    Apart,
    /// It has joined, and its kubelet cannot speak to the API server: the certificate that kubelet.conf names is gone.
    WithoutCertificate,
    /// It has joined, and its kubelet does not run, or the API server has no Node of it: a kubelet makes a new one when
    /// it starts, and never later.
    Asleep(String),
    /// It has joined, and the Node object is from before the last boot, or from before the join that ended just now.
    Stale(String),
    /// It has joined, its kubelet reports, and the Node is not Ready.
    NotReady(String),
    /// The Node object of its name is another machine's.
    SomebodyElses(NodeObject),
    /// It has joined another cluster.
    Elsewhere(String),
    /// It has joined something, and how it stands there could not be told. A reset here might wipe a healthy node because
    /// a check could not succeed.
    Unclear(String),
}

impl Standing {
    /// What was seen, as a clause.
    pub fn why(&self) -> String {
        match self {
            Self::Healthy => "it is a healthy member".to_owned(),
            Self::WaitsForCni => "it is registered and waits for the pod network (CNI)".to_owned(),
            Self::Apart => "it has not joined (there is no kubelet.conf)".to_owned(),
            Self::WithoutCertificate => {
                "its client certificate is gone, so its kubelet cannot speak to the API server".to_owned()
            }
            Self::Asleep(why) | Self::Stale(why) | Self::NotReady(why) | Self::Unclear(why) => why.clone(),
            Self::SomebodyElses(object) => format!(
                "the Node object of its name belongs to another machine (machine id {}, Ready={})",
                object.machine_id, object.ready
            ),
            Self::Elsewhere(server) => format!("it is a member of another cluster ({server})"),
        }
    }
}

/// What kubeadm's kubelet.conf points at.
const CLIENT_CERTIFICATE: &str = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/// Proof by the Node object: a name alone may be another machine's, a boot id an earlier life's.
///
/// `wanted` is the join command, where that is known already; `before` the Node object as it was when the join began that
/// ended just now.
pub fn standing(facts: &Facts, wanted: Option<&JoinCommand>, before: Option<&NodeObject>) -> Standing {
    match facts.has_joined() {
        Some(true) => joined(facts, wanted, before),
        Some(false) => Standing::Apart,
        None => {
            Standing::Unclear("whether it has joined could not be told: the probe did not see its files".to_owned())
        }
    }
}

/// Whether the node's CA is one that the join command pins, or else the inventory's cluster has: where a kubelet belongs is told by its CA, as one API server
/// has many addresses. `None` where either is not known.
fn same_ca(facts: &Facts, wanted: Option<&JoinCommand>) -> Option<bool> {
    let pin = facts.cluster_ca.known()?.as_ref()?;
    let pins = wanted.map(|command| &command.ca_hashes).or(facts.cluster_pins.known())?;
    Some(pins.iter().any(|hash| hash.eq_ignore_ascii_case(pin)))
}

fn joined(facts: &Facts, wanted: Option<&JoinCommand>, before: Option<&NodeObject>) -> Standing {
    let server = facts.api_server.known().and_then(Option::as_deref).unwrap_or("an unknown API server");
    let same_ca = same_ca(facts, wanted);
    // The control plane's own word counts more than a pin that somebody has copied, or that is from before the CA was renewed.
    let known_there = facts.cluster_node_object.is_known_and(|object| {
        object.as_ref().is_some_and(|object| {
            // One that nobody reports on is what is left of it there.
            object.ready != "Unknown"
                && facts.machine_id.is_known_and(|id| *id == object.machine_id)
                && facts.boot_id.is_known_and(|id| *id == object.boot_id)
        })
    });
    if same_ca == Some(false) && !known_there {
        return Standing::Elsewhere(server.to_owned());
    }
    let (Fact::Known(machine_id), Fact::Known(boot_id)) = (&facts.machine_id, &facts.boot_id) else {
        return Standing::Unclear("its machine id and boot id could not be read".to_owned());
    };
    let without_certificate = facts.has_file(CLIENT_CERTIFICATE) == Some(false);
    let object = match facts.node_object() {
        Fact::Known(Some(object)) => object,
        Fact::Known(None) => return without_object(facts, server, same_ca),
        Fact::Unknown(_) if without_certificate => return Standing::WithoutCertificate,
        Fact::Unknown(why) => return Standing::Unclear(format!("its Node object could not be read: {why}")),
    };
    let confirmed = facts.cluster_node_object.known().is_some() || same_ca == Some(true);
    if let Some(wanted) = wanted.map(|command| command.endpoint.as_str())
        && !confirmed
        && server.strip_prefix("https://") != Some(wanted)
    {
        return Standing::Unclear(format!(
            "it is a member of the cluster at {server}, and the join command names {wanted}"
        ));
    }
    if object.machine_id != *machine_id {
        return Standing::SomebodyElses(object.clone());
    }
    if object.boot_id != *boot_id {
        return Standing::Stale(
            "the Node object is from before the last boot: the kubelet has not reported since".to_owned(),
        );
    }
    if before.is_some_and(|before| before.uid == object.uid && before.heartbeat == object.heartbeat) {
        return Standing::Stale(
            "the Node object is from before this join: the kubelet has not reported since".to_owned(),
        );
    }
    match &facts.kubelet {
        Fact::Known(unit) if unit.active != "active" && without_certificate => return Standing::WithoutCertificate,
        Fact::Known(unit) if unit.active != "active" => {
            return Standing::Asleep(format!("kubelet.service is {}", unit.active));
        }
        Fact::Known(_) => {}
        Fact::Unknown(why) => return Standing::Unclear(format!("whether the kubelet runs could not be told: {why}")),
    }
    match object.ready.as_str() {
        "True" => Standing::Healthy,
        // What the API server has of it is as old as that, and looks like any Node without a network for a while.
        _ if without_certificate => Standing::WithoutCertificate,
        _ if object.waits_for_cni() => Standing::WaitsForCni,
        other => Standing::NotReady(format!("the Node is Ready={other}: {}", object.message)),
    }
}

fn without_object(facts: &Facts, server: &str, same_ca: Option<bool>) -> Standing {
    let gone = || Standing::Asleep("the API server has no Node object of its name".to_owned());
    match &facts.own_node_object {
        Fact::Known(None) => gone(),
        // Both are the same API server's then, asked a moment apart.
        Fact::Known(Some(_)) if same_ca == Some(true) => {
            Standing::Unclear("its Node object came or went while it was looked for".to_owned())
        }
        Fact::Known(Some(_)) => Standing::Elsewhere(server.to_owned()),
        Fact::Unknown(_) if same_ca == Some(true) => gone(),
        Fact::Unknown(why) => Standing::Unclear(format!(
            "the control plane has no Node of its name, and {server}, where it has joined, could not be asked: {why}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Unit;

    const PIN: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn command(endpoint: &str) -> JoinCommand {
        let text =
            format!("kubeadm join {endpoint} --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash {PIN}");
        JoinCommand::parse(&text).unwrap()
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
            uid: "u".to_owned(),
            heartbeat: "12:00".to_owned(),
            message: "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized".to_owned(),
            ..NodeObject::default()
        }))
    }

    fn good() -> Fact<Option<NodeObject>> {
        object("m", "b", "True")
    }

    #[test]
    fn membership_is_proven_by_machine_and_boot() {
        let of = |facts: &Facts| standing(facts, None, None);
        assert_eq!(of(&member(good())), Standing::Healthy);
        assert_eq!(of(&member(object("m", "b", "False"))), Standing::WaitsForCni);
        assert!(matches!(of(&member(object("m", "x", "True"))), Standing::Stale(_)));
        assert!(matches!(of(&member(object("m", "b", "Unknown"))), Standing::NotReady(_)));
        assert!(matches!(of(&member(object("x", "b", "True"))), Standing::SomebodyElses(_)));
        assert!(matches!(of(&member(Fact::Known(None))), Standing::Asleep(_)));
        let down = Fact::Known(Unit { active: "failed".to_owned(), ..Unit::default() });
        assert!(matches!(of(&Facts { kubelet: down, ..member(good()) }), Standing::Asleep(_)));
        assert_eq!(of(&Facts { files: Fact::Known(Vec::new()), ..Facts::default() }), Standing::Apart);
        let bare = Fact::Known(vec!["/etc/kubernetes/kubelet.conf".to_owned()]);
        let bare = |own| Facts { files: bare.clone(), ..member(own) };
        for own in [Fact::default(), object("m", "b", "False"), object("m", "b", "Unknown")] {
            assert_eq!(of(&bare(own)), Standing::WithoutCertificate);
        }
        assert_eq!(of(&bare(good())), Standing::Healthy, "the API server hears of it all the same");
    }

    #[test]
    fn what_could_not_be_told_is_not_a_reason_to_reset() {
        for facts in [
            Facts::default(),
            member(Fact::default()), // API server down, or no kubectl
            Facts { kubelet: Fact::default(), ..member(good()) }, // systemctl hung
            Facts { machine_id: Fact::default(), ..member(good()) },
            Facts { cluster_node_object: Fact::Known(None), ..member(Fact::default()) }, // perhaps of another cluster
        ] {
            assert!(matches!(standing(&facts, None, None), Standing::Unclear(_)), "{facts:?}");
        }
        let control_plane_away = Facts { cluster_node_object: Fact::default(), ..member(good()) };
        assert_eq!(standing(&control_plane_away, None, None), Standing::Healthy, "its own view serves");
    }

    #[test]
    fn a_cluster_is_known_by_its_ca_and_only_without_it_by_its_address() {
        let at = |facts: Facts| Facts { api_server: Fact::Known(Some("https://10.0.0.1:6443".to_owned())), ..facts };
        let with_ca = |pin: &str, facts: Facts| Facts { cluster_ca: Fact::Known(Some(pin.to_owned())), ..at(facts) };
        let (here, there) = (command("10.0.0.1:6443"), command("10.0.0.2:6443"));
        assert_eq!(standing(&at(member(good())), Some(&here), None), Standing::Healthy);
        assert!(matches!(standing(&at(member(good())), Some(&there), None), Standing::Unclear(_)));
        assert_eq!(standing(&with_ca(PIN, member(good())), Some(&there), None), Standing::Healthy);
        let other = with_ca("sha256:ff", member(Fact::default()));
        assert!(matches!(standing(&other, Some(&here), None), Standing::Elsewhere(_)));
        // An old pin, and the control plane knows this very machine.
        let renewed = Facts { cluster_node_object: good(), ..with_ca("sha256:ff", member(good())) };
        assert_eq!(standing(&renewed, Some(&here), None), Standing::Healthy);
        for gone in [object("m", "b", "Unknown"), object("m", "x", "True")] {
            let left = Facts { cluster_node_object: gone, ..with_ca("sha256:ff", member(Fact::default())) };
            assert!(matches!(standing(&left, Some(&here), None), Standing::Elsewhere(_)), "it was one of ours");
        }
        // Its own API server has it, the inventory's control plane has not.
        let nowhere = Facts { cluster_node_object: Fact::Known(None), ..member(good()) };
        assert!(matches!(standing(&nowhere, None, None), Standing::Elsewhere(_)));
        // The same CA: its Node was deleted, whoever can be asked.
        let deleted = Facts { cluster_node_object: Fact::Known(None), ..with_ca(PIN, member(Fact::default())) };
        assert!(matches!(standing(&deleted, Some(&here), None), Standing::Asleep(_)));
    }

    #[test]
    fn an_object_that_nobody_has_touched_since_the_join_proves_nothing() {
        let Fact::Known(Some(before)) = good() else { unreachable!() };
        assert!(matches!(standing(&member(good()), None, Some(&before)), Standing::Stale(_)));
        for newer in [
            NodeObject { uid: "v".to_owned(), ..before.clone() },
            NodeObject { heartbeat: "12:01".to_owned(), ..before.clone() },
        ] {
            let facts = member(Fact::Known(Some(newer)));
            assert_eq!(standing(&facts, None, Some(&before)), Standing::Healthy);
        }
    }
}
