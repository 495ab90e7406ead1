//! Facts to the row that `status` shows.

use crate::diagnose::{Standing, findings, standing};
use crate::model::{Cri, Fact, Facts, ImageFilesystem, NodeName, NodeStatus, Unit};

/// The row of a node that was measured.
pub(super) fn row(node: &NodeName, facts: &Facts) -> NodeStatus {
    NodeStatus {
        node: node.clone(),
        error: None,
        joined: joined(facts),
        kubelet: unit(&facts.kubelet, &facts.kubelet_version),
        runtime: unit(&facts.containerd, &facts.containerd_version),
        cri: facts.cri.clone().map(|c| cri(&c).to_owned()),
        image_filesystem: facts.image_filesystem.clone().map(|images| used(&images)),
        findings: findings(facts),
        facts: Some(Box::new(facts.clone())),
    }
}

/// The same row, made anew of the facts in it by the rules of this kfleet.
pub fn judge(status: NodeStatus) -> NodeStatus {
    match &status.facts {
        Some(facts) if status.error.is_none() => row(&status.node, facts),
        _ => status,
    }
}

/// How it stands could be unclear, which is unknown for that reason.
fn joined(facts: &Facts) -> Fact<String> {
    let word = match &facts.api_server {
        Fact::Unknown(why) => return Fact::Unknown(why.clone()),
        Fact::Known(None) => "no",
        Fact::Known(Some(_)) => match standing(facts, None, None) {
            Standing::Healthy => "yes",
            Standing::WaitsForCni => "yes, no CNI",
            Standing::Unclear(why) => return Fact::Unknown(why),
            Standing::Elsewhere(_) => "elsewhere",
            _ => "not healthy",
        },
    };
    Fact::Known(word.to_owned())
}

fn unit(unit: &Fact<Unit>, version: &Fact<String>) -> Fact<String> {
    unit.clone().map(|unit| match version {
        Fact::Known(version) => format!("{} {version}", unit.active),
        Fact::Unknown(_) => unit.active,
    })
}

fn used(images: &ImageFilesystem) -> String {
    let filesystem = &images.filesystem;
    part(filesystem.capacity_bytes.saturating_sub(filesystem.available_bytes), filesystem.capacity_bytes)
}

/// `41/100 GiB`: both in the largest unit of which there is at least one in the whole.
fn part(used: u64, whole: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB")];
    let &(shift, name) = units.iter().find(|(shift, _)| whole >> shift > 0).unwrap_or(&(10, "KiB"));
    let tenths = (u128::from(used) * 10) >> shift;
    let used = if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() };
    format!("{used}/{} {name}", whole >> shift)
}

fn cri(cri: &Cri) -> &'static str {
    match cri {
        Cri::Ready { network: true, .. } => "ready",
        Cri::Ready { network: false, .. } => "no network",
        Cri::Loaded => "loaded (no crictl)",
        Cri::NotReady(_) => "not ready",
        Cri::NoAnswer(_) => "no answer",
    }
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn a_part_is_told_in_the_unit_of_the_whole() {
        assert_eq!(part(41 << 30, 100 << 30), "41/100 GiB");
        assert_eq!(part(300 << 20, 20 << 30), "0.2/20 GiB");
        assert_eq!(part(3 << 39, 2 << 40), "1.5/2 TiB");
        assert_eq!(part(0, 0), "0.0/0 KiB");
    }
}
