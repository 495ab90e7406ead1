//! What is wrong with a node, in a sentence that can be acted on.

use super::Level;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing has to be done.
    Note,
    /// Left behind or suspicious; a join may still succeed.
    Warning,
    /// The node cannot work like this.
    Error,
}

impl Severity {
    /// The word in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The stable number of a rule, written `KF001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(pub u16);

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for Code {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let number = text.strip_prefix("KF").and_then(|n| n.parse().ok());
        number.map(Self).ok_or_else(|| format!("`{text}` is no code of a finding (KF001)"))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("KF{:03}", self.0))
    }
}

/// One rule that matched the facts of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which rule.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// The cause, with what was seen, in one sentence.
    pub cause: String,
    /// What was seen that it was told from, as the node or its tools printed it.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// What to do about it.
    pub remedy: String,
    /// The lowest reset level that cures it; `None` where no reset can.
    pub cured_by: Option<Level>,
    /// Whether a join fails, or is pointless, while it is there.
    pub blocks_join: bool,
    /// The checks of kubeadm's that it stands for, as `--ignore-preflight-errors` names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
}

impl Finding {
    /// Whether it stands for checks of kubeadm's, and all of them are among `ignored` (case does not matter, "all" is all).
    pub fn is_ignored(&self, ignored: &[String]) -> bool {
        let named =
            |check: &String| ignored.iter().any(|i| i.eq_ignore_ascii_case(check) || i.eq_ignore_ascii_case("all"));
        !self.checks.is_empty() && self.checks.iter().all(named)
    }
}
