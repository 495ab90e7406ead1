//! What is asked of the control plane, over one connection for all nodes.

mod tokens;

use crate::attached::{Answer, NoAnswer, attached};
use crate::model::{ClusterDefaults, Fact, Node, NodeObject, clean};
use crate::parse::{SectionOutput, cluster_defaults, is_no_such_node, node_object, pending_requests};
use crate::plan::{
    ask_kubelet_defaults, ask_node_object, ask_pending_requests, delete_node, drain_node, uncordon_node,
};
use crate::shell::Script;
use crate::transport::Transport;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokens::{Identity, Tokens};
use tokio::sync::{Mutex, OnceCell, Semaphore};

/// The control-plane node and the connection to it, made when first needed and again when lost.
pub struct ControlPlane<T: Transport> {
    transport: Arc<T>,
    node: Node,
    run: String,
    token_ttl: Duration,
    link: Mutex<Link<T::Session>>,
    slots: Semaphore,
    tokens: Mutex<Tokens>,
    identity: Mutex<Identity>,
    defaults: OnceCell<ClusterDefaults>,
}

/// sshd allows 10 channels per connection (`MaxSessions`); a few stay free for people.
const CHANNELS: usize = 6;

/// How long a control plane that could not be reached counts as away before it is tried again.
const AWAY: Duration = Duration::from_secs(20);

const DEADLINE: Duration = Duration::from_secs(60);

impl<T: Transport> ControlPlane<T> {
    /// Not connected yet.
    pub fn new(transport: Arc<T>, node: Node, run: String, token_ttl: Duration) -> Self {
        Self {
            transport,
            node,
            run,
            token_ttl,
            link: Mutex::new(Link::Untried),
            slots: Semaphore::new(CHANNELS),
            tokens: Mutex::default(),
            identity: Mutex::default(),
            defaults: OnceCell::new(),
        }
    }

    /// The Node object called `name`, as the API server has it.
    pub async fn node_object(&self, name: &str) -> Fact<Option<NodeObject>> {
        match self.ask(&ask_node_object(&self.node, name), DEADLINE).await {
            Ok(out) => node_object(&String::from_utf8_lossy(&out.bytes), out.status),
            Err(why) => Fact::Unknown(why),
        }
    }

    /// What the cluster tells its kubelets; asked once per run, as long as there is an answer.
    pub async fn defaults(&self) -> Fact<ClusterDefaults> {
        let ask = || async {
            let out = self.answer("the cluster's kubelet configuration", &ask_kubelet_defaults(&self.node)).await?;
            Ok::<_, String>(cluster_defaults(&out))
        };
        match self.defaults.get_or_try_init(ask).await {
            Ok(defaults) => Fact::Known(defaults.clone()),
            Err(why) => Fact::Unknown(why),
        }
    }

    /// Names of the certificate requests of node `name` that nobody has decided on.
    pub async fn pending_requests(&self, name: &str) -> Result<Vec<String>, String> {
        let out = self.answer("its certificate requests", &ask_pending_requests(&self.node)).await?;
        Ok(pending_requests(&out, name))
    }

    /// Has the pods of Node `name` moved elsewhere.
    pub async fn drain(&self, name: &str, limit: Duration) -> Result<(), String> {
        let out = self.ask(&drain_node(&self.node, name, limit), limit + DEADLINE).await?;
        if out.status == 0 { Ok(()) } else { Err(format!("`kubectl drain {name}` failed: {}", last_lines(&out.bytes))) }
    }

    /// Opens Node `name` for pods again.
    pub async fn uncordon(&self, name: &str) -> Result<(), String> {
        self.answer("`kubectl uncordon`", &uncordon_node(&self.node, name)).await.map(drop)
    }

    /// Deletes the Node object called `name`, if it is still the one with this uid.
    pub async fn delete(&self, name: &str, uid: &str) -> Result<(), String> {
        let out = self.ask(&delete_node(&self.node, name, uid), DEADLINE).await?;
        if out.status == 0 || is_no_such_node(&String::from_utf8_lossy(&out.bytes)) {
            return Ok(()); // where there is none, somebody else was faster
        }
        Err(format!("Node {name} could not be deleted: {}", last_lines(&out.bytes)))
    }

    /// The text of an answer that ended well.
    async fn answer(&self, what: &str, script: &Script) -> Result<String, String> {
        let out = self.ask(script, DEADLINE).await?;
        if out.status == 0 {
            return Ok(String::from_utf8_lossy(&out.bytes).into_owned());
        }
        Err(format!("{}: {what} could not be asked: {}", self.node.name, last_lines(&out.bytes)))
    }

    /// Runs a script of one step; a lost connection is made again once.
    async fn ask(&self, script: &Script, deadline: Duration) -> Result<SectionOutput, String> {
        let _slot = self.slots.acquire().await.map_err(|e| e.to_string())?;
        let name = &self.node.name;
        for last_try in [false, true] {
            let session = self.session().await?;
            match attached(&*session, &self.node, script, deadline).await {
                Ok(Answer { mut steps }) => {
                    let out =
                        steps.remove(&0).ok_or_else(|| format!("{name}: the control plane's answer is incomplete"))?;
                    return match out.too_much {
                        Some(why) => Err(format!("{name}: the control plane {why}")),
                        None => Ok(out),
                    };
                }
                Err(NoAnswer::Lost(_)) if !last_try => self.forget(&session).await,
                Err(why) => return Err(format!("{name}: {why}")),
            }
        }
        unreachable!("the last try returns")
    }

    async fn session(&self) -> Result<Arc<T::Session>, String> {
        let mut link = self.link.lock().await;
        match &*link {
            Link::Up(session) => return Ok(Arc::clone(session)),
            Link::Away(why, since) if since.elapsed() < AWAY => return Err(why.clone()),
            Link::Untried | Link::Lost | Link::Away(..) => {}
        }
        match self.transport.connect(&self.node).await {
            Ok(session) => {
                let session = Arc::new(session);
                *link = Link::Up(Arc::clone(&session));
                Ok(session)
            }
            Err(error) => {
                let why = format!("the control plane {} cannot be asked: {error}", self.node.name);
                *link = Link::Away(why.clone(), Instant::now());
                Err(why)
            }
        }
    }

    /// Drops the connection, unless somebody has made a new one already.
    async fn forget(&self, lost: &Arc<T::Session>) {
        let mut link = self.link.lock().await;
        if matches!(&*link, Link::Up(held) if Arc::ptr_eq(held, lost)) {
            *link = Link::Lost;
        }
    }
}

/// What a tool said last, in one line: kubectl and kubeadm put what matters at the end.
fn last_lines(bytes: &[u8]) -> String {
    const LINES: usize = 3;
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<String> = text.lines().filter(|line| !line.trim().is_empty()).map(clean).collect();
    if lines.is_empty() {
        "it printed nothing".to_owned()
    } else {
        lines[lines.len().saturating_sub(LINES)..].join("; ")
    }
}

/// The connection. One that does not come about is not tried again for each of a hundred nodes in turn.
enum Link<S> {
    Untried,
    Up(Arc<S>),
    Lost,
    Away(String, Instant),
}

impl<T: Transport> std::fmt::Debug for ControlPlane<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ControlPlane({})", self.node.name)
    }
}
