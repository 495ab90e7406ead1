//! The stand-alone script, run on the nodes themselves as from their consoles.

use crate::bed::Bed;
use std::process::Output;

const SCRIPT: &str = include_str!("../../scripts/enhanced_kubeadm_join.sh");

/// Runs the script on a node; its exit code and what it printed.
fn run(bed: &Bed, node: &str, command: &str) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = bed.on(node, "/bin/sh /root/join.sh \"$0\"", &[command]);
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

pub fn joins(bed: &Bed) {
    let nodes = ["node1", "node2", "node3"];
    bed.fresh(&nodes);
    for node in nodes {
        bed.plant(node, "media");
        // in pieces, as one argument may not be that long
        let text: Vec<char> = SCRIPT.chars().collect();
        for (n, piece) in text.chunks(60_000).enumerate() {
            let piece: String = piece.iter().collect();
            let line = if n == 0 { "printf %s \"$0\" >/root/join.sh" } else { "printf %s \"$0\" >>/root/join.sh" };
            assert!(bed.on(node, line, &[&piece]).status.success(), "the script cannot be put on {node}");
        }
    }
    bed.plant("node2", "half-joined");
    bed.plant("node3", "corrupt-containerd");
    let before: Vec<String> = nodes.iter().map(|n| bed.media(n)).collect();
    let command = bed.join_command();

    // A token that nobody made, on a machine that does not forward packets: both are told, and nothing is tried.
    let token = command.split("--token ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a token");
    bed.plant("node1", "no-ip-forward");
    let (code, said) = run(bed, "node1", &command.replace(token, "nosuch.0123456789abcdef"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does not know the token nosuch ") && said.contains("net.ipv4.ip_forward is 0"), "{said}");
    assert!(!said.contains("attempt") && !said.contains("reset: "), "{said}");
    bed.see("node1", "echo 1 >/proc/sys/net/ipv4/ip_forward");

    // Another cluster's hash: no reset can help. The token is never shown.
    let (good, hash) = command.rsplit_once("sha256:").expect("it has a hash");
    let other: String = hash.chars().map(|c| if c == '0' { '1' } else { '0' }).collect();
    let (code, said) = run(bed, "node1", &format!("{good}sha256:{other}"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does not belong to the cluster of the hash") && !said.contains("reset: "), "{said}");

    for (node, attempts, levels) in [
        ("node1", "after 1 attempt:", &[][..]),
        ("node2", "after 1 attempt:", &["reset: gentle\n"][..]),
        ("node3", "after 3 attempts:", &["reset: gentle\n", "reset: aggressive\n"]),
    ] {
        let (code, said) = run(bed, node, &command);
        assert_eq!(code, Some(0), "{node}: {said}");
        assert!(said.contains(attempts) && said.matches("reset: ").count() == levels.len(), "{node}: {said}");
        assert!(levels.iter().all(|level| said.contains(level)), "{node}: {said}");
        assert!(bed.nodes().contains(&node.to_owned()), "the API server has no {node}");
        let secret = &token[7..];
        assert!(!said.contains(secret), "the token is shown: {said}");
        let left =
            format!("grep -rl {secret} /run/kfleet /var/lib/kfleet; ls /run/kfleet | grep -v -e '\\.out$' -e firewall");
        assert_eq!(bed.see(node, &format!("{left}; true")), "", "something is left on {node}");
        let (code, said) = run(bed, node, &command);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("nothing to do: "), "{said}");
    }
    let after: Vec<String> = nodes.iter().map(|n| bed.media(n)).collect();
    assert_eq!(before, after, "media changed");
}
