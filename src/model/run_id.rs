//! The id of a run, as users hand it back.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The name of a run's folders, here and on nodes: letters, digits and dashes, so it can lead nowhere else. Ids sort by
/// when their runs began.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// Why a text is no run id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no run id; each run prints its own, such as 20260131t235959z-0a1b2c")]
pub struct InvalidRunId(String);

impl FromStr for RunId {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = !text.is_empty() && text.len() <= 64 && !text.starts_with('-') && text.chars().all(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidRunId(crate::model::clean(text))) }
    }
}

impl TryFrom<String> for RunId {
    type Error = InvalidRunId;
    fn try_from(text: String) -> Result<Self, InvalidRunId> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> Self {
        run.0
    }
}

impl RunId {
    /// Whether it has all that an id has, `DATEtTIMEz-` and six digits, and cannot be the beginning of one.
    pub fn is_whole(&self) -> bool {
        let bytes = self.0.as_bytes();
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let is_shaped = bytes.len() == 23 && bytes[8] == b't' && &bytes[15..17] == b"z-";
        is_shaped && digits(0..8) && digits(9..15) && bytes[17..].iter().all(u8::is_ascii_hexdigit)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_cannot_lead_out_of_its_folder() {
        assert_eq!("20260131t235959z-0a1b2c".parse::<RunId>().unwrap().as_str(), "20260131t235959z-0a1b2c");
        for bad in ["", "..", ".", "a/b", "-rf", "A", "a b", "a\n", &"a".repeat(65)] {
            assert!(bad.parse::<RunId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_whole_id_is_known_from_its_beginning() {
        let whole = |text: &str| text.parse::<RunId>().unwrap().is_whole();
        assert!(whole("20260131t235959z-0a1b2c"));
        for part in
            ["last", "20260131", "20260131t235959z-0a1b2", "20260131t235959z-0a1b2cd", "20260131-235959z-0a1b2c"]
        {
            assert!(!whole(part), "{part}");
        }
    }
}
