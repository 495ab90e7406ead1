//! What good files mean.

use super::{Inventory, parse};
use crate::model::{Access, Become, JoinSource, Level, Node, NodeName, Policy, ProtectedPath, Role, Share};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn inventory(text: &str) -> Inventory {
    parse("nodes.yaml", text, Path::new("/home/ops")).unwrap_or_else(|error| panic!("{error}"))
}

fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

fn protected(node: &Node) -> Vec<&str> {
    node.protect.iter().map(ProtectedPath::as_str).collect()
}

#[test]
fn the_example_is_the_cluster_that_it_describes() {
    let inventory = inventory(include_str!("../../inventory.example.yaml"));
    let node = |name: &str, host: &str, role, groups: &[&str], (user, privilege): (&str, _)| Node {
        name: self::name(name),
        role,
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        access: Access {
            host: host.to_owned(),
            port: 22,
            user: user.to_owned(),
            privilege,
            identity_files: vec![PathBuf::from("/home/ops/.ssh/id_ed25519")],
            known_hosts: PathBuf::from("/home/ops/.ssh/known_hosts"),
            connect_timeout: Duration::from_secs(10),
        },
        protect: ProtectedPath::always().to_vec(),
    };
    let (root, admin) = (("root", Become::None), ("admin", Become::Sudo));
    assert_eq!(
        inventory.nodes,
        [
            node("masternode", "192.168.4.63", Role::ControlPlane, &[], root),
            node("storagenodet3500", "192.168.4.61", Role::Worker, &["storage"], root),
            node("homelab", "192.168.4.62", Role::Worker, &[], admin),
        ]
    );
    assert_eq!(inventory.policy, Policy::default());
    assert_eq!(inventory.control_plane, Some(name("masternode")));
    let source = JoinSource::ControlPlane { node: name("masternode"), token_ttl: Duration::from_secs(20 * 60) };
    assert_eq!(inventory.join, Some(source));
}

#[test]
fn the_least_inventory_gets_every_default() {
    let inventory = inventory("nodes: [{name: w1}]");
    let access = &inventory.nodes[0].access;
    assert_eq!((access.host.as_str(), access.port, access.user.as_str()), ("w1", 22, "root"));
    assert_eq!((access.privilege, access.connect_timeout), (Become::None, Duration::from_secs(10)));
    let keys = ["id_ed25519", "id_ecdsa", "id_rsa"].map(|key| Path::new("/home/ops/.ssh").join(key));
    assert_eq!(access.identity_files, keys);
    assert_eq!(access.known_hosts, Path::new("/home/ops/.ssh/known_hosts"));
    assert_eq!(protected(&inventory.nodes[0]), ["/srv/media", "/mnt/media"]);
    assert_eq!((inventory.join, inventory.control_plane), (None, None));
    assert_eq!(inventory.policy, Policy::default());
}

#[test]
fn a_node_overrides_each_default() {
    let inventory = inventory(
        "defaults: {user: admin, port: 2222, identity_file: [~/a, /b], known_hosts: k, connect_timeout: 1m 30s}
policy: {parallel: 4, attempts: 1, start: gentle, ceiling: gentle, batch: 20%, canary: 1, max_failures: 0}
timeouts: {node: 30m, run: 2h}
nodes:
  - {name: w1}
  - {name: w2, user: root, port: 22, identity_file: ~/c, known_hosts: /k, connect_timeout: 5s, become: sudo}
  - {name: w3, identity_file: [], become: none}
",
    );
    let [w1, w2, w3] = [0, 1, 2].map(|i| &inventory.nodes[i].access);
    assert_eq!((w1.user.as_str(), w1.port, w1.privilege), ("admin", 2222, Become::Sudo));
    assert_eq!((w2.user.as_str(), w2.port, w2.privilege), ("root", 22, Become::Sudo));
    assert_eq!(w3.privilege, Become::None);
    assert_eq!(w1.identity_files, [Path::new("/home/ops/a"), Path::new("/b")]);
    assert_eq!(w2.identity_files, [Path::new("/home/ops/c")]);
    assert!(w3.identity_files.is_empty(), "an empty list means the agent's keys only");
    assert_eq!((w1.known_hosts.as_path(), w2.known_hosts.as_path()), (Path::new("k"), Path::new("/k")));
    assert_eq!((w1.connect_timeout, w2.connect_timeout), (Duration::from_secs(90), Duration::from_secs(5)));
    let policy = Policy {
        parallel: 4,
        attempts: 1,
        start: Level::Gentle,
        ceiling: Level::Gentle,
        batch: Share::Percent(20),
        canary: 1,
        max_failures: Share::Nodes(0),
    };
    assert_eq!(inventory.policy, policy);
    let minutes = |minutes: u64| Some(Duration::from_secs(minutes * 60));
    assert_eq!((inventory.patience.node, inventory.patience.run), (minutes(30), minutes(120)));
}

