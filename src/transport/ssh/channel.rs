//! One script on one channel: a task that feeds the script in and drains the output, both at once.
//!
//! Neither side may wait for the other: a script that prints before it is read whole fills its output window while ours
//! is still writing, and russh stops the whole connection, keepalives included, behind one channel that nobody drains.

use super::gate::{Ending, Gate};
use super::text::printable;
use crate::transport::{Exit, SessionError, Spool};
use russh::client::{Handle, Msg};
use russh::{Channel, ChannelMsg};
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;

/// Bytes of standard error that are kept.
const STDERR_TAIL: usize = 4 << 10;

/// What the task needs to know.
pub(super) struct Job {
    pub(super) handle: Arc<Handle<Gate>>,
    pub(super) ending: Ending,
    pub(super) command: &'static str,
    pub(super) script: String,
    pub(super) spool: Spool,
}

/// Runs a job to its end. `started` is told when sshd has taken the command, or why not.
pub(super) async fn run(job: Job, started: oneshot::Sender<Result<(), SessionError>>) {
    let mut drain = Drain { spool: job.spool, ended: false, status: None, stderr: Vec::new() };
    let channel = match open(&job.handle, job.command, &job.ending, &mut drain).await {
        Ok(channel) => channel,
        Err(error) => {
            // Nobody waits any more where `start` was cancelled.
            let _ = started.send(Err(error));
            return;
        }
    };
    let _ = started.send(Ok(()));
    pump(channel, job.script, &mut drain).await;
    let why = if job.handle.is_closed() {
        job.ending.reason()
    } else {
        "sshd closed the channel without an exit status".to_owned()
    };
    drain.finish(&why);
}

async fn open(
    handle: &Handle<Gate>,
    command: &str,
    ending: &Ending,
    drain: &mut Drain,
) -> Result<Channel<Msg>, SessionError> {
    let failed = |error: russh::Error| match error {
        russh::Error::ChannelOpenFailure(reason) => SessionError::Refused(format!(
            "it opened no channel ({reason:?}); see `MaxSessions` and the log of sshd on the node"
        )),
        _ => SessionError::Lost(ending.reason()),
    };
    let mut channel = handle.channel_open_session().await.map_err(failed)?;
    channel.exec(true, command).await.map_err(failed)?;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(channel),
            Some(ChannelMsg::Failure) => {
                let _ = channel.close().await;
                let why = "it answered no to the exec request; see the log of sshd on the node";
                return Err(SessionError::Refused(why.to_owned()));
            }
            Some(message) => {
                drain.take(message);
            }
            None => return Err(SessionError::Lost(ending.reason())),
        }
    }
}

/// Feeds and drains until the channel is closed by the node, or by us because its output is of no use any more.
async fn pump(channel: Channel<Msg>, script: String, drain: &mut Drain) {
    let (mut read, write) = channel.split();
    let mut writer = write.make_writer();
    let feed = async move {
        // An error means that the connection or the reading shell is gone, which the channel tells better.
        let _ = writer.write_all(script.as_bytes()).await;
        let _ = writer.shutdown().await;
    };
    tokio::pin!(feed);
    let mut all_in = false;
    loop {
        tokio::select! {
            () = &mut feed, if !all_in => all_in = true,
            message = read.wait() => match message {
                None => return,
                Some(message) => if !drain.take(message) { break },
            },
            () = drain.spool.abandoned() => break,
        }
    }
    // Dropped first: closing waits for russh's task, which may be waiting for room in this very channel.
    drop(read);
    let _ = write.close().await;
}

struct Drain {
    spool: Spool,
    /// Whether sshd said how the command ended.
    ended: bool,
    /// The status, where no signal ended it.
    status: Option<u32>,
    stderr: Vec<u8>,
}

impl Drain {
    /// False once the spool takes nothing more.
    fn take(&mut self, message: ChannelMsg) -> bool {
        match message {
            ChannelMsg::Data { data } => return self.spool.push(&data),
            ChannelMsg::ExtendedData { data, .. } => {
                self.stderr.extend_from_slice(&data);
                let surplus = self.stderr.len().saturating_sub(STDERR_TAIL);
                self.stderr.drain(..surplus);
            }
            ChannelMsg::ExitStatus { exit_status } => {
                self.ended = true;
                self.status = Some(exit_status);
            }
            ChannelMsg::ExitSignal { .. } => self.ended = true,
            // Eof and Close do not order themselves with the exit status: only the end of the channel is the end.
            _ => {}
        }
        true
    }

    /// `why` it is over, for the case that sshd did not say how the command ended.
    fn finish(self, why: &str) {
        let end = if self.ended {
            Ok(Exit { status: self.status, stderr: self.stderr })
        } else {
            let said = printable(&String::from_utf8_lossy(&self.stderr));
            let said = if said.is_empty() { said } else { format!(" (standard error ended with: {said})") };
            Err(SessionError::Lost(format!("{why}, and the script's end was not seen{said}")))
        };
        self.spool.finish(end);
    }
}
