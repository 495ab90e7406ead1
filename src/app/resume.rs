//! `kfleet join --resume RUN`: goes on with the nodes that a run has left.

use super::run_named::named;
use super::runs::{known, unread};
use super::workers;
use crate::error::{Error, ErrorKind};
use crate::inventory::Inventory;
use crate::journal::{Claim, Recorded};
use crate::model::{Node, NodeName, RunId, RunRecord};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// The command that can be gone on with.
const JOIN: &str = "join";

/// The run that is gone on with.
pub(super) struct Resumed {
    /// Its id.
    pub(super) run: RunId,
    /// What was written down before it began.
    pub(super) record: RunRecord,
    /// It, those that it went on with, and those that went on with any of them: their phases are its own.
    pub(super) family: Vec<RunId>,
    /// Its nodes that are not known to have ended well, in their order.
    pub(super) left: Vec<NodeName>,
    /// Nodes that it, or another that belongs to it, had begun to change: `--replace` does not hold for them again.
    pub(super) begun: BTreeSet<NodeName>,
    /// Nobody else goes on with any of them as long as these live.
    pub(super) claims: Arc<[Claim]>,
}

impl Resumed {
    /// The run that `text` names, together with those that have gone on with it already.
    pub(super) fn new(text: &str) -> Result<Self, Error> {
        let (recorded, others) = named(text, |record| record.command == JOIN)?;
        let record = known(&recorded)?.clone();
        let run = recorded.run.clone();
        if record.command != JOIN {
            let why = format!(
                "run {run} was a {}, and only a join is resumed; give its command again: it probes first, and does only what is left to do",
                crate::model::clean(&record.command)
            );
            return Err(Error::new(ErrorKind::Usage, why));
        }
        let mut family = Family::default();
        family.take(&recorded, &record)?;
        // Whoever went on with whom, and in whatever order: what one of them has done, none does again.
        while let Some((other, record)) = others.iter().find_map(|other| family.relative(other)) {
            family.take(other, record)?;
        }
        // It may have gone on with this one.
        family.unknown |= others.iter().any(|other| other.record.is_err() && other.run > run);
        let left: Vec<NodeName> = record.nodes.iter().filter(|node| !family.well.contains(node)).cloned().collect();
        let begun = if family.unknown { left.iter().cloned().collect() } else { family.begun };
        let runs = family.runs.into_iter().collect();
        Ok(Self { run, record, family: runs, left, begun, claims: family.claims.into() })
    }

    /// Its nodes that are left, as the inventory has them now. Each has to be there: one that is missed is not joined.
    pub(super) fn nodes(&self, inventory: &Inventory) -> Result<Vec<Node>, Error> {
        let is_there = |name: &NodeName| inventory.nodes.iter().any(|node| node.name == *name);
        let missing: Vec<&str> = self.left.iter().filter(|name| !is_there(name)).map(NodeName::as_str).collect();
        if !missing.is_empty() {
            let why = format!(
                "run {} has left {}, which {} does not have any more; name the right inventory with --inventory, or join the others by their names",
                self.run,
                missing.join(", "),
                inventory.file_name
            );
            return Err(Error::new(ErrorKind::Usage, why));
        }
        workers(inventory, &self.left.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    /// What is gone on with, as a sentence.
    pub(super) fn told(&self, replace: bool) -> String {
        let what = match (self.left.len(), self.record.nodes.len()) {
            (1, 1) => "its only node is left".to_owned(),
            (1, all) => format!("1 of its {all} nodes is left"),
            (left, all) => format!("{left} of its {all} nodes are left"),
        };
        let mut text = format!("Goes on with run {}: {what}.", self.run);
        let begun: Vec<&str> =
            self.left.iter().filter(|name| self.begun.contains(name)).map(NodeName::as_str).collect();
        if replace && !begun.is_empty() {
            text += &format!(
                " --replace does not hold for {}, which it had begun to change: a healthy member among these is left alone.",
                begun.join(", ")
            );
        }
        text
    }

    /// An error for a run whose join command is not known any more.
    pub(super) fn without_command(&self) -> Error {
        let why = format!(
            "run {} was given a join command, which is not kept as a token is in it, and the inventory has no other: give it again with --join-command or in $KFLEET_JOIN_COMMAND",
            self.run
        );
        Error::new(ErrorKind::Usage, why)
    }

    /// What is said where all of its nodes are well.
    pub(super) fn nothing_left(&self) -> String {
        format!("All nodes of run {} ended well; nothing is left to do.\n", self.run)
    }
}

/// Runs that went on with one another.
#[derive(Default)]
struct Family {
    /// Also those that are named and not kept any more.
    runs: HashSet<RunId>,
    taken: HashSet<RunId>,
    well: HashSet<NodeName>,
    begun: BTreeSet<NodeName>,
    /// What was begun is not known for sure.
    unknown: bool,
    claims: Vec<Claim>,
}

impl Family {
    /// One that is of it and was not taken yet.
    fn relative<'a>(&self, other: &'a Recorded) -> Option<(&'a Recorded, &'a RunRecord)> {
        let record = other.record.as_ref().ok()?;
        let related =
            self.runs.contains(&other.run) || record.resumes.as_ref().is_some_and(|run| self.runs.contains(run));
        (related && !self.taken.contains(&other.run)).then_some((other, record))
    }

    fn take(&mut self, recorded: &Recorded, record: &RunRecord) -> Result<(), Error> {
        if recorded.is_running() {
            let why = format!(
                "run {} is still running; wait for its end, or stop it first (Ctrl-C there). `kfleet runs show {}` tells how far it is",
                recorded.run, recorded.run
            );
            return Err(Error::new(ErrorKind::Refused, why));
        }
        let unclaimed = |e| {
            let why = format!("run {} cannot be gone on with, as others could not be kept from it: {e}", recorded.run);
            Error::new(ErrorKind::Local, why)
        };
        let Some(claim) = recorded.claim().map_err(unclaimed)? else {
            let why = format!(
                "somebody goes on with run {} already, or is just being asked to agree to it; wait for the end of that, which `kfleet runs` lists",
                recorded.run
            );
            return Err(Error::new(ErrorKind::Refused, why));
        };
        self.claims.push(claim);
        self.taken.insert(recorded.run.clone());
        self.runs.extend(record.resumes.iter().chain([&recorded.run]).cloned());
        let story = recorded.story().map_err(|e| unread(recorded, &e))?;
        self.unknown |= !recorded.is_whole();
        self.begun.extend(story.begun);
        self.begun.extend(record.begun.iter().cloned());
        let well = story.reports.into_iter().filter(|report| report.outcome.is_success());
        self.well.extend(well.map(|report| report.node));
        Ok(())
    }
}
