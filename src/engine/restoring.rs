//! Putting back what an earlier run changed: one phase between two probes, without a ladder.

use super::node::Driver;
use crate::diagnose::{busy, forbidden};
use crate::escalate::{Input, Ran};
use crate::model::{Cri, Fact, Outcome, RunId};
use crate::plan::restore;
use crate::transport::Transport;

impl<T: Transport> Driver<'_, T> {
    pub(super) async fn restore(&mut self, from: &RunId) -> Outcome {
        if let Err(outcome) = self.look_once().await {
            return outcome;
        }
        if let Some(why) = self.untouchable() {
            self.trouble = Some(why);
            return Outcome::Refused;
        }
        match self.run(restore(self.node, &self.context.run, from)).await {
            Input::Ran(Ran::Done) => {}
            Input::Ran(Ran::Refused) => return Outcome::Refused,
            Input::Ran(Ran::Lost) => return Outcome::Lost,
            Input::Ran(Ran::Halted | Ran::DoneAndHalted) => return Outcome::Halted,
            _ => return Outcome::Failed,
        }
        if self.look_once().await.is_err() {
            return Outcome::Lost;
        }
        match &self.facts.cri {
            Fact::Known(Cri::Ready { .. } | Cri::Loaded) => Outcome::Restored,
            Fact::Known(Cri::NotReady(said) | Cri::NoAnswer(said)) => {
                self.trouble = Some(format!("all was put back, and the container runtime does not work now: {said}"));
                Outcome::Failed
            }
            Fact::Unknown(why) => {
                let said = format!("all was put back; whether the container runtime works could not be told: {why}");
                self.trouble = Some(said);
                Outcome::Failed
            }
        }
    }
    /// Why nothing is put back on this node, or not now.
    pub(super) fn untouchable(&self) -> Option<String> {
        forbidden(&self.facts, self.context.allow).or_else(|| busy(&self.facts))
    }
}
