//! A transport without network: scripts run as children of the test, on this machine or in a sandbox that the test names.

use kfleet::model::Node;
use kfleet::shell::Rendered;
use kfleet::transport::{ConnectError, Exit, Session, SessionError, Spool, SpoolReader, Transport, spool};
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

/// Starts `PREFIX… /bin/sh -s --`, whatever the node.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalTransport {
    prefix: Vec<String>,
}

impl LocalTransport {
    /// `prefix` goes before the shell: `unshare -m`, `chroot DIR`, or nothing.
    pub(crate) fn new<'a>(prefix: impl IntoIterator<Item = &'a str>) -> Self {
        Self { prefix: prefix.into_iter().map(str::to_owned).collect() }
    }
}

impl Transport for LocalTransport {
    type Session = LocalSession;

    async fn connect(&self, _: &Node) -> Result<LocalSession, ConnectError> {
        Ok(LocalSession { prefix: self.prefix.clone() })
    }
}

/// Each script is a child of its own.
pub(crate) struct LocalSession {
    prefix: Vec<String>,
}

impl Session for LocalSession {
    async fn start(&self, script: &Rendered) -> Result<SpoolReader, SessionError> {
        let mut words = self.prefix.iter().map(String::as_str).chain(["/bin/sh", "-s", "--", ""]);
        let mut child = Command::new(words.next().unwrap_or("/bin/sh"))
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| SessionError::Refused(format!("{:?}: {e}", self.prefix)))?;
        let stdin = child.stdin.take().expect("it is piped");
        let (spool, reader) = spool();
        tokio::spawn(run(child, stdin, script.real().to_owned(), spool));
        Ok(reader)
    }
}

async fn run(mut child: Child, mut stdin: ChildStdin, script: String, spool: Spool) {
    let mut out = child.stdout.take().expect("it is piped");
    let mut err = child.stderr.take().expect("it is piped");
    let feed = async move {
        // A shell that ended early says so by its status.
        let _ = stdin.write_all(script.as_bytes()).await;
    };
    let drain = async {
        let mut buffer = vec![0; 32 << 10];
        while let Ok(count @ 1..) = out.read(&mut buffer).await {
            if !spool.push(&buffer[..count]) {
                return false;
            }
        }
        true
    };
    let complain = async {
        let mut all = Vec::new();
        let _ = err.read_to_end(&mut all).await;
        all.split_off(all.len().saturating_sub(4 << 10))
    };
    // Left early, by a flood or because nobody reads, the child is killed when it is dropped.
    let stderr = tokio::select! {
        ((), whole, stderr) = async { tokio::join!(feed, drain, complain) } => if whole { stderr } else { return },
        () = spool.abandoned() => return,
    };
    let end = match child.wait().await {
        Ok(status) => Ok(Exit { status: status.code().and_then(|c| c.try_into().ok()), stderr }),
        Err(error) => Err(SessionError::Lost(error.to_string())),
    };
    spool.finish(end);
}
