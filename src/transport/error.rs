//! Why a node could not be reached or spoken to. Each text says what was tried, what was seen and what to do next.

/// No session came about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No TCP connection, or sshd did not finish its greeting in time.
    #[error("{0}")]
    Unreachable(String),
    /// The host's key is unknown, changed or revoked. Never retried.
    #[error("{0}")]
    HostKey(String),
    /// The server took none of the keys. Never retried.
    #[error("{0}")]
    Login(String),
    /// A local file (key, `known_hosts`) cannot be used. Never retried.
    #[error("{0}")]
    Local(String),
}

/// A session failed while a script was starting or running.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The connection is gone. What the script did last is not known.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The server would not open a channel or start the command.
    #[error("sshd refused to run a command: {0}")]
    Refused(String),
    /// More than [`super::SPOOL_BYTES`] came faster than they could be read.
    #[error("the node printed more than {} MiB faster than it could be read", super::SPOOL_BYTES >> 20)]
    Flood,
}
