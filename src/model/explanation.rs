//! What there is to say about a finding beside its sentence.

use super::{Code, Level, Severity};
use serde::Serialize;

/// The long text of one rule, for people who have its code and want to know more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Which rule.
    pub code: Code,
    /// How much it matters, the worst first; more than one where that depends on what was seen.
    pub severities: Vec<Severity>,
    /// A few words.
    pub title: &'static str,
    /// The lowest reset level that cures it; `None` where no reset can.
    pub cured_by: Option<Level>,
    /// Markdown: paragraphs, and commands indented by four spaces.
    pub text: &'static str,
}
