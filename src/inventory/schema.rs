//! The file as it is written. Scalars stay text with their place, so that all that is wrong with them can be said at
//! once and in our words; serde only checks keys and shapes.

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_yaml::Spanned;
use std::fmt;

/// One scalar and where it stands.
pub(super) type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) defaults: Option<Settings>,
    pub(super) cluster: Option<Cluster>,
    pub(super) policy: Option<Policy>,
    pub(super) timeouts: Option<Timeouts>,
    pub(super) journal: Option<Journal>,
    pub(super) nodes: Option<Spanned<Vec<Spanned<Entry>>>>,
}

impl Document {
    pub(super) fn is_empty(&self) -> bool {
        self.defaults.is_none()
            && self.cluster.is_none()
            && self.policy.is_none()
            && self.timeouts.is_none()
            && self.journal.is_none()
            && self.nodes.is_none()
    }
}

/// What `defaults:` and each node may say about reaching a node and what to spare on it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) user: Option<Text>,
    #[serde(rename = "become")]
    pub(super) privilege: Option<Text>,
    pub(super) port: Option<Text>,
    pub(super) identity_file: Option<Spanned<Words>>,
    pub(super) known_hosts: Option<Text>,
    pub(super) preserve: Option<Spanned<Words>>,
    pub(super) connect_timeout: Option<Text>,
}

/// One item of `nodes:`. Repeats the settings' keys: `serde(flatten)` would lose every place and forget
/// `deny_unknown_fields`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: Text,
    pub(super) host: Option<Text>,
    pub(super) role: Option<Text>,
    pub(super) groups: Option<Spanned<Words>>,
    user: Option<Text>,
    #[serde(rename = "become")]
    privilege: Option<Text>,
    port: Option<Text>,
    identity_file: Option<Spanned<Words>>,
    known_hosts: Option<Text>,
    preserve: Option<Spanned<Words>>,
    connect_timeout: Option<Text>,
}

impl Entry {
    pub(super) fn take_settings(&mut self) -> Settings {
        Settings {
            user: self.user.take(),
            privilege: self.privilege.take(),
            port: self.port.take(),
            identity_file: self.identity_file.take(),
            known_hosts: self.known_hosts.take(),
            preserve: self.preserve.take(),
            connect_timeout: self.connect_timeout.take(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cluster {
    pub(super) control_plane: Option<Text>,
    pub(super) join_command: Option<Text>,
    pub(super) token_ttl: Option<Text>,
    pub(super) ignore_preflight_errors: Option<Spanned<Words>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) parallel: Option<Text>,
    pub(super) attempts: Option<Text>,
    pub(super) start: Option<Text>,
    pub(super) ceiling: Option<Text>,
    pub(super) batch: Option<Text>,
    pub(super) canary: Option<Text>,
    pub(super) max_failures: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timeouts {
    pub(super) probe: Option<Text>,
    pub(super) reset: Option<Text>,
    pub(super) join: Option<Text>,
    pub(super) ready: Option<Text>,
    pub(super) cni: Option<Text>,
    pub(super) settle: Option<Text>,
    pub(super) answer: Option<Text>,
    pub(super) drain: Option<Text>,
    pub(super) reconnect: Option<Text>,
    pub(super) reboot: Option<Text>,
    pub(super) node: Option<Text>,
    pub(super) run: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    pub(super) keep: Option<Text>,
}

/// A list, or the one word that a list of one may be written as.
pub(super) enum Words {
    One(String),
    Many(Vec<Text>),
}

/// Each word of an optional list, with its place.
pub(super) fn words(list: Option<Spanned<Words>>) -> Vec<Text> {
    match list {
        None => Vec::new(),
        Some(Spanned { value: Words::Many(words), .. }) => words,
        Some(Spanned { value: Words::One(word), referenced, defined }) => vec![Spanned::new(word, referenced, defined)],
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list (`[…, …]`) or one word")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = list.next_element()? {
            words.push(word);
        }
        Ok(Words::Many(words))
    }

    fn visit_str<E>(self, word: &str) -> Result<Words, E> {
        Ok(Words::One(word.to_owned()))
    }

    // A lone number or `true` is a word too; the parser's own complaint about it would carry the wrong place.

    fn visit_bool<E>(self, word: bool) -> Result<Words, E> {
        Ok(Words::One(word.to_string()))
    }

    fn visit_i64<E>(self, word: i64) -> Result<Words, E> {
        Ok(Words::One(word.to_string()))
    }

    fn visit_u64<E>(self, word: u64) -> Result<Words, E> {
        Ok(Words::One(word.to_string()))
    }

    fn visit_f64<E>(self, word: f64) -> Result<Words, E> {
        Ok(Words::One(word.to_string()))
    }
}
