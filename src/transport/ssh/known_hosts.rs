//! `known_hosts`: which keys a host may show. Pure: text in, verdict out.
//!
//! Follows "`SSH_KNOWN_HOSTS` FILE FORMAT" in sshd(8) and OpenSSH's hostfile.c. russh's own checker is not used: it takes
//! revoked keys for good ones, compares `node*` literally, gives up at one bad line and reports a changed key where a
//! host has two keys of one type. Stricter than OpenSSH in two things: a key recorded for a bare name does not hold at
//! other ports, and `@revoked` holds also where a tab follows it (OpenSSH 9.2 skips that line).

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, PublicKey};
use sha1::Sha1;

/// What the file says about a key that a host offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The very key is recorded for the host.
    Trusted,
    /// The key is marked `@revoked` for the host. Wins over all else.
    Revoked {
        /// Where.
        line: usize,
    },
    /// Other keys of the same type are recorded, this one is not.
    Changed {
        /// Where they are recorded.
        lines: Vec<usize>,
    },
    /// No key of this type is recorded.
    Unknown {
        /// Keys of other types recorded for the host: line and type.
        others: Vec<(usize, Algorithm)>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    Revoked,
    CertAuthority,
}

struct Entry {
    line: usize,
    revoked: bool,
    key: KeyData,
}

/// The lines of a `known_hosts` file that speak of one host.
#[derive(Default)]
pub(super) struct Records {
    entries: Vec<Entry>,
    notes: Vec<String>,
}

/// The name under which a host is recorded: bare at port 22, `[host]:port` at any other; lower case, as ssh does it.
pub(super) fn recorded_name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

impl Records {
    /// Picks the lines for `host` and `port` out of the file's text. A line that cannot be read is skipped and noted.
    pub(super) fn find(text: &str, host: &str, port: u16) -> Self {
        let name = recorded_name(host, port);
        let mut records = Self::default();
        for (line, content) in (1..).zip(text.lines()) {
            match parse(content, &name) {
                Ok(None) => {}
                Ok(Some((Mark::CertAuthority, _))) => {
                    records.notes.push(format!("line {line} names a certificate authority, which kfleet does not use"));
                }
                Ok(Some((mark, key))) => {
                    records.entries.push(Entry { line, revoked: mark == Mark::Revoked, key });
                }
                Err(reason) => records.notes.push(format!("line {line} was skipped: {reason}")),
            }
        }
        records
    }

    /// What to think of `offered`.
    pub(super) fn verdict(&self, offered: &KeyData) -> Verdict {
        if let Some(entry) = self.entries.iter().find(|e| e.revoked && e.key == *offered) {
            return Verdict::Revoked { line: entry.line };
        }
        let (same, others): (Vec<&Entry>, Vec<&Entry>) =
            self.entries.iter().filter(|e| !e.revoked).partition(|e| e.key.algorithm() == offered.algorithm());
        if same.iter().any(|e| e.key == *offered) {
            Verdict::Trusted
        } else if same.is_empty() {
            Verdict::Unknown { others: others.iter().map(|e| (e.line, e.key.algorithm())).collect() }
        } else {
            Verdict::Changed { lines: same.iter().map(|e| e.line).collect() }
        }
    }

    /// Whether a key of this type is recorded, whatever the hash of an RSA signature.
    pub(super) fn has(&self, algorithm: &Algorithm) -> bool {
        let same = |key: &KeyData| match (key.algorithm(), algorithm) {
            (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
            (recorded, asked) => recorded == *asked,
        };
        self.entries.iter().any(|e| !e.revoked && same(&e.key))
    }

    /// Lines that were skipped, and why.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// One line: its mark and key where it speaks of `name`.
fn parse(line: &str, name: &str) -> Result<Option<(Mark, KeyData)>, String> {
    let mut rest = line.trim();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(None);
    }
    let mut mark = Mark::None;
    if rest.starts_with('@') {
        let (word, after) = split_word(rest);
        mark = match word {
            "@revoked" => Mark::Revoked,
            "@cert-authority" => Mark::CertAuthority,
            _ => return Err("it begins with a marker that ssh does not know".to_owned()),
        };
        rest = after;
    }
    let (hosts, rest) = split_word(rest);
    let (kind, rest) = split_word(rest);
    let (base64, _comment) = split_word(rest);
    if base64.is_empty() {
        return Err("it is not of the form `host type key`".to_owned());
    }
    if !covers(hosts, name)? {
        return Ok(None);
    }
    let key = PublicKey::from_openssh(&format!("{kind} {base64}")).map_err(|e| format!("its key is not valid: {e}"))?;
    Ok(Some((mark, key.key_data().clone())))
}

fn split_word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// Whether the first field of a line covers `name`.
fn covers(hosts: &str, name: &str) -> Result<bool, String> {
    if !hosts.starts_with('|') {
        return Ok(listed(hosts, name));
    }
    let fields: Vec<&str> = hosts.split('|').collect();
    let malformed = || "its hashed name is malformed".to_owned();
    let ["", "1", salt, hash] = fields[..] else { return Err(malformed()) };
    let decode = |text: &str| data_encoding::BASE64.decode(text.as_bytes()).map_err(|_| malformed());
    let (salt, hash) = (decode(salt)?, decode(hash)?);
    let mut mac = Hmac::<Sha1>::new_from_slice(&salt).map_err(|_| malformed())?;
    mac.update(name.as_bytes());
    Ok(mac.verify_slice(&hash).is_ok())
}

/// A comma list of patterns; one that begins with `!` excludes what it matches, wherever it stands.
fn listed(hosts: &str, name: &str) -> bool {
    let mut found = false;
    for pattern in hosts.split(',') {
        let (negated, pattern) = pattern.strip_prefix('!').map_or((false, pattern), |p| (true, p));
        if glob(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes()) {
            if negated {
                return false;
            }
            found = true;
        }
    }
    found
}

/// `*` any run of bytes, `?` any one; brackets are plain, since `[host]:port` is written with them.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == b'?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                // Let the last star take one byte more.
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests;
