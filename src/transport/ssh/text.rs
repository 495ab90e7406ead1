//! Small helpers for error texts.

use crate::model::Access;

/// Text from outside (a server's message, a key's comment) on one line and without control characters, so that it cannot
/// steer the terminal.
pub(super) fn printable(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

/// A word of a command that a person is told to type.
pub(super) fn typed(word: &str) -> String {
    // Fails on NUL only, which nobody can type.
    shlex::try_quote(&printable(word)).map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// `host:port`, as in all messages.
pub(super) fn at(access: &Access) -> String {
    let host = printable(&access.host);
    if host.contains(':') { format!("[{host}]:{}", access.port) } else { format!("{host}:{}", access.port) }
}
