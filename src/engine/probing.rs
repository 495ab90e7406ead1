//! The probe, from script to facts.

use crate::attached::{NoAnswer, attached};
use crate::model::{Facts, Node};
use crate::parse::{SectionOutput, facts};
use crate::plan::{Count, Section, probe};
use crate::transport::Session;
use std::collections::BTreeMap;
use std::time::Duration;

/// Measures `node` in one round trip.
pub(super) async fn measure<S: Session>(
    session: &S,
    node: &Node,
    run: &str,
    count: Count,
    deadline: Duration,
) -> Result<Facts, NoAnswer> {
    let mut answer = attached(session, node, &probe(node, run, count), deadline).await?;
    let mut sections: BTreeMap<&'static str, SectionOutput> = BTreeMap::new();
    for (i, section) in Section::ALL.into_iter().enumerate() {
        if let Some(output) = answer.steps.remove(&i) {
            sections.insert(section.name(), output);
        }
    }
    Ok(facts(&sections))
}
