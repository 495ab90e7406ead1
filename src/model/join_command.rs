//! `kubeadm join …` as a value. What a user pastes or a control plane prints is parsed into this and rebuilt from it;
//! the text itself never reaches a shell.

use std::fmt;

/// A bootstrap token, `[a-z0-9]{6}.[a-z0-9]{16}`. Its second half is the secret: `Debug` and `Display` hide it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The whole token. Only for words marked secret.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The public half, which names the token in the cluster.
    pub fn id(&self) -> &str {
        &self.0[..6]
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.****************", self.id())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `host:port` of an API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// As kubeadm takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A worker's join command. Grammar and checks: kubeadm's `join` command and its bootstrap-token and CA-pin formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinCommand {
    /// Where the API server is.
    pub endpoint: Endpoint,
    /// For discovery and TLS bootstrap.
    pub token: Token,
    /// `sha256:<64 hex>` of the cluster CA's public key; at least one.
    pub ca_hashes: Vec<String>,
    /// `--node-name`, where the hostname is not to be used.
    pub node_name: Option<String>,
    /// `--cri-socket`.
    pub cri_socket: Option<String>,
    /// Names for `--ignore-preflight-errors`.
    pub ignore_preflight_errors: Vec<String>,
}

/// Why a text is no worker's join command. The token is never repeated in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a worker's join command: {0}")]
pub struct InvalidJoinCommand(pub String);

fn invalid<T>(why: impl Into<String>) -> Result<T, InvalidJoinCommand> {
    Err(InvalidJoinCommand(mask_tokens(&why.into())))
}

/// A token in the wrong place is a token all the same.
fn mask_tokens(text: &str) -> String {
    let of_token = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.';
    let mut masked = text.to_owned();
    for word in text.split(|c| !of_token(c)).filter(|word| has_token_form(word)) {
        masked = masked.replace(word, &Token(word.to_owned()).to_string());
    }
    masked
}

impl JoinCommand {
    /// Whether both pin the CA of one cluster.
    pub fn same_cluster(&self, other: &Self) -> bool {
        self.ca_hashes.iter().any(|pin| other.ca_hashes.iter().any(|other| pin.eq_ignore_ascii_case(other)))
    }

    /// Parses what `kubeadm token create --print-join-command` prints or a user pastes (a leading `sudo` and
    /// backslash-newline continuations are fine).
    pub fn parse(text: &str) -> Result<Self, InvalidJoinCommand> {
        let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
        let text = joined.trim();
        if let Some(c) = text.chars().find(|c| !is_plain(*c)) {
            return invalid(format!("it contains {c:?}, which a join command never needs and a shell would act on"));
        }
        let mut words = text.split_whitespace();
        let mut word = words.next();
        if word == Some("sudo") {
            word = words.next();
        }
        if !word.is_some_and(|w| w == "kubeadm" || w.ends_with("/kubeadm")) || words.next() != Some("join") {
            return invalid("it must begin with `kubeadm join`");
        }
        let mut draft = Draft::default();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else {
                draft.endpoint(word)?;
                continue;
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (flag, None),
            };
            check_flag(name)?;
            let Some(value) = value.or_else(|| words.next()) else {
                return invalid(format!("`--{name}` has no value"));
            };
            draft.flag(name, value)?;
        }
        draft.finish()
    }
}

/// All that can occur in endpoints, tokens, hashes, names and socket paths.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, ' ' | '\t' | '\r' | '\n' | '-' | '_' | '.' | ':' | '/' | '=' | ',' | '[' | ']')
}

fn check_flag(name: &str) -> Result<(), InvalidJoinCommand> {
    match name {
        "token" | "discovery-token-ca-cert-hash" | "node-name" | "cri-socket" | "ignore-preflight-errors" | "v" => {
            Ok(())
        }
        "control-plane" | "experimental-control-plane" | "certificate-key" | "apiserver-advertise-address" => {
            invalid(format!("`--{name}` makes a control-plane node, and kfleet joins workers only"))
        }
        "discovery-token-unsafe-skip-ca-verification" => {
            invalid(format!("`--{name}` would trust any API server; give --discovery-token-ca-cert-hash instead"))
        }
        other => invalid(format!(
            "`--{other}` is not supported; kfleet passes on the endpoint, --token, --discovery-token-ca-cert-hash, --node-name, --cri-socket and --ignore-preflight-errors"
        )),
    }
}

#[derive(Default)]
struct Draft {
    endpoint: Option<Endpoint>,
    token: Option<Token>,
    ca_hashes: Vec<String>,
    node_name: Option<String>,
    cri_socket: Option<String>,
    ignore_preflight_errors: Vec<String>,
}

impl Draft {
    fn endpoint(&mut self, word: &str) -> Result<(), InvalidJoinCommand> {
        if self.endpoint.is_some() {
            return invalid(format!("`{word}` is a second endpoint"));
        }
        let ok = word.rsplit_once(':').is_some_and(|(host, port)| {
            let v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
            let host_ok = match v6 {
                Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
                None => {
                    !host.is_empty()
                        && !host.starts_with('-')
                        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
                }
            };
            host_ok && port.parse::<u16>().is_ok_and(|p| p > 0)
        });
        if !ok {
            return invalid(format!("`{word}` is no `host:port` of an API server"));
        }
        self.endpoint = Some(Endpoint(word.to_owned()));
        Ok(())
    }

