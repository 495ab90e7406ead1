//! One attached script on one session: streamed, its marks read, its steps collected. For scripts that only read, and
//! for what is asked of the control plane; what changes a node is owned by the node instead.

mod collect;

pub use collect::{Collect, DRAINED_BYTES};

use crate::model::{Node, clean};
use crate::parse::SectionOutput;
use crate::shell::{Nonce, Script};
use crate::transport::{Session, SessionError};
use std::collections::BTreeMap;
use std::time::Duration;

/// What an attached script gave.
#[derive(Debug, Default)]
pub struct Answer {
    /// By step number.
    pub steps: BTreeMap<usize, SectionOutput>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// The connection is gone; a new one may do.
    Lost(String),
    /// The node runs no script of ours: sudo asks for a password, a broken shell. The text says what was seen.
    NoShell(String),
    /// It did not come to its end in time, or ended without its last mark.
    Unfinished(String),
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost(why) | Self::NoShell(why) | Self::Unfinished(why) => f.write_str(why),
        }
    }
}

/// Runs `script`, which only reads, and collects what each step printed. Success is its last mark, never an exit status.
/// Of a script that does not come to its end in time, the steps that ended are the answer: who asked for others finds
/// them missing.
pub async fn attached<S: Session>(
    session: &S,
    node: &Node,
    script: &Script,
    deadline: Duration,
) -> Result<Answer, NoAnswer> {
    let nonce = fresh_nonce();
    let mut reader = session.start(&script.render(&nonce)).await.map_err(|e| match e {
        SessionError::Lost(why) => NoAnswer::Lost(why),
        other => NoAnswer::NoShell(other.to_string()),
    })?;
    let mut collect = Collect::new(&nonce, script.len());
    let read = async {
        while let Some(bytes) = reader.next().await {
            if !collect.take(&bytes) {
                return Err(NoAnswer::Unfinished(format!("the node printed more than {} MiB", DRAINED_BYTES >> 20)));
            }
            if collect.said_bye() {
                break;
            }
        }
        Ok(())
    };
    let in_time = tokio::time::timeout(deadline, read).await;
    match in_time {
        // What hangs is one thing that was asked, and what came before it is as good as ever.
        Err(_) if collect.said_hello() && collect.has_steps() => return Ok(Answer { steps: collect.into_steps() }),
        Err(_) => return Err(NoAnswer::Unfinished(format!("no answer within {} s", deadline.as_secs()))),
        Ok(result) => result?,
    }
    if collect.said_bye() {
        return Ok(Answer { steps: collect.into_steps() });
    }
    match reader.end() {
        Err(SessionError::Lost(why)) => Err(NoAnswer::Lost(why)),
        Err(other) => Err(NoAnswer::Unfinished(other.to_string())),
        Ok(exit) if collect.said_hello() => {
            Err(NoAnswer::Unfinished(format!("the script ended early with status {:?}", exit.status)))
        }
        Ok(exit) => Err(NoAnswer::NoShell(no_shell(&node.access.user, &exit.stderr, exit.status))),
    }
}

/// What a login that runs no script of ours is told.
pub fn no_shell(user: &str, stderr: &[u8], status: Option<u32>) -> String {
    let said = String::from_utf8_lossy(stderr);
    let last = clean(said.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("nothing"));
    if said.contains("sudo:") {
        return format!(
            "sudo does not give root's rights without a password ({last}); allow it with a line like \
             `{user} ALL=(ALL) NOPASSWD: ALL` in /etc/sudoers.d/{user} (write it with `visudo -f`)"
        );
    }
    let status = status.map_or_else(|| "a signal".to_owned(), |s| format!("status {s}"));
    format!("the login shell did not run the script: it ended with {status} and said: {last}")
}

/// A nonce that no node can guess.
pub fn fresh_nonce() -> Nonce {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    Nonce::from_bytes(bytes)
}
