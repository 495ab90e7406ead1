//! Facts to the row that `status` shows.

use crate::diagnose::{Standing, standing};
use crate::model::{Cri, Fact, Facts, Finding, NodeName, NodeStatus};

/// One row; of a node that was not measured everything is unknown, for one reason.
pub(super) fn row(node: &NodeName, facts: Result<&Facts, String>, findings: Vec<Finding>) -> NodeStatus {
    match facts {
        Ok(facts) => NodeStatus {
            node: node.clone(),
            reached: Ok(()),
            joined: joined(facts),
            kubelet: unit(&facts.kubelet, &facts.kubelet_version),
            runtime: unit(&facts.containerd, &facts.containerd_version),
            cri: facts.cri.clone().map(|c| cri(&c)),
            image_filesystem: facts.image_filesystem.clone().map(|fs| {
                let used = fs.capacity.saturating_sub(fs.available);
                let by = if fs.named_by == "CRI" { String::new() } else { format!(", by {}", fs.named_by) };
                format!("{} of {} GiB used{by}", used >> 30, fs.capacity >> 30)
            }),
            findings,
        },
        Err(why) => NodeStatus {
            node: node.clone(),
            reached: Err(why),
            joined: not_reached(),
            kubelet: not_reached(),
            runtime: not_reached(),
            cri: not_reached(),
            image_filesystem: not_reached(),
            findings: Vec::new(),
        },
    }
}

fn not_reached() -> Fact<String> {
    Fact::Unknown("the node was not reached".to_owned())
}

fn joined(facts: &Facts) -> Fact<String> {
    facts.api_server.clone().map(|server| match server {
        None => "no".to_owned(),
        Some(server) => match standing(facts, None, None) {
            Standing::Healthy => format!("yes, {server}"),
            Standing::WaitsForCni => format!("yes, without CNI, {server}"),
            Standing::Unclear(_) => format!("unclear, {server}"),
            Standing::Elsewhere(_) => format!("another cluster, {server}"),
            _ => format!("not healthy, {server}"),
        },
    })
}

fn unit(unit: &Fact<crate::model::Unit>, version: &Fact<String>) -> Fact<String> {
    unit.clone().map(|unit| match version {
        Fact::Known(version) => format!("{} {version}", unit.active),
        Fact::Unknown(_) => unit.active,
    })
}

fn cri(cri: &Cri) -> String {
    match cri {
        Cri::Ready { network: true } => "ready".to_owned(),
        Cri::Ready { network: false } => "ready, no network".to_owned(),
        Cri::Loaded => "loaded (no crictl)".to_owned(),
        Cri::NotReady(_) => "not ready".to_owned(),
        Cri::NoAnswer(_) => "no answer".to_owned(),
    }
}