    fn flag(&mut self, name: &str, value: &str) -> Result<(), InvalidJoinCommand> {
        match name {
            "token" => self.token = Some(token(value)?),
            "discovery-token-ca-cert-hash" => {
                for hash in value.split(',') {
                    self.ca_hashes.push(ca_hash(hash)?);
                }
            }
            "node-name" => match super::NodeName::new(value) {
                Ok(name) => self.node_name = Some(name.into()),
                Err(e) => return invalid(e.to_string()),
            },
            "cri-socket" => self.cri_socket = Some(value.to_owned()),
            "ignore-preflight-errors" => {
                self.ignore_preflight_errors.extend(value.split(',').map(str::to_owned));
            }
            _ => {} // --v: kfleet chooses how much kubeadm says
        }
        Ok(())
    }

    fn finish(self) -> Result<JoinCommand, InvalidJoinCommand> {
        let Some(endpoint) = self.endpoint else { return invalid("it names no API server (`host:port`)") };
        let Some(token) = self.token else { return invalid("it has no `--token`") };
        if self.ca_hashes.is_empty() {
            return invalid(
                "it has no `--discovery-token-ca-cert-hash`, without which any API server would be trusted",
            );
        }
        Ok(JoinCommand {
            endpoint,
            token,
            ca_hashes: self.ca_hashes,
            node_name: self.node_name,
            cri_socket: self.cri_socket,
            ignore_preflight_errors: self.ignore_preflight_errors,
        })
    }
}

fn token(text: &str) -> Result<Token, InvalidJoinCommand> {
    if has_token_form(text) {
        Ok(Token(text.to_owned()))
    } else {
        invalid("its token has not the form of 6 characters, a dot and 16 characters, all a-z or 0-9")
    }
}

fn has_token_form(text: &str) -> bool {
    let part = |p: &str, len| p.len() == len && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.split_once('.').is_some_and(|(id, secret)| part(id, 6) && part(secret, 16))
}

fn ca_hash(text: &str) -> Result<String, InvalidJoinCommand> {
    match text.split_once(':') {
        Some(("sha256", hex)) if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(text.to_owned()),
        _ => invalid(format!("`{text}` is no `sha256:` and 64 hex digits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn parse(rest: &str) -> Result<JoinCommand, InvalidJoinCommand> {
        JoinCommand::parse(&rest.replace("HASH", HASH))
    }

    #[test]
    fn what_kubeadm_prints_is_understood() {
        let text =
            "kubeadm join 192.168.4.63:6443 --token abcdef.0123456789abcdef     --discovery-token-ca-cert-hash HASH \n";
        let command = parse(text).unwrap();
        assert_eq!(command.endpoint.as_str(), "192.168.4.63:6443");
        assert_eq!(command.token.reveal(), "abcdef.0123456789abcdef");
        assert_eq!(command.ca_hashes, [HASH]);
        let pasted = parse(
            "sudo kubeadm join [fd00::1]:6443 --token=abcdef.0123456789abcdef \\\n\t--discovery-token-ca-cert-hash=HASH,HASH --v=5",
        );
        assert_eq!(pasted.unwrap().ca_hashes.len(), 2);
    }

    #[test]
    fn anything_else_is_refused() {
        let ok = "kubeadm join a:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash HASH";
        assert!(parse(ok).is_ok());
        for (bad, why) in [
            ("", "begin with"),
            ("kubeadm init", "begin with"),
            ("kubeadm join a:6443 --discovery-token-ca-cert-hash HASH", "no `--token`"),
            ("kubeadm join a:6443 --token abcdef.0123456789abcdef", "ca-cert-hash"),
            ("kubeadm join --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash HASH", "names no API server"),
            ("kubeadm join a --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash HASH", "host:port"),
            ("kubeadm join -a:1 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash HASH", "host:port"),
            ("kubeadm join a:6443 --token ABCDEF.0123456789abcdef --discovery-token-ca-cert-hash HASH", "form"),
            ("kubeadm join a:6443 --token", "no value"),
            ("kubeadm join a:6443 --config x", "not supported"),
            (&format!("{ok} --control-plane"), "workers only"),
            (&format!("{ok} --control-plane=true"), "workers only"),
            (&format!("{ok}; reboot"), "';'"),
            (&format!("{ok} $(reboot)"), "'$'"),
            (&format!("{ok} `reboot`"), "'`'"),
            (&format!("{ok} | sh"), "'|'"),
            (&format!("{ok} b:6443"), "second endpoint"),
        ] {
            let error = parse(bad).unwrap_err().to_string();
            assert!(error.contains(why), "{bad:?}: {error}");
            assert!(!error.contains("0123456789abcdef --"), "{error}");
        }
    }

    #[test]
    fn a_misplaced_token_is_not_repeated() {
        for wrong in ["kubeadm join a:6443 abcdef.0123456789abcdef", "kubeadm join --abcdef.0123456789abcdef=1"] {
            let error = parse(wrong).unwrap_err().to_string();
            assert!(error.contains("abcdef.*") && !error.contains("0123456789abcdef"), "{error}");
        }
    }

    #[test]
    fn a_token_hides_itself() {
        let command =
            parse("kubeadm join a:1 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash HASH").unwrap();
        assert!(!format!("{:?}", command.token).contains("0123456789abcdef"));
        assert_eq!(command.token.to_string(), "abcdef.****************");
    }
}
