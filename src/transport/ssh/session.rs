//! A logged-in connection.

use super::channel::{Job, run};
use super::gate::{Ending, Gate};
use crate::model::Become;
use crate::shell::Rendered;
use crate::transport::{Session, SessionError, SpoolReader, spool};
use russh::client::Handle;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio_util::sync::DropGuard;

// Constant words, understood alike by sh, bash, zsh and fish; csh needs the variable to be set, which sshd sees to. The
// script itself goes over standard input: an argument is visible to every user of the node and ends at 128 KiB.
const AS_USER: &str = r#"exec /bin/sh -s -- "$SSH_CONNECTION""#;
const WITH_SUDO: &str = r#"exec sudo -n /bin/sh -s -- "$SSH_CONNECTION""#;

/// A connection to one node, logged in. Dropping it ends the connection and every channel on it.
pub struct SshSession {
    handle: Arc<Handle<Gate>>,
    ending: Ending,
    privilege: Become,
    /// Cuts the TCP stream when dropped.
    _cut: DropGuard,
}

impl SshSession {
    pub(super) fn new(handle: Handle<Gate>, ending: Ending, privilege: Become, cut: DropGuard) -> Self {
        Self { handle: Arc::new(handle), ending, privilege, _cut: cut }
    }
}

impl Session for SshSession {
    async fn start(&self, script: &Rendered) -> Result<SpoolReader, SessionError> {
        let (spool, reader) = spool();
        let (started, start) = oneshot::channel();
        let job = Job {
            handle: Arc::clone(&self.handle),
            ending: self.ending.clone(),
            command: match self.privilege {
                Become::None => AS_USER,
                Become::Sudo => WITH_SUDO,
            },
            script: script.real().to_owned(),
            spool,
        };
        tokio::spawn(run(job, started));
        start.await.unwrap_or_else(|_| Err(SessionError::Lost(self.ending.reason())))?;
        Ok(reader)
    }
}
