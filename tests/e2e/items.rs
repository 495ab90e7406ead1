//! The numbered items of an aggressive reset, each before and after on a real node of each generation of containerd: what
//! is Kubernetes' goes, what others have beside it survives to the byte, and a second reset finds nothing to do.
//!
//! An item is a script in `tests/testbed/items`: it plants, tells what of Kubernetes is left, and what others have.

use crate::bed::Bed;
use crate::run::kfleet;
use kfleet::model::Outcome;
use std::collections::BTreeMap;

/// What Kubernetes leaves on a node.
pub const ITEMS: [&str; 13] = [
    "processes",
    "interfaces",
    "routes",
    "firewall",
    "nftables",
    "ipvs",
    "netns",
    "state",
    "network-state",
    "plugin-state",
    "drop-ins",
    "kubeconfig",
    "tmp",
];

/// What stays because somebody else lives on the node: on a node of its own, since it changes what the items above mean.
const NEIGHBOURS: [&str; 2] = ["podman", "kubeconfig-elsewhere"];

pub fn before_and_after(bed: &Bed) {
    bed.fresh(&["node1", "node2", "sid", "bookworm"]);
    let nodes: [(&str, &[&str]); 4] =
        [("node1", &ITEMS), ("sid", &ITEMS), ("bookworm", &ITEMS), ("node2", &NEIGHBOURS)];
    let problems: Vec<String> = std::thread::scope(|scope| {
        let proofs: Vec<_> = nodes.iter().map(|(node, items)| scope.spawn(|| prove(bed, node, items))).collect();
        proofs.into_iter().flat_map(|proof| proof.join().expect("its own words are above")).collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// One node's before and after; returns what is wrong, all of it.
fn prove(bed: &Bed, node: &str, items: &[&str]) -> Vec<String> {
    bed.plant(node, "media");
    bed.items(node, "others", items);
    let media = bed.media(node);
    let before = bed.items(node, "kept", items);
    bed.items(node, "ours", items);
    let planted = bed.items(node, "left", items);
    let absent: Vec<&String> = planted.iter().filter(|(_, left)| left.is_empty()).map(|(item, _)| item).collect();
    assert!(absent.is_empty(), "{node}: these planted nothing that a reset could remove: {absent:?}");

    let run = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    run.expect(node, Outcome::Reset);
    let left = bed.items(node, "left", items);
    let mut problems = Vec::new();
    for (item, left) in left.iter().filter(|(_, left)| !left.is_empty()) {
        problems.push(format!("{node}: {item}: left behind: {}", left.trim().replace('\n', ", ")));
    }
    let after = bed.items(node, "kept", items);
    problems.extend(before.iter().filter(|(item, kept)| after[*item] != **kept).map(|(item, kept)| {
        format!("{node}: {item}: others lost or gained something:\n{}", difference(kept, &after[item]))
    }));
    if bed.media(node) != media {
        problems.push(format!("{node}: media changed:\n{}", difference(&media, &bed.media(node))));
    }
    let backup = bed.see(node, "ls -A /var/lib/kfleet/backup/*");
    if !backup.contains("iptables-nft.rules") {
        problems.push(format!("{node}: no copy of the firewall is kept: {backup}"));
    }

    let exact = "/usr/local/lib/testbed/fingerprint exact";
    let first = bed.see(node, exact);
    let again = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    let report = again.report(node);
    if report.outcome != Outcome::AlreadyClean || report.level.is_some() {
        problems.push(format!("{node}: a second reset was not told to be unneeded: {report:?}"));
    }
    let second = bed.see(node, exact);
    if first != second {
        problems.push(format!("{node}: a second reset changed something:\n{}", difference(&first, &second)));
    }
    problems
}

/// Lines that only one of two texts has.
pub fn difference(before: &str, after: &str) -> String {
    let lacks = |text: &str, line: &str| !text.lines().any(|l| l == line);
    let gone = before.lines().filter(|line| lacks(after, line)).map(|line| format!("- {line}\n"));
    let new = after.lines().filter(|line| lacks(before, line)).map(|line| format!("+ {line}\n"));
    let lines: String = gone.chain(new).collect();
    if lines.is_empty() { "the same lines in another order".to_owned() } else { lines }
}

impl Bed {
    /// Runs one part of items on a node, `others`, `ours`, `left` or `kept`: what each printed, by its name.
    pub fn items(&self, node: &str, part: &str, items: &[&str]) -> BTreeMap<String, String> {
        let line = "cd /usr/local/lib/testbed/items && for item; do printf '\\036%s\\n' \"$item\"; ./\"$item\" \"$0\" || exit; done";
        let mut arguments = vec![part];
        arguments.extend(items);
        let output = self.on(node, line, &arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{part} on {node}: {said}{}", String::from_utf8_lossy(&output.stderr));
        let parts = said.split('\u{1e}').skip(1).filter_map(|text| text.split_once('\n'));
        parts.map(|(item, text)| (item.to_owned(), text.to_owned())).collect()
    }
}
