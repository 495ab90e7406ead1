//! Findings in few words: the worst severity, the codes, the reasons why something is not known.

use super::style::Paint;
use crate::model::{Finding, Level, Severity, clean};

/// Codes that a narrow cell shows; the rest is counted.
const SHOWN: usize = 3;

/// The worst severity, where there is any finding.
pub(crate) fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).max()
}

/// The severity as a colour, which never stands without the word.
pub(crate) fn paint(severity: Severity) -> Paint {
    match severity {
        Severity::Note => Paint::Plain,
        Severity::Warning => Paint::Warn,
        Severity::Error => Paint::Bad,
    }
}

/// `KF002, KF005`.
pub(crate) fn codes<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    findings.into_iter().map(|finding| finding.code.to_string()).collect::<Vec<_>>().join(", ")
}

/// The same for a cell: on a terminal (`narrow`) `KF002, KF005, KF006 +2`, in a pipe all of them.
pub(crate) fn codes_in_short(findings: &[&Finding], narrow: bool) -> String {
    let shown = if narrow { SHOWN.min(findings.len()) } else { findings.len() };
    let codes = codes(findings[..shown].iter().copied());
    if shown < findings.len() { format!("{codes} +{}", findings.len() - shown) } else { codes }
}

/// What cures it, as far as kfleet does.
pub(crate) fn cure(finding: &Finding) -> &'static str {
    match finding.cured_by {
        Some(Level::Gentle) => "gentle reset",
        Some(Level::Aggressive) => "aggressive reset",
        Some(Level::Reboot) => "reboot",
        None if finding.severity == Severity::Note => "there is nothing to cure",
        None => "no reset cures it",
    }
}

/// Things that are unknown by the reason that they share.
#[derive(Default)]
pub(crate) struct Reasons<'a>(Vec<(String, Vec<&'a str>)>);

impl<'a> Reasons<'a> {
    /// `name` is not known, and `why`.
    pub(crate) fn add(&mut self, name: &'a str, why: &str) {
        let why = clean(why);
        match self.0.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, names)) => names.push(name),
            None => self.0.push((why, vec![name])),
        }
    }

    /// `cri, image fs unknown: crictl: not found`, one per reason.
    pub(crate) fn sentences(&self) -> Vec<String> {
        self.0.iter().map(|(why, names)| format!("{} unknown: {why}", names.join(", "))).collect()
    }
}
