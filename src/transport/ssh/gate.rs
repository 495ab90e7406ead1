//! The client's half of russh: it judges the host key and remembers why a connection ended.

use super::host_key::HostKeys;
use super::text::printable;
use russh::client::{DisconnectReason, Handler};
use russh::keys::PublicKeyOrCertificate;
use std::sync::{Arc, Mutex, PoisonError};

/// Why a connection ended, once it has.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending(Arc<Mutex<Option<End>>>);

/// Who ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// sshd, with these words.
    Said(String),
    /// The network, or silence.
    Broke(String),
}

impl Ending {
    pub(super) fn get(&self) -> Option<End> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// In words, also where nothing was said: russh tells nothing where shutting the socket fails.
    pub(super) fn reason(&self) -> String {
        match self.get() {
            Some(End::Said(words)) => format!("sshd ended the connection: {words}"),
            Some(End::Broke(how)) => how,
            None => "the connection was closed and no reason given".to_owned(),
        }
    }

    fn set(&self, end: End) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
    }
}

/// What can go wrong inside russh's session task.
#[derive(Debug)]
pub(super) enum GateError {
    /// The host key was refused, in words for people.
    HostKey(String),
    /// All else.
    Ssh(russh::Error),
}

impl From<russh::Error> for GateError {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

/// The handler of one connection.
pub(super) struct Gate {
    host_keys: HostKeys,
    ending: Ending,
}

impl Gate {
    pub(super) fn new(host_keys: HostKeys, ending: Ending) -> Self {
        Self { host_keys, ending }
    }
}

impl Handler for Gate {
    type Error = GateError;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, GateError> {
        match offered {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                self.host_keys.check(key).map(|()| true).map_err(GateError::HostKey)
            }
            // Not asked for, so no honest server sends one.
            PublicKeyOrCertificate::Certificate(_) => Err(GateError::HostKey(self.host_keys.certificate())),
        }
    }

    async fn disconnected(&mut self, reason: DisconnectReason<GateError>) -> Result<(), GateError> {
        match reason {
            DisconnectReason::ReceivedDisconnect(said) => {
                self.ending.set(End::Said(printable(&said.message)));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                self.ending.set(End::Broke(in_words(&error)));
                Err(error)
            }
        }
    }
}

/// A failure of the session, for people.
pub(super) fn in_words(error: &GateError) -> String {
    match error {
        GateError::HostKey(text) => text.clone(),
        GateError::Ssh(russh::Error::KeepaliveTimeout) => "the node stopped answering keepalives".to_owned(),
        GateError::Ssh(russh::Error::InactivityTimeout) => "the node fell silent".to_owned(),
        GateError::Ssh(russh::Error::Disconnect | russh::Error::HUP) => "sshd closed the connection".to_owned(),
        GateError::Ssh(russh::Error::IO(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            "sshd closed the connection".to_owned()
        }
        GateError::Ssh(error) => printable(&error.to_string()),
    }
}
