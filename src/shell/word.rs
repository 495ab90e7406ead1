//! One argument, quoted.

use std::fmt;

/// Which of its two forms a text is rendered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// For the node.
    Real,
    /// For people: secrets shown as stars.
    Masked,
}

/// A value on its way into a script. Masking is a property of the word, so one object renders both ways.
#[derive(Clone, PartialEq, Eq)]
pub struct Word {
    text: String,
    /// What people see in its place.
    shown: Option<String>,
}

impl Word {
    /// Any text.
    ///
    /// # Panics
    /// Where it holds a NUL, which no shell can carry; every type that reaches a script excludes it beforehand.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        assert!(!text.contains('\0'), "a shell word cannot hold a NUL");
        Self { text, shown: None }
    }

    /// A text that people must not see.
    pub fn secret(text: impl Into<String>) -> Self {
        Self::shown_as(text, "****")
    }

    /// A text with a secret in it, and how people see it.
    pub fn shown_as(text: impl Into<String>, shown: impl Into<String>) -> Self {
        Self { shown: Some(shown.into()), ..Self::new(text) }
    }

    /// An entry, one path segment, of a constant folder.
    ///
    /// # Panics
    /// Where `entry` could lead elsewhere. Entries are ids that kfleet made itself.
    pub fn within(folder: &'static str, entry: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
        assert!(!entry.is_empty() && !entry.starts_with('.') && entry.chars().all(plain), "one plain path segment");
        Self::new(format!("{folder}/{entry}"))
    }

    /// A folder written so that it means what is in it, be it a link or not.
    pub fn contents(folder: &'static str) -> Self {
        Self::new(format!("{folder}/"))
    }

    /// Several texts, one per line; none of them holds a newline by its type.
    pub fn lines<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(texts.into_iter().collect::<Vec<_>>().join("\n"))
    }

    /// A whole number.
    pub fn number(number: u64) -> Self {
        Self::new(number.to_string())
    }

    /// The word as POSIX shell text.
    pub fn quoted(&self, view: View) -> String {
        let shown = self.shown.as_ref().filter(|_| view == View::Masked).unwrap_or(&self.text);
        shlex::try_quote(shown).map(std::borrow::Cow::into_owned).unwrap_or_default() // NUL: excluded by `new`
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.quoted(View::Masked))
    }
}

/// A duration as Go's flags take it, in whole seconds.
pub fn go_seconds(duration: std::time::Duration) -> String {
    format!("{}s", duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_for_people_only() {
        let word = Word::secret("abcdef.0123456789abcdef");
        assert_eq!(word.quoted(View::Real), "abcdef.0123456789abcdef");
        assert_eq!(word.quoted(View::Masked), "'****'");
        assert!(!format!("{word:?}").contains("0123"));
    }
}
