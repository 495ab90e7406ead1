//! `key=value` lines among others, as scripts print them.

use crate::model::clean;

/// The value of the first line that begins with `key` and `separator`, without controls; empty where nothing follows.
pub(super) fn value(text: &str, key: &str, separator: char) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(separator)).map(clean)
}
