//! What is asked of the control plane, over one connection for all nodes.

use crate::attached::{Answer, NoAnswer, attached};
use crate::model::{Fact, JoinCommand, Node, NodeObject, clean};
use crate::parse::{SectionOutput, node_object};
use crate::plan::{ask_node_object, mint_token, revoke_token};
use crate::shell::Script;
use crate::transport::Transport;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell, Semaphore};

/// The control-plane node and the connection to it, made when first needed and again when lost.
pub struct ControlPlane<T: Transport> {
    transport: Arc<T>,
    node: Node,
    token_ttl: Duration,
    link: Mutex<Link<T::Session>>,
    slots: Semaphore,
    minted: OnceCell<JoinCommand>,
}

/// sshd allows 10 channels per connection (`MaxSessions`); a few stay free for people.
const CHANNELS: usize = 6;

const DEADLINE: Duration = Duration::from_secs(60);

impl<T: Transport> ControlPlane<T> {
    /// Not connected yet.
    pub fn new(transport: Arc<T>, node: Node, token_ttl: Duration) -> Self {
        let slots = Semaphore::new(CHANNELS);
        Self { transport, node, token_ttl, link: Mutex::new(Link::Untried), slots, minted: OnceCell::new() }
    }

    /// A join command with a new token, minted once per run however many nodes ask for it.
    pub async fn join_command(&self) -> Result<JoinCommand, String> {
        self.minted.get_or_try_init(|| self.mint(false)).await.cloned()
    }

    /// What [`Self::join_command`] would give, without making a token in the cluster.
    pub async fn pretended_join_command(&self) -> Result<JoinCommand, String> {
        self.mint(true).await
    }

    /// Takes the token of this run back, where one was minted. `Err` says which token lives on, and why.
    pub async fn revoke(&self) -> Result<(), String> {
        let Some(command) = self.minted.get() else { return Ok(()) };
        let id = command.token.id();
        let why = match self.ask(&revoke_token(&self.node, id)).await {
            Ok(out) if out.status == 0 => return Ok(()),
            Ok(out) => clean(&out.bytes),
            Err(why) => why,
        };
        let minutes = self.token_ttl.as_secs() / 60;
        Err(format!(
            "the bootstrap token {id} could not be revoked and lives up to {minutes} minutes; `kubeadm token delete {id}` on {} ends it: {why}",
            self.node.name
        ))
    }

    async fn mint(&self, pretend: bool) -> Result<JoinCommand, String> {
        let name = &self.node.name;
        let out = self.ask(&mint_token(&self.node, self.token_ttl, pretend)).await?;
        let text = String::from_utf8_lossy(&out.bytes);
        let last = clean(text.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("nothing"));
        if out.status != 0 {
            return Err(format!("{name}: `kubeadm token create` ended with status {}: {last}", out.status));
        }
        let Some(line) = text.lines().rfind(|line| line.starts_with("kubeadm join ")) else {
            return Err(format!("{name}: `kubeadm token create` printed no join command, but: {last}"));
        };
        JoinCommand::parse(line).map_err(|e| format!("{name}: what `kubeadm token create` printed is {e}"))
    }

    /// The Node object called `name`, as the API server has it.
    pub async fn node_object(&self, name: &str) -> Fact<Option<NodeObject>> {
        match self.ask(&ask_node_object(&self.node, name)).await {
            Ok(out) => node_object(&String::from_utf8_lossy(&out.bytes), out.status),
            Err(why) => Fact::Unknown(why),
        }
    }

    /// Runs a script of one step; a lost connection is made again once.
    async fn ask(&self, script: &Script) -> Result<SectionOutput, String> {
        let _slot = self.slots.acquire().await.map_err(|e| e.to_string())?;
        let name = &self.node.name;
        for last_try in [false, true] {
            let session = self.session().await?;
            match attached(&*session, &self.node, script, DEADLINE).await {
                Ok(Answer { mut steps }) => {
                    return steps.remove(&0).ok_or_else(|| format!("{name}: the control plane's answer is incomplete"));
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
            Link::NeverCame(why) => return Err(why.clone()),
            Link::Untried | Link::Lost => {}
        }
        match self.transport.connect(&self.node).await {
            Ok(session) => {
                let session = Arc::new(session);
                *link = Link::Up(Arc::clone(&session));
                Ok(session)
            }
            Err(error) => {
                let why = format!("the control plane {} cannot be asked: {error}", self.node.name);
                if matches!(*link, Link::Untried) {
                    *link = Link::NeverCame(why.clone());
                }
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

/// The connection. One that did not come about at first is not tried again for each of a hundred nodes in turn.
enum Link<S> {
    Untried,
    Up(Arc<S>),
    Lost,
    NeverCame(String),
}

impl<T: Transport> std::fmt::Debug for ControlPlane<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ControlPlane({})", self.node.name)
    }
}
