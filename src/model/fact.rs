//! A measurement that knows whether it was made.

use serde::{Deserialize, Serialize};

/// A value seen on a node, or the reason why it could not be seen.
///
/// "Could not be measured" is neither good nor bad. There is deliberately no `unwrap_or`: who reads a fact says what
/// the unknown means to him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fact<T> {
    /// Seen.
    Known(T),
    /// Not seen, and why.
    Unknown(String),
}

impl<T> Fact<T> {
    /// The value, where it was seen.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// True only where the value was seen and `test` holds for it.
    pub fn is_known_and(&self, test: impl FnOnce(&T) -> bool) -> bool {
        self.known().is_some_and(test)
    }

    /// A fact about the value, unknown for the same reason.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(f(value)),
            Self::Unknown(why) => Fact::Unknown(why),
        }
    }
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Unknown("not measured".to_owned())
    }
}
