//! What is asked of a control plane: scripts of one step.

use crate::model::Node;
use crate::shell::{Fragment, Need, Script, Word};
use std::time::Duration;

const LIBRARY: [&str; 3] =
    [include_str!("sh/common.sh"), include_str!("sh/control.sh"), include_str!("sh/node_object.sh")];

fn ask(node: &Node, what: &str, step: Fragment) -> Script {
    let title = format!("kfleet {} {what} node={}", env!("CARGO_PKG_VERSION"), node.name);
    let script = LIBRARY.into_iter().fold(Script::new(&title).answers(), Script::library);
    script.step(Need::Optional, step)
}

/// How a token of `run` is described in the cluster.
fn description(run: &str) -> Word {
    Word::new(format!("kfleet {run}"))
}

/// A new bootstrap token, printed as a join command; with `pretend` kubeadm makes none in the cluster.
pub fn mint_token(node: &Node, run: &str, ttl: Duration, pretend: bool) -> Script {
    let create = Fragment::new("mint_token")
        .var("TTL", Word::new(crate::shell::go_seconds(ttl)))
        .var("DESCRIPTION", description(run))
        .var("DRY_RUN", Word::new(if pretend { "true" } else { "false" }));
    ask(node, "token", create)
}

/// Takes all tokens of `run` back.
pub fn revoke_tokens(node: &Node, run: &str) -> Script {
    ask(node, "token", Fragment::new("revoke_tokens").var("DESCRIPTION", description(run)))
}

/// The Node object called `name`.
pub fn ask_node_object(node: &Node, name: &str) -> Script {
    ask(node, "node-object", Fragment::new("node_object \"$ADMIN\" \"$NODE\"").var("NODE", Word::new(name)))
}

/// `cgroupDriver` and `failSwapOn` of the kubelet configuration that the cluster gives to its nodes.
pub fn ask_kubelet_defaults(node: &Node) -> Script {
    ask(node, "kubelet-config", Fragment::new("kubelet_defaults"))
}

/// Certificate requests without a decision: name, user, PKCS#10 in PEM in base64, conditions.
pub fn ask_pending_requests(node: &Node) -> Script {
    ask(node, "csr", Fragment::new("pending_requests"))
}

/// Has the Node's pods moved elsewhere, within `limit`.
pub fn drain_node(node: &Node, name: &str, limit: Duration) -> Script {
    let drain = Fragment::new("drain_node")
        .var("NODE", Word::new(name))
        .var("DRAIN_SECONDS", Word::number(limit.as_secs().max(1)));
    ask(node, "drain", drain)
}

/// Opens a Node that was drained for pods again.
pub fn uncordon_node(node: &Node, name: &str) -> Script {
    ask(node, "uncordon", Fragment::new("control uncordon \"$NODE\"").var("NODE", Word::new(name)))
}

/// Deletes the Node object called `name` that has this uid, and no other.
pub fn delete_node(node: &Node, name: &str, uid: &str) -> Script {
    let delete = Fragment::new("delete_node").var("NODE", Word::new(name)).var("UID_WANTED", Word::new(uid));
    ask(node, "node-object", delete)
}
