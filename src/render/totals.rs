//! The run in one sentence.

use super::text::count;
use crate::model::{NodeReport, Outcome};

/// `3 nodes: 2 joined, 1 failed`.
pub(crate) fn totals<'a>(reports: impl Iterator<Item = &'a NodeReport>) -> String {
    let outcomes: Vec<Outcome> = reports.map(|report| report.outcome).collect();
    let counted: Vec<String> = Outcome::ALL
        .iter()
        .map(|&outcome| (outcome, outcomes.iter().filter(|&&o| o == outcome).count()))
        .filter(|&(_, n)| n > 0)
        .map(|(outcome, n)| format!("{n} {outcome}"))
        .collect();
    let nodes = count(outcomes.len(), "node");
    if counted.is_empty() { nodes } else { format!("{nodes}: {}", counted.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::report;

    #[test]
    fn one_is_singular_and_none_is_counted_too() {
        let reports = [report("a", Outcome::Failed), report("b", Outcome::Joined), report("c", Outcome::Joined)];
        assert_eq!(totals(reports.iter()), "3 nodes: 2 joined, 1 failed");
        assert_eq!(totals(reports[..1].iter()), "1 node: 1 failed");
        assert_eq!(totals(reports[..0].iter()), "0 nodes");
    }
}
