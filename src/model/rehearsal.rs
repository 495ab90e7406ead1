//! What a run would do with a node, told without doing it.

use super::{Finding, Level, NodeName, Outcome, Phase};
use serde::{Deserialize, Serialize};

/// A dry run of one node: what was seen, what would follow first, and what might come after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The node.
    pub node: NodeName,
    /// How it stands, as a clause; `None` where it was not looked at.
    pub stands: Option<String>,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
    /// What would be done first, and where nothing would, why.
    pub verdict: String,
    /// How its story would end right after the look; `None` where something would be done.
    pub outcome: Option<Outcome>,
    /// What else is to be known of it.
    pub notes: Vec<String>,
    /// The phases that it may get, in the order of its ladder.
    pub phases: Vec<Rehearsed>,
}

impl Rehearsal {
    /// Nothing is known yet.
    pub fn new(node: NodeName) -> Self {
        Self {
            node,
            stands: None,
            findings: Vec::new(),
            verdict: String::new(),
            outcome: None,
            notes: Vec::new(),
            phases: Vec::new(),
        }
    }
}

/// One phase that a node may get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsed {
    /// On what condition.
    pub when: String,
    /// Which.
    pub phase: Phase,
    /// The reset level, for resets.
    pub level: Option<Level>,
    /// One title per step, in order.
    pub steps: Vec<String>,
    /// Why the node would not get it; it has no steps then.
    pub refusal: Option<String>,
    /// The whole script, secrets masked. For people: it is in no JSON.
    #[serde(skip)]
    pub script: String,
}
