//! Rules: what is wrong with a node, and whether a join can do with it.

mod cluster;
mod kubelet;
mod preflight;
mod runtime;
mod state;
mod storage;
#[cfg(test)]
mod tests;
mod version;

use crate::model::{Cause, ClientCertificate, Code, Facts, Finding, Level, Severity, Unit};

/// A rule. What it says of a node, it says where `seen` does.
#[derive(Clone, Copy)]
struct Rule {
    code: u16,
    severity: Severity,
    cured_by: Option<Level>,
    blocks_join: bool,
    join_cause: Cause,
    remedy: &'static str,
    seen: fn(&Facts) -> Option<Seen>,
}

impl Rule {
    const fn new(code: u16, severity: Severity, seen: fn(&Facts) -> Option<Seen>, remedy: &'static str) -> Self {
        Self { code, severity, cured_by: None, blocks_join: false, join_cause: Cause::Preflight, remedy, seen }
    }

    /// `level` is the lowest reset that cures it.
    const fn cured_by(self, level: Level) -> Self {
        Self { cured_by: Some(level), ..self }
    }

    /// kubeadm's join fails, or leads to nothing, while it is there.
    const fn blocks_join(self) -> Self {
        Self { blocks_join: true, ..self }
    }

    /// The same, and a node that ends by it did not join for this cause.
    const fn blocks_join_by(self, join_cause: Cause) -> Self {
        Self { blocks_join: true, join_cause, ..self }
    }
}

/// What a rule saw.
struct Seen {
    /// In one sentence.
    cause: String,
    /// What that was told from, as the node printed it.
    evidence: Vec<String>,
    /// kubeadm's checks that fail by it.
    checks: Vec<String>,
    /// A join goes through all the same.
    harmless: bool,
}

impl From<String> for Seen {
    fn from(cause: String) -> Self {
        Self { cause, evidence: Vec::new(), checks: Vec::new(), harmless: false }
    }
}

impl Seen {
    /// With the lines that it was told from.
    fn shown_by(mut self, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.evidence.extend(lines.into_iter().map(Into::into));
        self
    }

    /// As `--ignore-preflight-errors` would name it.
    fn check(mut self, name: impl Into<String>) -> Self {
        self.checks.push(name.into());
        self
    }
}

/// The remedy for whatever is found on a machine that kfleet does not change.
const BY_HAND: &str =
    "look into it by hand; this is a control-plane node, and kfleet changes none without --allow-control-plane";

/// The rule that a Node of this machine's name is another machine's.
pub const OTHER_MACHINE: Code = Code(cluster::OTHER_MACHINE);

/// Every rule.
fn rules() -> impl Iterator<Item = Rule> {
    let tables: [&[Rule]; 6] =
        [&state::RULES, &preflight::RULES, &cluster::RULES, &kubelet::RULES, &runtime::RULES, &storage::RULES];
    tables.into_iter().flatten().copied()
}

/// What can be told of a rule without a node.
pub(super) struct Summary {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) cured_by: Option<Level>,
}

/// Of every rule.
pub(super) fn summaries() -> impl Iterator<Item = Summary> {
    rules().map(|Rule { code, severity, cured_by, .. }| Summary { code: Code(code), severity, cured_by })
}

/// The codes of all rules, each once, in their order.
pub fn codes() -> impl Iterator<Item = Code> {
    let mut codes: Vec<Code> = rules().map(|rule| Code(rule.code)).collect();
    codes.sort();
    codes.dedup();
    codes.into_iter()
}

/// Why a node does not join that ends with this finding.
pub fn cause(finding: &Finding) -> Cause {
    let rule = rules().find(|rule| rule.code == finding.code.0 && rule.blocks_join);
    rule.map_or(Cause::Preflight, |rule| rule.join_cause)
}

/// All rules that apply, worst first.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let by_hand = super::control_plane_sign(facts).is_some();
    let mut found: Vec<Finding> = rules()
        .filter_map(|rule| {
            let seen = (rule.seen)(facts)?;
            Some(Finding {
                code: Code(rule.code),
                severity: rule.severity,
                cause: seen.cause,
                evidence: seen.evidence,
                remedy: if by_hand && rule.severity > Severity::Note { BY_HAND } else { rule.remedy }.to_owned(),
                cured_by: rule.cured_by.filter(|_| !by_hand),
                blocks_join: rule.blocks_join && !seen.harmless,
                checks: seen.checks,
            })
        })
        .collect();
    found.sort_by_key(|f| (std::cmp::Reverse(f.severity), f.code));
    found
}

/// Those of `findings` that stand in the way of a join that is given `ignored` as `--ignore-preflight-errors`.
pub fn blockers<'a>(findings: &'a [Finding], ignored: &[String]) -> Vec<&'a Finding> {
    findings.iter().filter(|f| f.blocks_join && !f.is_ignored(ignored)).collect()
}

fn says_it_joined(facts: &Facts) -> bool {
    facts.has_joined() == Some(true)
}

/// Whether it is known that it has not.
fn is_apart(facts: &Facts) -> bool {
    facts.has_joined() == Some(false)
}

/// Whether it is known that no kubelet of a member runs: what a new join would stumble over matters then.
fn is_idle(facts: &Facts) -> bool {
    is_apart(facts) || (says_it_joined(facts) && facts.kubelet.is_known_and(|unit| unit.active != "active"))
}

/// Whether it has joined and its kubelet runs: then it does with what a new join would not.
fn is_at_work(facts: &Facts) -> bool {
    says_it_joined(facts) && facts.kubelet.is_known_and(|unit| unit.active == "active")
}

/// A unit as `systemctl show` has it.
fn shown(name: &str, unit: &Unit) -> String {
    let Unit { load, active, sub, restarts } = unit;
    format!("systemctl show {name}: LoadState={load} ActiveState={active} SubState={sub} NRestarts={restarts}")
}

/// When a certificate is valid.
fn period(certificate: &ClientCertificate) -> String {
    let time =
        |seconds| jiff::Timestamp::from_second(seconds).map_or_else(|_| format!("{seconds}"), |at| at.to_string());
    format!(
        "kubelet-client-current.pem of {}: from {} to {}",
        certificate.node_name,
        time(certificate.not_before),
        time(certificate.not_after)
    )
}
