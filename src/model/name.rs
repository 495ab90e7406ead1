//! The name of a node: the one word that every message carries.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A node's name as the inventory spells it.
///
/// The rule is Kubernetes' own for Node objects (an RFC 1123 subdomain: lower-case letters, digits, `-` and `.`, at
/// most 253 bytes), so a `NodeName` can stand in a file name, a table or a log line without any escaping.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeName(String);

/// Why a text is no node name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no node name: {reason}")]
pub struct InvalidName {
    /// What was written.
    pub text: String,
    /// The rule that it breaks.
    pub reason: &'static str,
}

impl NodeName {
    /// Checks `text` against the rule for Node names.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let reason = if text.is_empty() {
            "it is empty"
        } else if text.len() > 253 {
            "it is longer than 253 bytes"
        } else if text.bytes().any(|b| b.is_ascii_uppercase()) {
            "Kubernetes names are lower case"
        } else if !text.split('.').all(label) {
            "it must be made of a-z, 0-9 and `-` (not first or last), with `.` between labels"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(InvalidName { text: text.to_owned(), reason })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for NodeName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::new(&text)
    }
}

impl From<NodeName> for String {
    fn from(name: NodeName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule_of_node_objects() {
        for good in ["n", "node-01", "storagenodet3500", "w1.rack-2.lab", "192.168.4.63"] {
            assert!(NodeName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "Node1", "-a", "a-", "a..b", "a_b", "a b", "a/b", "../etc", "a\n", "ä", &"a".repeat(64)] {
            assert!(NodeName::new(bad).is_err(), "{bad:?}");
        }
    }
}
