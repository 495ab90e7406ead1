//! The control plane of the simulated nodes: a token, what a cluster tells its kubelets, and a Node for each that has joined.

use crate::asked::{Asked, reply};
use crate::gateway::{Exec, Host};
use crate::node::{READY, SimNode, Stage};
use kfleet::parse::{SectionOutput, facts};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What was asked of it, and the nodes that it may know.
pub(crate) struct Plane {
    pub(crate) nodes: Vec<Arc<SimNode>>,
    pub(crate) logins: AtomicUsize,
    /// Tokens that live.
    pub(crate) tokens: AtomicUsize,
    pub(crate) minted: AtomicUsize,
}

impl Plane {
    pub(crate) fn new(nodes: Vec<Arc<SimNode>>) -> Self {
        Self { nodes, logins: AtomicUsize::new(0), tokens: AtomicUsize::new(0), minted: AtomicUsize::new(0) }
    }

    fn answer(&self, asked: &Asked) -> (i32, String) {
        let kind = asked.title().split(' ').next().unwrap_or_default();
        match kind {
            "token" if asked.calls("mint_token") => {
                if asked.variable("DRY_RUN").as_deref() == Some("false") {
                    self.minted.fetch_add(1, Ordering::SeqCst);
                    self.tokens.fetch_add(1, Ordering::SeqCst);
                }
                (0, join_command())
            }
            "token" if asked.calls("revoke_tokens") => {
                self.tokens.store(0, Ordering::SeqCst);
                (0, String::new())
            }
            "kubelet-config" => (0, "cgroupDriver: systemd\nfailSwapOn: true\n".to_owned()),
            "node-object" => {
                let name = asked.variable("NODE").expect("it asks for a Node by name");
                let joined = |node: &&Arc<SimNode>| node.name == name && node.log().stage == Stage::Joined;
                match self.nodes.iter().find(joined) {
                    Some(node) => (0, node.object()),
                    None => (1, format!("Error from server (NotFound): nodes \"{name}\" not found\n")),
                }
            }
            _ => panic!("the control plane does not know what {:?} asks", asked.title()),
        }
    }
}

/// With the pin of the CA that is recorded.
fn join_command() -> String {
    let (status, bytes) = READY["ClusterCa"].clone();
    let sections = BTreeMap::from([("ClusterCa", SectionOutput { bytes, status, ..SectionOutput::default() })]);
    let pin = facts(&sections).cluster_ca.known().cloned().flatten().expect("a CA was recorded");
    format!("kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash {pin}\n")
}

impl Plane {
    pub(crate) async fn run(&self, mut exec: Exec) {
        let Some(script) = exec.script().await else { return };
        let asked = Asked::new(script);
        let (status, text) = self.answer(&asked);
        if exec.say(&reply(asked.nonce(), status, text.as_bytes())).await {
            exec.end(0).await;
        }
    }
}

/// Who lives at an address.
pub(crate) enum Machine {
    Node(Arc<SimNode>),
    Plane(Arc<Plane>),
}

impl Host for Machine {
    fn greets(&self) -> bool {
        match self {
            Self::Node(node) => node.greets(),
            Self::Plane(_) => true,
        }
    }

    fn lets_in(&self) -> bool {
        match self {
            Self::Node(node) => node.lets_in(),
            Self::Plane(_) => true,
        }
    }

    fn logged_in(&self) {
        match self {
            Self::Node(node) => node.log().logins += 1,
            Self::Plane(plane) => _ = plane.logins.fetch_add(1, Ordering::SeqCst),
        }
    }

    async fn run(self: Arc<Self>, exec: Exec) {
        match &*self {
            Self::Node(node) => node.run(exec).await,
            Self::Plane(plane) => plane.run(exec).await,
        }
    }
}
