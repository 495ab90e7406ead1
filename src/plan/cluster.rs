//! What is asked of a control plane: scripts of one step.

use crate::model::Node;
use crate::shell::{Fragment, Need, Script, Word};
use std::time::Duration;

const NODE_OBJECT: &str = include_str!("sh/node_object.sh");

fn ask(node: &Node, what: &str) -> Script {
    Script::new(&format!("kfleet {} {what} node={}", env!("CARGO_PKG_VERSION"), node.name)).answers()
}

/// A new bootstrap token, printed as a join command; with `pretend` kubeadm makes none in the cluster.
pub fn mint_token(node: &Node, ttl: Duration, pretend: bool) -> Script {
    let ttl = Word::new(crate::shell::go_seconds(ttl));
    let create = Fragment::new(MINT).var("TTL", ttl).var("DRY_RUN", Word::new(if pretend { "true" } else { "false" }));
    ask(node, "token").step(Need::Required, create)
}

const MINT: &str = r#"timeout -k 5 50 kubeadm --kubeconfig /etc/kubernetes/admin.conf token create --dry-run="$DRY_RUN" --ttl "$TTL" --print-join-command"#;

/// Takes a token back: `id` is its public half. A token that is gone already is fine.
pub fn revoke_token(node: &Node, id: &str) -> Script {
    let delete = Fragment::new(REVOKE).var("TOKEN", Word::new(id));
    ask(node, "token").step(Need::Required, delete)
}

const REVOKE: &str = r#"timeout -k 5 50 kubeadm --kubeconfig /etc/kubernetes/admin.conf token delete "$TOKEN""#;

/// The Node object called `name`.
pub fn ask_node_object(node: &Node, name: &str) -> Script {
    let get = Fragment::new(r#"node_object /etc/kubernetes/admin.conf "$NODE""#).var("NODE", Word::new(name));
    ask(node, "node-object").library(NODE_OBJECT).step(Need::Required, get)
}
