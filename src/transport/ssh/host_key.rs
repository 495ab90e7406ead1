//! Whether the machine that answered is the node: `known_hosts` read, the key judged, and what people are told.

use super::known_hosts::{Records, Verdict, recorded_name};
use super::text::{at, printable, typed};
use crate::model::Access;
use crate::transport::ConnectError;
use russh::Preferred;
use russh::keys::{Algorithm, HashAlg, PublicKey};

/// The records of one host, with all that an error about them must say.
pub(super) struct HostKeys {
    records: Records,
    access: Access,
}

impl HostKeys {
    /// Reads the node's `known_hosts` file. Without a readable file nothing can be trusted, so that is an error of its own.
    pub(super) async fn read(access: &Access) -> Result<Self, ConnectError> {
        let path = access.known_hosts.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
        let bytes = match read {
            Ok(read) => read.map_err(|e| e.to_string()),
            Err(panic) => Err(panic.to_string()),
        };
        let bytes = bytes.map_err(|e| ConnectError::Local(no_file(access, &e)))?;
        // A byte that is no UTF-8 spoils its own line only.
        let records = Records::find(&String::from_utf8_lossy(&bytes), &access.host, access.port);
        Ok(Self { records, access: access.clone() })
    }

    /// The algorithms to ask for, those of recorded keys first: a host recorded by its RSA key only would otherwise show
    /// an unrecorded one. OpenSSH's `order_hostkeyalgs` does the same.
    pub(super) fn preferred(&self) -> Preferred {
        let (mut first, rest): (Vec<Algorithm>, Vec<Algorithm>) =
            Preferred::DEFAULT.key.iter().cloned().partition(|a| self.records.has(a));
        first.extend(rest);
        Preferred { key: first.into(), ..Preferred::DEFAULT }
    }

    /// `Ok` only for a key that is recorded and not revoked.
    pub(super) fn check(&self, offered: &PublicKey) -> Result<(), String> {
        let text = match self.records.verdict(offered.key_data()) {
            Verdict::Trusted => return Ok(()),
            Verdict::Revoked { line } => self.revoked(offered, line),
            Verdict::Changed { lines } => self.changed(offered, &lines),
            Verdict::Unknown { others } => self.unknown(offered, &others),
        };
        let notes = self.records.notes();
        Err(if notes.is_empty() { text } else { format!("{text} (in {}: {})", self.file(), notes.join("; ")) })
    }

    /// For a server that shows a certificate instead of a key.
    pub(super) fn certificate(&self) -> String {
        format!("{} showed a host certificate, which kfleet does not ask for nor trust", at(&self.access))
    }

    fn file(&self) -> String {
        printable(&self.access.known_hosts.to_string_lossy())
    }

    fn revoked(&self, offered: &PublicKey, line: usize) -> String {
        format!(
            "{} offered the {}, which {} line {line} marks as revoked; kfleet will not log in: give the node a new host key",
            at(&self.access),
            shown(offered),
            self.file()
        )
    }

    fn changed(&self, offered: &PublicKey, lines: &[usize]) -> String {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let access = &self.access;
        format!(
            "the host key of {} has changed: it offered the {}, but {} line {} records another key of that type; either the \
             node was reinstalled or someone intercepts the connection; {}, remove the old key with `ssh-keygen -R {} -f {}` \
             and add the new one with `{}`",
            at(access),
            shown(offered),
            self.file(),
            lines.join(", "),
            verify(offered),
            typed(&recorded_name(&access.host, access.port)),
            typed(&access.known_hosts.to_string_lossy()),
            scan(access, Some(offered))
        )
    }

    fn unknown(&self, offered: &PublicKey, others: &[(usize, Algorithm)]) -> String {
        let others: Vec<String> = others.iter().map(|(line, kind)| format!("{kind} in line {line}")).collect();
        let has = if others.is_empty() {
            format!("has no entry for {}", recorded_name(&self.access.host, self.access.port))
        } else {
            format!("only has keys of other types for it ({})", others.join(", "))
        };
        format!(
            "the host key of {} is not known: it offered the {}, and {} {has}; {}, then add it with `{}`",
            at(&self.access),
            shown(offered),
            self.file(),
            verify(offered),
            scan(&self.access, Some(offered))
        )
    }
}

fn no_file(access: &Access, error: &str) -> String {
    format!(
        "the known_hosts file {} cannot be read ({error}), so the host key of {} cannot be checked; make it with `{}` and \
         compare each key's fingerprint with the node's console: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`",
        printable(&access.known_hosts.to_string_lossy()),
        at(access),
        scan(access, None)
    )
}

fn shown(key: &PublicKey) -> String {
    format!("{} key {}", printable(key.algorithm().as_str()), key.fingerprint(HashAlg::Sha256))
}

/// sshd's name for a type of key, as in `ssh_host_TYPE_key.pub` and `ssh-keyscan -t TYPE`.
fn short(key: &PublicKey) -> &'static str {
    match key.algorithm() {
        Algorithm::Rsa { .. } => "rsa",
        Algorithm::Ecdsa { .. } => "ecdsa",
        _ => "ed25519",
    }
}

fn verify(key: &PublicKey) -> String {
    format!(
        "compare that fingerprint with what `ssh-keygen -lf /etc/ssh/ssh_host_{}_key.pub` says on the node's console",
        short(key)
    )
}

fn scan(access: &Access, key: Option<&PublicKey>) -> String {
    let kind = key.map(|key| format!("-t {} ", short(key))).unwrap_or_default();
    format!(
        "ssh-keyscan {kind}-p {} {} >> {}",
        access.port,
        typed(&access.host),
        typed(&access.known_hosts.to_string_lossy())
    )
}
