//! SSH by russh. No other module names russh.

mod channel;
mod cut;
mod dial;
mod gate;
mod host_key;
mod known_hosts;
mod login;
mod session;
mod text;
mod wallet;

pub use session::SshSession;

use self::cut::Cut;
use self::dial::{dial, rounded};
use self::gate::{Ending, Gate, GateError, in_words};
use self::host_key::HostKeys;
use self::text::at;
use self::wallet::Wallet;
use super::{ConnectError, Transport};
use crate::model::{Access, Node};
use russh::client::{Config, connect_stream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// Silence after which the node is asked whether it is still there.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// Unanswered questions after which the connection counts as lost.
pub const KEEPALIVE_MAX: usize = 3;

/// What is the same for all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// See [`KEEPALIVE_INTERVAL`].
    pub keepalive_interval: Duration,
    /// See [`KEEPALIVE_MAX`].
    pub keepalive_max: usize,
    /// The socket of ssh-agent.
    pub agent: Option<PathBuf>,
}

impl Default for Settings {
    /// Without an agent.
    fn default() -> Self {
        Self { keepalive_interval: KEEPALIVE_INTERVAL, keepalive_max: KEEPALIVE_MAX, agent: None }
    }
}

impl Settings {
    /// With the agent of `$SSH_AUTH_SOCK`.
    pub fn from_env() -> Self {
        let agent = std::env::var_os("SSH_AUTH_SOCK").filter(|socket| !socket.is_empty()).map(PathBuf::from);
        Self { agent, ..Self::default() }
    }
}

/// Connects to nodes with SSH: keys only, host keys checked strictly.
#[derive(Clone, Debug, Default)]
pub struct SshTransport {
    settings: Settings,
}

impl SshTransport {
    /// A transport with these settings.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    fn config(&self, access: &Access, host_keys: &HostKeys) -> Config {
        let Settings { keepalive_interval, keepalive_max, .. } = self.settings;
        // Bounds what keepalives do not: a handshake that hangs, a write that stalls. Longer than keepalives need, so
        // that a silent but healthy command lives on.
        let patience = keepalive_interval * u32::try_from(keepalive_max + 2).unwrap_or(u32::MAX);
        Config {
            inactivity_timeout: Some(patience.max(access.connect_timeout)),
            keepalive_interval: Some(keepalive_interval),
            keepalive_max,
            nodelay: true,
            preferred: host_keys.preferred(),
            ..Config::default()
        }
    }

    async fn establish(&self, access: &Access, deadline: Instant, stage: &Stage) -> Result<SshSession, ConnectError> {
        let host_keys = HostKeys::read(access).await?;
        let config = Arc::new(self.config(access, &host_keys));
        let stream = dial(access, deadline).await?;

        stage.set("it took the TCP connection, but the SSH handshake did not end; is that port sshd's?");
        let token = CancellationToken::new();
        let cut = token.clone().drop_guard();
        let ending = Ending::default();
        let gate = Gate::new(host_keys, ending.clone());
        let mut handle =
            connect_stream(config, Cut::new(stream, token), gate).await.map_err(|e| no_handshake(access, &e))?;

        stage.set("its host key is good, but ssh-agent did not list its keys");
        let wallet = Wallet::collect(self.settings.agent.as_deref(), &access.identity_files).await;
        stage.set("its host key is good, but the login did not end; does ssh-agent wait for a confirmation?");
        login::login(&mut handle, access, wallet, &ending).await?;
        Ok(SshSession::new(handle, ending, access.privilege, cut))
    }
}

impl Transport for SshTransport {
    type Session = SshSession;

    async fn connect(&self, node: &Node) -> Result<SshSession, ConnectError> {
        let access = &node.access;
        let stage = Stage::new("no TCP connection came about");
        let deadline = Instant::now() + access.connect_timeout;
        // A future that is dropped here takes the stream's guard with it, so no half-made connection stays behind.
        timeout_at(deadline, self.establish(access, deadline, &stage)).await.unwrap_or_else(|_| {
            let limit = rounded(access.connect_timeout);
            Err(ConnectError::Unreachable(format!("{} was not ready within {limit}: {}", at(access), stage.get())))
        })
    }
}

/// How far a connect has come, for the error where its time runs out.
struct Stage(Mutex<&'static str>);

impl Stage {
    fn new(text: &'static str) -> Self {
        Self(Mutex::new(text))
    }

    fn set(&self, text: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    fn get(&self) -> &'static str {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_handshake(access: &Access, error: &GateError) -> ConnectError {
    match error {
        GateError::HostKey(text) => ConnectError::HostKey(text.clone()),
        GateError::Ssh(_) => ConnectError::Unreachable(format!(
            "{} took the TCP connection, but no SSH handshake came about: {}; see the log of sshd on the node",
            at(access),
            in_words(error)
        )),
    }
}
