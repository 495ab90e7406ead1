//! What is written down of a run before it begins, for whoever looks at it later or goes on with it.

use super::{NodeName, Patience, Policy, Rejoin, RunId, Share};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A run that changes nodes, as its journal begins with it. It holds no secret: of a join command only that one was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of the journal's form; readers tolerate unknown fields.
    pub schema: u32,
    /// Version of the kfleet that wrote it.
    pub kfleet: String,
    /// Its id.
    pub run: RunId,
    /// `join` or `reset`.
    pub command: String,
    /// Who began it, `user@host`, as far as that is known.
    #[serde(default)]
    pub who: Option<String>,
    /// When it began, in unix milliseconds.
    pub began_unix_ms: i64,
    /// The same as RFC 3339, for people.
    pub began: String,
    /// The inventory, as an absolute path.
    pub inventory: String,
    /// Its nodes, in the inventory's order.
    pub nodes: Vec<NodeName>,
    /// What was allowed and asked for.
    #[serde(default)]
    pub options: RunOptions,
    /// In which order its nodes were taken, whether options or the inventory said so. Older kfleets wrote the options alone.
    #[serde(default)]
    pub order: Option<RunOrder>,
    /// A join command was given on the command line. It is not kept: a token is in it.
    #[serde(default)]
    pub join_command_given: bool,
    /// The run that this one went on with.
    #[serde(default)]
    pub resumes: Option<RunId>,
    /// Nodes that earlier runs had begun to change: `--replace` does not hold for them any more.
    #[serde(default)]
    pub begun: Vec<NodeName>,
}

impl RunRecord {
    /// The form that this kfleet writes.
    pub const SCHEMA: u32 = 1;
}

/// The options of a run that hold again when it is resumed. What an older kfleet did not write has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command line")]
pub struct RunOptions {
    /// `--replace`.
    pub replace: bool,
    /// `--drain`.
    pub drain: bool,
    /// `--force-rejoin`.
    pub force_rejoin: bool,
    /// `--allow-shared-runtime`.
    pub allow_shared_runtime: bool,
    /// `--wait`, in milliseconds.
    pub wait_ms: Option<u64>,
    /// `--parallel`.
    pub parallel: Option<u16>,
    /// In which order its nodes are taken.
    pub order: RunOrder,
}

/// In which order nodes are taken, and for how long. What is not said is the inventory's, or holds for nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOrder {
    /// `--batch`.
    pub batch: Option<Share>,
    /// `--canary`.
    pub canary: Option<u16>,
    /// `--max-failures`.
    pub max_failures: Option<Share>,
    /// `--node-deadline`, in milliseconds.
    pub node_deadline_ms: Option<u64>,
    /// `--deadline`, in milliseconds. A run that is resumed has it anew.
    pub deadline_ms: Option<u64>,
}

impl RunOrder {
    /// What of these is a rule at all.
    pub fn of(policy: &Policy, patience: &Patience) -> Self {
        let share = |share: Share| (share != Share::ALL).then_some(share);
        let ms = |time: Option<Duration>| time.and_then(|time| u64::try_from(time.as_millis()).ok());
        Self {
            batch: share(policy.batch),
            canary: u16::try_from(policy.canary).ok().filter(|n| *n > 0),
            max_failures: share(policy.max_failures),
            node_deadline_ms: ms(patience.node),
            deadline_ms: ms(patience.run),
        }
    }

    /// The inventory's policy, where this does not say otherwise.
    pub fn policy(&self, inventory: Policy) -> Policy {
        Policy {
            batch: self.batch.unwrap_or(inventory.batch),
            canary: self.canary.map_or(inventory.canary, usize::from),
            max_failures: self.max_failures.unwrap_or(inventory.max_failures),
            ..inventory
        }
    }

    /// The same of how long is waited for what.
    pub fn patience(&self, inventory: Patience) -> Patience {
        let time = |ms: Option<u64>| ms.map(Duration::from_millis);
        Patience {
            node: time(self.node_deadline_ms).or(inventory.node),
            run: time(self.deadline_ms).or(inventory.run),
            ..inventory
        }
    }

    fn or(&self, recorded: &Self) -> Self {
        Self {
            batch: self.batch.or(recorded.batch),
            canary: self.canary.or(recorded.canary),
            max_failures: self.max_failures.or(recorded.max_failures),
            node_deadline_ms: self.node_deadline_ms.or(recorded.node_deadline_ms),
            deadline_ms: self.deadline_ms.or(recorded.deadline_ms),
        }
    }
}

impl RunOptions {
    /// What may be done to members.
    pub fn rejoin(&self) -> Rejoin {
        Rejoin { replace: self.replace, drain: self.drain, other_cluster: self.force_rejoin }
    }

    /// What holds where these were given and `recorded` held before: each flag that either has, and the values of these
    /// before those that were recorded.
    #[must_use]
    pub fn or(&self, recorded: &Self) -> Self {
        Self {
            replace: self.replace || recorded.replace,
            drain: self.drain || recorded.drain,
            force_rejoin: self.force_rejoin || recorded.force_rejoin,
            allow_shared_runtime: self.allow_shared_runtime || recorded.allow_shared_runtime,
            wait_ms: self.wait_ms.or(recorded.wait_ms),
            parallel: self.parallel.or(recorded.parallel),
            order: self.order.or(&recorded.order),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_now_adds_to_what_was_recorded() {
        let given = RunOptions { drain: true, wait_ms: Some(5), ..RunOptions::default() };
        let order = RunOrder { batch: Share::parse("10%"), canary: Some(1), ..RunOrder::default() };
        let recorded =
            RunOptions { replace: true, wait_ms: Some(7), parallel: Some(3), order, ..RunOptions::default() };
        let written = serde_json::to_string(&recorded).unwrap();
        let recorded: RunOptions = serde_json::from_str(&written).unwrap();
        let both = given.or(&recorded);
        let order = recorded.order;
        assert_eq!(
            both,
            RunOptions { replace: true, drain: true, wait_ms: Some(5), parallel: Some(3), order, ..given }
        );
    }

    #[test]
    fn what_is_no_rule_is_not_written_as_one() {
        let (policy, patience) = (Policy::default(), Patience::default());
        let none =
            RunOrder::of(&Policy { canary: 0, ..policy.at_once() }, &Patience { node: None, run: None, ..patience });
        assert_eq!(none, RunOrder::default());
        let given = RunOrder {
            batch: Share::parse("10%"),
            canary: Some(2),
            max_failures: Share::parse("3"),
            node_deadline_ms: Some(5_000),
            deadline_ms: Some(90_000),
        };
        assert_eq!(RunOrder::of(&given.policy(policy), &given.patience(patience)), given);
    }

    #[test]
    fn options_that_were_not_written_have_their_default() {
        let read: RunOptions = serde_json::from_str(r#"{"drain": true, "of_a_newer_kfleet": [1]}"#).unwrap();
        assert_eq!(read, RunOptions { drain: true, ..RunOptions::default() });
    }
}
