//! The timer that restores a node's firewall: taken back over a new connection, which proves that one can be made.

use super::connecting::RECONNECT_PAUSE;
use super::node::Driver;
use crate::attached::{NoAnswer, attached};
use crate::escalate::Ran;
use crate::model::BACKUPS;
use crate::plan::{ROLLBACK_SECONDS, disarm};
use crate::transport::Transport;
use std::time::{Duration, Instant};

/// For the answer of a node that is restoring its rules at this moment, which it gives 120 s.
const ANSWER: Duration = Duration::from_secs(150);

impl<T: Transport> Driver<'_, T> {
    /// How a phase that changed the firewall ended, once it was seen whether the node can still be reached.
    pub(super) async fn after_firewall(&mut self, ran: Ran, why: Option<String>) -> (Ran, Option<String>) {
        let (ran, more) = match self.take_timer_back().await {
            Ok(None) => return (ran, why),
            Ok(Some(fired)) => (if ran == Ran::Done { Ran::Failed } else { ran }, fired),
            // Only what had gone well is in doubt by it: what was stopped or refused is not to be repeated.
            Err(away) => (if ran == Ran::Done { Ran::Lost } else { ran }, away),
        };
        (ran, Some(why.map_or_else(|| more.clone(), |why| format!("{why}; {more}"))))
    }

    /// Takes the timer back over a new connection. `Ok` with a text where it had fired, `Err` where there is no
    /// connection; then the timer restores the old rules, and the next look at the node tries again.
    pub(super) async fn take_timer_back(&mut self) -> Result<Option<String>, String> {
        self.session = None; // one from before the change proves nothing: the firewall lets it through all the same
        let deadline = Instant::now() + self.context.patience.reconnect;
        let answer = loop {
            let lost = match self.session().await {
                Ok(session) => match attached(&session, self.node, &disarm(self.node), ANSWER).await {
                    Ok(mut answer) => {
                        self.session = Some(session);
                        break answer.steps.remove(&0).unwrap_or_default();
                    }
                    Err(NoAnswer::Lost(why)) if Instant::now() < deadline => {
                        self.waiting(format!("connection lost ({why})"));
                        tokio::time::sleep(RECONNECT_PAUSE).await;
                        continue;
                    }
                    Err(why) => why.to_string(),
                },
                Err(why) => why,
            };
            return Err(format!(
                "after the firewall was changed no new connection could be made, so the node puts its old rules back \
                 {ROLLBACK_SECONDS} s after the change: {lost}"
            ));
        };
        self.armed = false;
        let fired = format!(
            "the firewall's old rules are back: kfleet could not connect anew within {ROLLBACK_SECONDS} s after the \
             change, so the node took it back; find out which rule of its own lets SSH in"
        );
        match String::from_utf8_lossy(&answer.bytes).trim() {
            "disarmed" | "none" => Ok(None), // none: the node has booted since, and with new rules lets us in
            "fired" => Ok(Some(fired)),
            said => Ok(Some(format!(
                "{fired}; not all of them could be restored ({said}), and copies are in {BACKUPS}/{}",
                self.copies_of
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Patience;

    #[test]
    fn the_old_rules_are_back_while_kfleet_still_tries() {
        assert!(Duration::from_secs(ROLLBACK_SECONDS + 20) < Patience::default().reconnect);
    }
}
