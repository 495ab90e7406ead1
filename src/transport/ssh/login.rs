//! Offering keys until sshd takes one.

use super::gate::{End, Ending, Gate};
use super::text::{at, printable, typed};
use super::wallet::{Credential, Wallet};
use crate::model::Access;
use crate::transport::ConnectError;
use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg};
use russh::{MethodKind, MethodSet};
use std::sync::Arc;
use tokio::sync::OnceCell;

struct Login<'a> {
    handle: &'a mut Handle<Gate>,
    user: &'a str,
    /// The hash for RSA signatures once it was asked for: only where there is such a key, since russh may wait a second
    /// for sshd's answer.
    rsa_hash: OnceCell<Option<HashAlg>>,
    tried: Vec<String>,
}

/// Logs in with one of the wallet's keys.
pub(super) async fn login(
    handle: &mut Handle<Gate>,
    access: &Access,
    mut wallet: Wallet,
    ending: &Ending,
) -> Result<(), ConnectError> {
    bind_agent(handle, &mut wallet).await;
    let mut login = Login { handle, user: &access.user, rsa_hash: OnceCell::new(), tried: Vec::new() };
    for credential in std::mem::take(&mut wallet.credentials) {
        let name = credential.name();
        let mut only = None;
        let outcome = match login.offer(credential, &mut wallet).await {
            Ok(AuthResult::Success) => return Ok(()),
            Ok(AuthResult::Failure { remaining_methods, partial_success }) => {
                only = (!remaining_methods.contains(&MethodKind::PublicKey)).then_some(remaining_methods);
                if partial_success {
                    "taken, but sshd wants more than this key".to_owned()
                } else {
                    "refused".to_owned()
                }
            }
            Err(reason) => reason,
        };
        login.tried.push(format!("{name}: {outcome}"));
        if login.handle.is_closed() {
            return Err(cut_off(access, &login.tried, &wallet, ending));
        }
        if only.is_some() {
            return Err(refused(access, &login.tried, &wallet, only.as_ref()));
        }
    }
    Err(refused(access, &login.tried, &wallet, None))
}

/// Tells the agent which session it signs for; OpenSSH's agent hides destination-constrained keys otherwise. Other agents
/// do not know the request, and need not.
async fn bind_agent(handle: &Handle<Gate>, wallet: &mut Wallet) {
    if let (Some(agent), Some(binding)) = (&mut wallet.agent, handle.agent_session_binding()) {
        let _ = agent.bind_session(binding, false).await;
    }
}

impl Login<'_> {
    async fn offer(&mut self, credential: Credential, wallet: &mut Wallet) -> Result<AuthResult, String> {
        let words = |e: &dyn std::fmt::Display| printable(&e.to_string());
        match credential {
            Credential::File(_, key) => {
                let hash = self.hash_for(&key.algorithm()).await;
                let key = PrivateKeyWithHashAlg::new(Arc::clone(&key), hash);
                self.handle.authenticate_publickey(self.user, key).await.map_err(|e| words(&e))
            }
            Credential::Agent(identity) => {
                let hash = self.hash_for(&identity.public_key().algorithm()).await;
                let signer = wallet.agent.as_mut().ok_or("ssh-agent is gone")?;
                let result = match *identity {
                    AgentIdentity::PublicKey { key, .. } => {
                        self.handle.authenticate_publickey_with(self.user, key, hash, signer).await
                    }
                    AgentIdentity::Certificate { certificate, .. } => {
                        self.handle.authenticate_certificate_with(self.user, certificate, hash, signer).await
                    }
                };
                result.map_err(|e| format!("ssh-agent did not sign: {}", words(&e)))
            }
        }
    }

    async fn hash_for(&mut self, algorithm: &Algorithm) -> Option<HashAlg> {
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return None;
        }
        let handle = &*self.handle;
        let ask = || async move {
            // A server that does not say which it takes gets SHA-512 rather than SHA-1, which no current one takes.
            handle.best_supported_rsa_hash().await.ok().flatten().unwrap_or(Some(HashAlg::Sha512))
        };
        *self.rsa_hash.get_or_init(ask).await
    }
}

/// The connection ended while keys were offered: sshd had enough of them, or the network broke.
fn cut_off(access: &Access, tried: &[String], wallet: &Wallet, ending: &Ending) -> ConnectError {
    match ending.get() {
        Some(End::Said(words)) => ConnectError::Login(format!(
            "sshd on {} ended the login of user {}: {words}; {}; offer fewer keys: take others out of ssh-agent, or put the \
             right key's file first among the node's identity files",
            at(access),
            printable(&access.user),
            list(tried, wallet)
        )),
        _ => ConnectError::Unreachable(format!(
            "the connection to {} broke while logging in as {}: {}",
            at(access),
            printable(&access.user),
            ending.reason()
        )),
    }
}

fn refused(access: &Access, tried: &[String], wallet: &Wallet, only: Option<&MethodSet>) -> ConnectError {
    let (host, user) = (at(access), printable(&access.user));
    let list = list(tried, wallet);
    ConnectError::Login(match only {
        _ if tried.is_empty() => format!(
            "there is no key to log in to {host} as {user} with; {list}; add one to ssh-agent with `ssh-add KEY`, or name its \
             file as the node's identity_file"
        ),
        Some(methods) => {
            let methods: Vec<&str> = methods.iter().map(<&str>::from).collect();
            let methods = if methods.is_empty() { "nothing".to_owned() } else { methods.join(", ") };
            format!(
                "sshd on {host} does not let {user} in with a key alone (it still offers: {methods}); {list}; allow it there with \
                 `PubkeyAuthentication yes` and no `AuthenticationMethods` beyond publickey"
            )
        }
        None => format!(
            "sshd on {host} took no key for user {user}; {list}; put one on the node with `{}`",
            copy_id(access)
        ),
    })
}

fn list(tried: &[String], wallet: &Wallet) -> String {
    let all: Vec<&str> = tried.iter().chain(&wallet.unusable).map(String::as_str).collect();
    format!("tried: {}", all.join("; "))
}

fn copy_id(access: &Access) -> String {
    let key = access.identity_files.iter().find(|path| path.exists());
    let key = key.map(|path| format!("-i {} ", typed(&path.to_string_lossy()))).unwrap_or_default();
    let target = typed(&format!("{}@{}", access.user, access.host));
    format!("ssh-copy-id {key}-p {} {target}", access.port)
}
