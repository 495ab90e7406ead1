//! A number of nodes, or a share of all nodes of a run.

use serde::{Deserialize, Serialize};
use std::fmt;

/// `5` or `20%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Share {
    /// So many.
    Nodes(usize),
    /// So many of a hundred, 1 to 100.
    Percent(usize),
}

impl Share {
    /// Every node.
    pub const ALL: Self = Self::Percent(100);

    /// Reads `5`, `0` and `20%`; `None` for anything else, also for `0%` and `101%`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        match text.strip_suffix('%') {
            Some(percent) => number(percent).filter(|percent| (1..=100).contains(percent)).map(Self::Percent),
            None => number(text).map(Self::Nodes),
        }
    }

    /// The most of `total` nodes that are no more than this share.
    pub fn at_most(self, total: usize) -> usize {
        match self {
            Self::Nodes(nodes) => nodes,
            Self::Percent(percent) => total.saturating_mul(percent) / 100,
        }
    }

    /// The least of `total` nodes that are no less than this share, and at least 1.
    pub fn at_least(self, total: usize) -> usize {
        let nodes = match self {
            Self::Nodes(nodes) => nodes,
            Self::Percent(percent) => total.saturating_mul(percent).div_ceil(100),
        };
        nodes.max(1)
    }
}

impl TryFrom<String> for Share {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or(text)
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(nodes) => write!(f, "{nodes}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_percents_are_read_and_nothing_else() {
        for text in ["0", "1", "10000", "1%", "100%"] {
            assert_eq!(Share::parse(text).map(|share| share.to_string()).as_deref(), Some(text));
        }
        for text in ["", "%", "0%", "101%", "five", "-1", "+1", "1.5", "5 %", "5%%", "99999999999999999999999"] {
            assert_eq!(Share::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_batch_is_rounded_up_and_failures_are_rounded_down() {
        let of = |text, total| Share::parse(text).map(|share| (share.at_most(total), share.at_least(total))).unwrap();
        assert_eq!(of("20%", 10), (2, 2));
        assert_eq!(of("20%", 11), (2, 3));
        assert_eq!(of("1%", 10), (0, 1));
        assert_eq!(of("100%", 7), (7, 7));
        assert_eq!(of("0", 7), (0, 1));
        assert_eq!(of("9", 7), (9, 9));
    }
}
