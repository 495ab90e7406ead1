//! The Node object, as `node_object` of the shell library prints it.

use super::key_value::value;
use crate::model::{Fact, NodeObject};

/// Whether kubectl says that the API server has no Node of the name: apimachinery's words for 404, unchanged since
/// Kubernetes 1.0. Of a 404 by something else than an API server kubectl says `(NotFound)` too, and names no Node: "the
/// server could not find the requested resource".
pub fn is_no_such_node(output: &str) -> bool {
    output.contains("(NotFound)") && output.contains("nodes \"")
}

/// From what the function printed (with kubectl's complaints among it) and its exit status.
pub fn node_object(output: &str, status: i32) -> Fact<Option<NodeObject>> {
    if status == 64 {
        return Fact::Unknown("the node has no kubelet.conf or no kubectl to ask with".to_owned());
    }
    if status != 0 {
        if is_no_such_node(output) {
            return Fact::Known(None);
        }
        let said = output.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing");
        return Fact::Unknown(format!("kubectl ended with status {status}: {}", crate::model::clean(said)));
    }
    let value = |key| value(output, key, '=');
    match (value("machine_id"), value("boot_id")) {
        (Some(machine_id), Some(boot_id)) if !machine_id.is_empty() => Fact::Known(Some(NodeObject {
            machine_id,
            boot_id,
            ready: value("ready").unwrap_or_default(),
            message: value("message").unwrap_or_default(),
            heartbeat: value("heartbeat").unwrap_or_default(),
            uid: value("uid").unwrap_or_default(),
            created: value("created").unwrap_or_default(),
            unschedulable: value("unschedulable").as_deref() == Some("true"),
        })),
        _ => Fact::Unknown("the Node object names no machine yet".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_there_or_is_not_or_is_not_known() {
        let there = "machine_id=abc\nboot_id=def\nready=False\nmessage=container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized\n";
        let Fact::Known(Some(node)) = node_object(there, 0) else { panic!() };
        assert_eq!((node.machine_id.as_str(), node.ready.as_str()), ("abc", "False"));
        assert!(node.waits_for_cni());
        let real = include_str!("../../tests/fixtures/kubeadm-1.20.2/node-object-waits-for-cni.txt");
        let Fact::Known(Some(node)) = node_object(real, 0) else { panic!() };
        assert_eq!((node.created.as_str(), node.heartbeat.as_str()), ("2026-11-22T22:34:42Z", "2026-11-22T22:34:52Z"));
        assert!(node.uid.starts_with("4a884fc6-") && !node.unschedulable && node.waits_for_cni());
        assert_eq!(node_object("Error from server (NotFound): nodes \"n\" not found\n", 1), Fact::Known(None));
        for (output, status) in [
            ("", 124),
            ("Unable to connect to the server", 1),
            ("Error from server (NotFound): the server could not find the requested resource", 1),
            ("machine_id=\nboot_id=\n", 0),
            ("", 0),
            ("", 64),
        ] {
            assert!(node_object(output, status).known().is_none(), "{output} {status}");
        }
    }
}
