//! The scripts under test, rendered for one node with one nonce.

use kfleet::model::{Access, Allow, Become, Fact, Facts, JoinCommand, Level, Node, NodeName, ProtectedPath, Role};
use kfleet::plan::{
    Count, JoinRequest, ResetRequest, ask_api, ask_boot, ask_kubelet_defaults, ask_node_object, ask_pending_requests,
    ask_phase, delete_node, drain_node, follow, halt_phase, join, launch, mint_token, probe, reset, restart_kubelet,
    restore, revoke_tokens, uncordon_node,
};
use kfleet::shell::{Nonce, Rendered};
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

pub const NONCE: &str = "000102030405060708090a0b0c0d0e0f";
pub const SECRET: &str = "0123456789abcdef";

pub fn nonce() -> Nonce {
    Nonce::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
}

pub fn node() -> Node {
    let mut protect = ProtectedPath::always().to_vec();
    protect.push(ProtectedPath::new("/data/it's $HOME").unwrap());
    Node {
        name: NodeName::new("node1").unwrap(),
        role: Role::Worker,
        groups: Vec::new(),
        access: Access {
            host: "192.168.4.61".to_owned(),
            port: 22,
            user: "root".to_owned(),
            privilege: Become::None,
            identity_files: Vec::new(),
            known_hosts: "/dev/null".into(),
            connect_timeout: Duration::from_secs(10),
        },
        protect,
    }
}

fn join_command() -> JoinCommand {
    let hash = "00".repeat(32);
    JoinCommand::parse(&format!(
        "kubeadm join 192.168.4.63:6443 --token abcdef.{SECRET} --discovery-token-ca-cert-hash sha256:{hash}"
    ))
    .unwrap()
}

/// Name and text of every script.
pub fn all() -> Vec<(&'static str, Rendered)> {
    let node = node();
    let facts = Facts {
        kubeadm_version: Fact::Known("v1.30.0".to_owned()),
        containerd_config: Fact::Known(None),
        containerd_default_config: Fact::Known("version = 2\n".to_owned()),
        ..Facts::default()
    };
    let request = |level| ResetRequest { level, run: "run1", facts: &facts, allow: Allow::default() };
    let gentle = reset(&node, &request(Level::Gentle)).unwrap();
    let aggressive = reset(&node, &request(Level::Aggressive)).unwrap();
    let reboot = reset(&node, &request(Level::Reboot)).unwrap();
    let request = JoinRequest {
        run: "run1",
        command: &join_command(),
        facts: &facts,
        allow: Allow::default(),
        limit: Duration::from_secs(900),
    };
    let join = join(&node, &request).unwrap();
    let noted = join.note("run1-1", "run1", "alice@desk", &node, &nonce());
    vec![
        ("probe", probe(&node, "run1", Count::All).render(&nonce())),
        ("reset-gentle", gentle.render(&nonce())),
        ("reset-aggressive", aggressive.render(&nonce())),
        ("restore", restore(&node, "run1", &"20260131t235959z-0a1b2c".parse().unwrap()).render(&nonce())),
        ("join", join.render(&nonce())),
        ("reboot", reboot.render(&nonce())),
        ("launch", launch(&noted, join.render(&nonce()), "1234567890-81").render(&nonce())),
        ("follow", follow("run1-1", "0b5c1a3e-9c59-4f4e-8a5d-000000000000", 4096).render(&nonce())),
        ("attach", ask_phase(&node).render(&nonce())),
        ("stop", halt_phase(&node, "run1-1", "alice@desk").render(&nonce())),
        ("boot", ask_boot(&node, "0b5c1a3e-9c59-4f4e-8a5d-000000000000", Duration::from_secs(120)).render(&nonce())),
        ("restart-kubelet", restart_kubelet(&node, "run1").render(&nonce())),
        ("mint-token", mint_token(&node, "run1", Duration::from_secs(1200), false).render(&nonce())),
        ("revoke-tokens", revoke_tokens(&node, "run1").render(&nonce())),
        ("ask-kubelet-defaults", ask_kubelet_defaults(&node).render(&nonce())),
        ("ask-pending-requests", ask_pending_requests(&node).render(&nonce())),
        ("drain-node", drain_node(&node, "node1", Duration::from_secs(300)).render(&nonce())),
        ("uncordon-node", uncordon_node(&node, "node1").render(&nonce())),
        ("delete-node", delete_node(&node, "node1", "0b5c1a3e-9c59-4f4e-8a5d-000000000000").render(&nonce())),
        ("ask-api", ask_api(&node, &join_command().endpoint, &join_command().token).render(&nonce())),
        ("ask-node-object", ask_node_object(&node, "node1").render(&nonce())),
    ]
}

/// The shells that a node's /bin/sh may be.
pub const SHELLS: [&[&str]; 4] = [&["dash"], &["bash", "--posix"], &["busybox", "sh"], &["mksh"]];

/// Runs `shell` with `arguments` and `input`.
pub fn run(shell: &[&str], arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|e| panic!("{} cannot be run ({e}); scripts/install-test-deps installs it", shell[0]));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feed = std::thread::spawn(move || {
        let _ = stdin.write_all(&input); // a shell that has ended reads no more
    });
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap();
    output
}
