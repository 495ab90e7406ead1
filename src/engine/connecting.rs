//! Getting a connection to the node, and getting it back.

use super::node::Driver;
use crate::attached::{Answer, NoAnswer, attached};
use crate::model::Outcome;
use crate::shell::Script;
use crate::transport::{ConnectError, Transport};
use std::time::{Duration, Instant};

/// Before the first try to reconnect; doubled with each further one.
pub(super) const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

impl<T: Transport> Driver<'_, T> {
    pub(super) async fn first_connection(&mut self) -> Result<(), Outcome> {
        self.waiting(format!("connecting to {}:{}", self.node.access.host, self.node.access.port));
        let connected = tokio::select! {
            connected = self.context.transport.connect(self.node) => connected,
            () = self.context.stop.cancelled() => {
                self.trouble = Some("stopped while connecting; nothing was done to it".to_owned());
                return Err(Outcome::Interrupted);
            }
        };
        match connected {
            Ok(session) => {
                self.session = Some(session);
                Ok(())
            }
            Err(error) => {
                self.trouble = Some(error.to_string());
                Err(Outcome::Unreachable)
            }
        }
    }

    /// What the node answers to a script that only reads; asked once more where the connection is lost.
    pub(super) async fn answer(&mut self, script: &Script, deadline: Duration) -> Result<Answer, String> {
        for last_try in [false, true] {
            let session = self.session().await?;
            match attached(&session, self.node, script, deadline).await {
                Ok(answer) => {
                    self.session = Some(session);
                    return Ok(answer);
                }
                Err(NoAnswer::Lost(_)) if !last_try => {}
                Err(why) => return Err(why.to_string()),
            }
        }
        unreachable!("the last try returns")
    }

    /// Takes the session out, or makes a new one within the patience for lost connections.
    pub(super) async fn session(&mut self) -> Result<T::Session, String> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let deadline = Instant::now() + self.context.patience.reconnect;
        let mut pause = RECONNECT_PAUSE;
        loop {
            self.waiting("reconnecting".to_owned());
            match self.context.transport.connect(self.node).await {
                Ok(session) => return Ok(session),
                // It let us in before: a machine that goes down or comes up lets nobody in for a while (pam_nologin).
                Err(error @ (ConnectError::HostKey(_) | ConnectError::Local(_))) => return Err(error.to_string()),
                Err(error) if Instant::now() + pause > deadline => return Err(error.to_string()),
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(8));
        }
    }
}
