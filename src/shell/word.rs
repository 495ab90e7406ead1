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
    secret: bool,
}

impl Word {
    /// Any text.
    ///
    /// # Panics
    /// Where it holds a NUL, which no shell can carry; every type that reaches a script excludes it beforehand.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        assert!(!text.contains('\0'), "a shell word cannot hold a NUL");
        Self { text, secret: false }
    }

    /// A text that people must not see.
    pub fn secret(text: impl Into<String>) -> Self {
        Self { secret: true, ..Self::new(text) }
    }

    /// A constant folder and a constant entry of it.
    pub fn path(folder: &'static str, entry: Option<&'static str>) -> Self {
        Self::new(match entry {
            Some(entry) => format!("{folder}/{entry}"),
            None => folder.to_owned(),
        })
    }

    /// A whole number.
    pub fn number(number: u64) -> Self {
        Self::new(number.to_string())
    }

    /// The word as POSIX shell text.
    pub fn quoted(&self, view: View) -> String {
        let shown = if self.secret && view == View::Masked { "****" } else { self.text.as_str() };
        shlex::try_quote(shown).map(std::borrow::Cow::into_owned).unwrap_or_default() // NUL: excluded by `new`
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.quoted(View::Masked))
    }
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