#[test]
fn a_list_of_paths_to_spare_only_ever_adds() {
    let inventory = inventory(
        "defaults: {preserve: /data}
nodes:
  - {name: w1, preserve: [/home/, /srv/media]}
  - {name: w2, preserve: []}
",
    );
    assert_eq!(protected(&inventory.nodes[0]), ["/srv/media", "/mnt/media", "/data", "/home"]);
    assert_eq!(protected(&inventory.nodes[1]), ["/srv/media", "/mnt/media", "/data"]);
}

#[test]
fn a_range_is_one_node_per_name() {
    let inventory = inventory(
        "nodes:\n  - {name: 'n[08-10]', host: '{name}.lab', groups: lab}\n  - {name: '7', host: 'fd00::7'}\n  - name: w[1-2]\n",
    );
    let hosts: Vec<_> = inventory.nodes.iter().map(|node| (node.name.as_str(), node.access.host.as_str())).collect();
    assert_eq!(
        hosts,
        [("n08", "n08.lab"), ("n09", "n09.lab"), ("n10", "n10.lab"), ("7", "fd00::7"), ("w1", "w1"), ("w2", "w2")]
    );
    assert_eq!(inventory.nodes[2].groups, ["lab"]);
}

#[test]
fn anchors_and_merges_work() {
    let inventory = inventory(
        "nodes:\n  - &base {name: w1, user: admin, port: 2222}\n  - {<<: *base, name: w2}\n  - {name: w3, user: no, port: 022}\n",
    );
    assert_eq!((inventory.nodes[1].name.as_str(), inventory.nodes[1].access.port), ("w2", 2222));
    assert_eq!((inventory.nodes[2].access.user.as_str(), inventory.nodes[2].access.port), ("no", 22));
}

#[test]
fn other_systems_text_files_are_read_too() {
    let inventory = inventory("\u{feff}# ä\r\nnodes:\r\n  - name: w1\r\n    host: 10.0.0.1\r\n");
    assert_eq!(inventory.nodes[0].access.host, "10.0.0.1");
}

/// Whatever is half typed or garbled is an inventory or a message, never a panic.
#[test]
fn no_text_is_too_broken() {
    let example = include_str!("../../inventory.example.yaml").replace('\n', "\r\n").replace("# ", "");
    for (at, c) in example.char_indices() {
        let (before, after) = example.split_at(at);
        let _ = parse("n", before, Path::new("/"));
        for slip in ["\t", "ü", "{", "]", "*", "\"", "!", "\0"] {
            if c.is_ascii_punctuation() {
                let _ = parse("n", &format!("{before}{slip}{after}"), Path::new("/")).map_err(|e| e.to_string());
            }
        }
    }
}

#[test]
fn ten_thousand_nodes_are_enough() {
    assert_eq!(inventory("nodes: [{name: 'n[1-10000]'}]").nodes.len(), 10_000);
    let error = parse("nodes.yaml", "nodes: [{name: 'n[1-9999]'}, {name: 'm[1-2]'}]", Path::new("/")).unwrap_err();
    assert!(error.to_string().contains("more than 10000 nodes"), "{error}");
}
