//! Events without secrets.

use crate::model::{Event, Kind, NodeName, SecretLines, mask_json};
use std::collections::{HashMap, HashSet};

/// Masks the events of one run, in the order in which they happened.
#[derive(Debug, Default)]
pub struct Masking {
    names: HashSet<NodeName>,
    lines: HashMap<NodeName, SecretLines>,
}

impl Masking {
    /// For a run on these nodes, whose names stay as they are.
    pub fn new(nodes: &[NodeName]) -> Self {
        Self { names: nodes.iter().cloned().collect(), lines: HashMap::new() }
    }

    /// The event with stars for what looks like a secret.
    #[must_use]
    pub fn mask(&mut self, event: &Event) -> Event {
        if let Kind::Output { node, line } = &event.kind {
            let line = self.lines.entry(node.clone()).or_default().mask(line);
            return Event { at_ms: event.at_ms, kind: Kind::Output { node: node.clone(), line } };
        }
        let is_name = |text: &str| NodeName::new(text).is_ok_and(|name| self.names.contains(&name));
        let masked = serde_json::to_value(event).and_then(|mut value| {
            mask_json(&mut value, &is_name);
            serde_json::from_value(value)
        });
        // Nothing in an event stops being one when its texts have stars; if it did, nothing of it would be kept.
        masked.unwrap_or(Event { at_ms: event.at_ms, kind: Kind::Unknown })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Phase;

    fn name(text: &str) -> NodeName {
        NodeName::new(text).unwrap()
    }

    fn output(node: &str, line: &str) -> Event {
        Event { at_ms: 1, kind: Kind::Output { node: name(node), line: line.to_owned() } }
    }

    #[test]
    fn keys_are_followed_node_by_node() {
        let mut masking = Masking::new(&[]);
        let said = ["-----BEGIN PRIVATE KEY-----", "MIIE", "-----END PRIVATE KEY-----"];
        let mut seen = Vec::new();
        for line in said {
            seen.push(masking.mask(&output("a", line)));
            assert_eq!(masking.mask(&output("b", "plain")), output("b", "plain"));
        }
        assert_eq!(seen[1], output("a", "****"));
    }

    #[test]
    fn a_name_that_looks_like_a_token_is_a_name() {
        let node = name("node01.internalexamples");
        let error = Some("the token abcdef.0123456789abcdef is dead".to_owned());
        let event = Event { at_ms: 1, kind: Kind::PhaseFinished { node: node.clone(), phase: Phase::Join, error } };
        let masked = Masking::new(std::slice::from_ref(&node)).mask(&event);
        let error = Some("the token abcdef.**************** is dead".to_owned());
        assert_eq!(masked.kind, Kind::PhaseFinished { node, phase: Phase::Join, error });
    }
}
