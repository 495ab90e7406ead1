//! How scripts reach nodes: a trait, an SSH implementation, and a local one for tests.

mod error;
mod spool;
pub mod ssh;

pub use error::{ConnectError, SessionError};
pub use spool::{Exit, Spool, SpoolReader, spool};

use crate::model::Node;
use crate::shell::Rendered;
use std::future::Future;

/// Bytes of one script's output kept between the node and whoever reads them; more is a fault of the node, reported as
/// [`SessionError::Flood`], because a reader that fell behind must not stop the connection nor fill the memory.
pub const SPOOL_BYTES: usize = 8 << 20;

/// Makes connections.
pub trait Transport: Send + Sync + 'static {
    /// What a connection is.
    type Session: Session;

    /// Connects and logs in, within `node.access.connect_timeout`. Nothing is run on the node.
    fn connect(&self, node: &Node) -> impl Future<Output = Result<Self::Session, ConnectError>> + Send;
}

/// One connection to one node. Dropping it closes it; a script that was started attached may live on.
pub trait Session: Send + Sync + 'static {
    /// Starts `/bin/sh -s` (as root, by the node's [`crate::model::Become`]) and streams `script` to its standard input.
    ///
    /// Returns once the script is on its way; the output is drained by a task of its own into the spool that the
    /// returned reader reads, so a slow reader never holds up the connection. The remote command line is made of
    /// constant words, with the client's `SSH_CONNECTION` as `$1`.
    fn start(&self, script: &Rendered) -> impl Future<Output = Result<SpoolReader, SessionError>> + Send;
}
