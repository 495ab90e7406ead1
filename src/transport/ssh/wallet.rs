//! The keys to offer: ssh-agent's, and those in files.

use super::text::printable;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{HashAlg, PrivateKey, PublicKey, decode_secret_key};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::UnixStream;

/// One key to offer.
pub(super) enum Credential {
    /// The agent holds it and signs.
    Agent(Box<AgentIdentity>),
    /// From a file without passphrase.
    File(PathBuf, Arc<PrivateKey>),
}

impl Credential {
    /// As errors name it: where it is from, and its fingerprint.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Agent(identity) => {
                let kind = if matches!(**identity, AgentIdentity::Certificate { .. }) { "certificate" } else { "key" };
                let print = identity.public_key().fingerprint(HashAlg::Sha256);
                format!("agent {kind} `{}` ({print})", printable(identity.comment()))
            }
            Self::File(path, key) => format!("{} ({})", shown(path), key.fingerprint(HashAlg::Sha256)),
        }
    }

    /// The public key, to offer each only once. A certificate is not the plain key of which it is made.
    fn identity(&self) -> (bool, KeyData) {
        match self {
            Self::Agent(identity) => {
                let certificate = matches!(**identity, AgentIdentity::Certificate { .. });
                (certificate, identity.public_key().key_data().clone())
            }
            Self::File(_, key) => (false, key.public_key().key_data().clone()),
        }
    }
}

/// All that can be offered, and why the rest cannot.
#[derive(Default)]
pub(super) struct Wallet {
    pub(super) agent: Option<AgentClient<UnixStream>>,
    pub(super) credentials: Vec<Credential>,
    /// Keys that cannot be offered, with the reason.
    pub(super) unusable: Vec<String>,
}

impl Wallet {
    /// Collects keys in OpenSSH's order: the agent's that are also named as files, the agent's other keys, the files'.
    /// sshd counts each offer (`MaxAuthTries`, 6), so the order decides which keys get their turn.
    pub(super) async fn collect(agent: Option<&Path>, files: &[PathBuf]) -> Self {
        let mut wallet = Self::default();
        let paths = files.to_vec();
        let read = tokio::task::spawn_blocking(move || paths.into_iter().map(read_key).collect::<Vec<_>>());
        let mut named = Vec::new();
        let mut from_files = Vec::new();
        for file in read.await.unwrap_or_default() {
            named.extend(file.public.map(|key| key.key_data().clone()));
            match file.key {
                Ok(key) => from_files.push(Credential::File(file.path, Arc::new(key))),
                Err(reason) => wallet.unusable.push(format!("{}: {reason}", shown(&file.path))),
            }
        }
        match agent {
            None => wallet.unusable.push("no ssh-agent ($SSH_AUTH_SOCK is not set)".to_owned()),
            Some(socket) => match ask_agent(socket).await {
                Ok((client, identities)) => {
                    let (first, rest): (Vec<_>, Vec<_>) =
                        identities.into_iter().partition(|i| named.contains(i.public_key().key_data()));
                    wallet.credentials.extend(first.into_iter().chain(rest).map(|i| Credential::Agent(Box::new(i))));
                    wallet.agent = Some(client);
                }
                Err(reason) => wallet.unusable.push(format!("ssh-agent at {}: {reason}", shown(socket))),
            },
        }
        wallet.credentials.extend(from_files);
        let mut seen = Vec::new();
        wallet.credentials.retain(|credential| {
            let identity = credential.identity();
            let new = !seen.contains(&identity);
            seen.push(identity);
            new
        });
        wallet
    }
}

async fn ask_agent(socket: &Path) -> Result<(AgentClient<UnixStream>, Vec<AgentIdentity>), String> {
    let plain = |e: russh::keys::Error| printable(&e.to_string());
    let mut client = AgentClient::connect_uds(socket).await.map_err(plain)?;
    let identities = client.request_identities().await.map_err(plain)?;
    Ok((client, identities))
}

struct KeyFile {
    path: PathBuf,
    /// Known for an encrypted key too, where the file's format or a `.pub` file beside it tells.
    public: Option<PublicKey>,
    key: Result<PrivateKey, String>,
}

fn read_key(path: PathBuf) -> KeyFile {
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            let public = public_beside(&path);
            return KeyFile { path, public, key: Err(format!("cannot be read: {error}")) };
        }
    };
    let key = match decode_secret_key(&text, None) {
        Ok(key) => Ok(key),
        Err(russh::keys::Error::KeyIsEncrypted) => Err(encrypted(&path)),
        // PEM says so in words ("Proc-Type: 4,ENCRYPTED", "BEGIN ENCRYPTED PRIVATE KEY").
        Err(_) if text.contains("ENCRYPTED") => Err(encrypted(&path)),
        Err(_) if PublicKey::from_openssh(&text).is_ok() => Err("is a public key: name the private one".to_owned()),
        Err(error) => Err(format!("is no private key that can be used: {}", printable(&error.to_string()))),
    };
    let public = match &key {
        Ok(key) => Some(key.public_key().clone()),
        Err(_) => PrivateKey::from_openssh(&text).ok().map(|k| k.public_key().clone()).or_else(|| public_beside(&path)),
    };
    KeyFile { path, public, key }
}

fn encrypted(path: &Path) -> String {
    format!("is encrypted: add it to ssh-agent with `ssh-add {}`", super::text::typed(&path.to_string_lossy()))
}

fn public_beside(path: &Path) -> Option<PublicKey> {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PublicKey::from_openssh(&std::fs::read_to_string(name).ok()?).ok()
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}
