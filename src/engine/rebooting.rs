//! The last rung: the machine boots anew, which its boot id proves and nothing else.

use super::connecting::RECONNECT_PAUSE;
use super::node::Driver;
use crate::attached::attached;
use crate::escalate::{Input, Ran};
use crate::model::Fact;
use crate::plan::{PhaseScript, ask_boot};
use crate::transport::Transport;
use std::time::{Duration, Instant};

/// For services to be started after a boot; what is not up by then is for the probe to judge.
const SERVICES: Duration = Duration::from_secs(120);
/// Between two looks at a machine that is about to go down or to come up.
const PAUSE: Duration = Duration::from_secs(2);

impl<T: Transport> Driver<'_, T> {
    /// Boots the machine, and waits until it is back in another boot.
    pub(super) async fn reboot(&mut self, script: PhaseScript) -> Input {
        let Fact::Known(before) = self.facts.boot_id.clone() else {
            self.trouble = Some("its boot id is not known, so that it has booted could not be proven".to_owned());
            return Input::Ran(Ran::NotStarted);
        };
        let (ran, why) = self.carry_out(&script).await;
        // A machine that goes down may take the last words of the phase with it: its boot says more.
        self.unseen = None;
        let (ran, why) = if matches!(ran, Ran::Done | Ran::Lost) { self.await_boot(&before).await } else { (ran, why) };
        let ran = if ran == Ran::DoneAndHalted { Ran::Halted } else { ran }; // it does not boot then
        self.phase_finished(script.phase, why.clone());
        self.trouble = why;
        Input::Ran(ran)
    }

    pub(super) async fn await_boot(&mut self, before: &str) -> (Ran, Option<String>) {
        let (patience, asked) = (self.context.patience.reboot, Instant::now());
        self.waiting("waiting for the machine to boot".to_owned());
        loop {
            let away = match self.boot_id(before).await {
                Ok(now) if now != before => {
                    self.waiting(format!("booted anew, boot id {now}"));
                    return (Ran::Done, None);
                }
                Ok(_) => None,
                Err(why) => Some(why),
            };
            if asked.elapsed() >= patience {
                let seconds = patience.as_secs();
                return match away {
                    None => (
                        Ran::Failed,
                        Some(format!(
                            "the machine was to boot and has not within {seconds} s: its boot id is the same"
                        )),
                    ),
                    Some(why) => (
                        Ran::Gone,
                        Some(format!(
                            "the machine was to boot and did not come back within {seconds} s; look at its console: {why}"
                        )),
                    ),
                };
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The boot id over a connection of its own; where it is not `before`, once services have been started.
    async fn boot_id(&mut self, before: &str) -> Result<String, String> {
        self.session = None; // what is left of one from before the boot waits for answers that never come
        let session = self.context.transport.connect(self.node).await.map_err(|e| e.to_string())?;
        let script = ask_boot(self.node, before, SERVICES);
        let answer = attached(&session, self.node, &script, SERVICES + PAUSE * 5).await.map_err(|e| e.to_string())?;
        let said = answer.steps.get(&0).filter(|said| said.status == 0).ok_or("it did not tell its boot id")?;
        let now = String::from_utf8_lossy(&said.bytes).trim().to_owned();
        // /proc/sys/kernel/random/boot_id is a UUID; anything else proves nothing.
        if now.len() != 36 || !now.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
            return Err("what it told is no boot id".to_owned());
        }
        self.session = Some(session);
        Ok(now)
    }

    /// After a phase that a boot has cut off: a probe that comes too early finds services down that are about to start.
    pub(super) async fn after_cut_off(&mut self, before: &str) {
        self.waiting("the node has booted; waiting for its services".to_owned());
        for _ in 0..3 {
            if self.boot_id(before).await.is_ok() {
                return; // else the probe meets the same trouble, and tells it
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }
}
