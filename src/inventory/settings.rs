//! How a node is reached and what is spared on it: defaults, overridden per node.

use super::problem::{Place, Problem, Problems};
use super::schema::{Settings, Text, words};
use super::value::{choice, duration, local_path, number, plain_word};
use crate::model::{Access, Become, ProtectedPath};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Tried in this order, as OpenSSH does, where no `identity_file` is given.
const KEYS: [&str; 3] = [".ssh/id_ed25519", ".ssh/id_ecdsa", ".ssh/id_rsa"];
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings whose values are good; what was not given, or not good and noted, is `None`.
#[derive(Default)]
pub(super) struct Checked {
    user: Option<String>,
    privilege: Option<Become>,
    port: Option<u16>,
    identity_files: Option<Vec<PathBuf>>,
    known_hosts: Option<PathBuf>,
    preserve: Vec<ProtectedPath>,
    connect_timeout: Option<Duration>,
}

impl Checked {
    pub(super) fn new(settings: Settings, home: &Path, problems: &mut Problems) -> Self {
        let has_keys = settings.identity_file.is_some();
        let keys: Vec<PathBuf> =
            words(settings.identity_file).iter().filter_map(|text| problems.note(local_path(text, home))).collect();
        Self {
            user: problems.check(settings.user, user),
            privilege: problems
                .check(settings.privilege, |text| choice(&text, &[("none", Become::None), ("sudo", Become::Sudo)])),
            port: problems
                .check(settings.port, |text| number(&text, 1, u16::MAX.into()))
                .and_then(|port| port.try_into().ok()),
            identity_files: has_keys.then_some(keys), // an empty list means: only what the agent holds
            known_hosts: problems.check(settings.known_hosts, |text| local_path(&text, home)),
            preserve: words(settings.preserve).iter().filter_map(|text| problems.note(protected(text))).collect(),
            connect_timeout: problems.check(settings.connect_timeout, |text| duration(&text, Duration::from_secs(1))),
        }
    }

    /// Every value resolved: this node's, else the default's, else the built-in one.
    pub(super) fn access(&self, defaults: &Self, host: String, home: &Path) -> Access {
        let user = self.user.clone().or_else(|| defaults.user.clone()).unwrap_or_else(|| "root".to_owned());
        let by_user = if user == "root" { Become::None } else { Become::Sudo };
        Access {
            host,
            port: self.port.or(defaults.port).unwrap_or(22),
            privilege: self.privilege.or(defaults.privilege).unwrap_or(by_user),
            identity_files: (self.identity_files.clone())
                .or_else(|| defaults.identity_files.clone())
                .unwrap_or_else(|| KEYS.map(|key| home.join(key)).to_vec()),
            known_hosts: (self.known_hosts.clone())
                .or_else(|| defaults.known_hosts.clone())
                .unwrap_or_else(|| home.join(".ssh/known_hosts")),
            connect_timeout: self.connect_timeout.or(defaults.connect_timeout).unwrap_or(CONNECT_TIMEOUT),
            user,
        }
    }

    /// The paths that always hold, the defaults' and this node's. There is no way to write a list that protects less.
    pub(super) fn protect(&self, defaults: &Self) -> Vec<ProtectedPath> {
        let mut all = ProtectedPath::always().to_vec();
        for path in defaults.preserve.iter().chain(&self.preserve) {
            if !all.contains(path) {
                all.push(path.clone());
            }
        }
        all
    }
}

fn user(text: Text) -> Result<String, Problem> {
    match plain_word(&text.value) {
        Ok(()) => Ok(text.value),
        Err(why) => Err(Problem::new(Place::of(&text), format!("`{}` is no user name", text.value)).label(why)),
    }
}

fn protected(text: &Text) -> Result<ProtectedPath, Problem> {
    ProtectedPath::new(&text.value).map_err(|invalid| {
        Problem::new(Place::of(text), format!("`{}` cannot be protected", invalid.text)).label(invalid.reason)
    })
}
