//! The bounded buffer between a channel's draining task and the reader of a script's output.
//!
//! `push` never waits: russh stops a whole connection, keepalives included, behind one channel that nobody drains.

use super::{SPOOL_BYTES, SessionError};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// How a remote command ended, as the server said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit status; `None` where it was killed by a signal.
    pub status: Option<u32>,
    /// The last bytes of standard error (at most 4 KiB): the login shell's, sudo's or sh's own complaints.
    pub stderr: Vec<u8>,
}

#[derive(Default)]
struct State {
    data: Vec<u8>,
    end: Option<Result<Exit, SessionError>>,
    abandoned: bool,
}

struct Shared {
    state: Mutex<State>,
    /// Wakes the reader.
    changed: Notify,
    /// Wakes the writer.
    left: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The writing end, held by the draining task. Dropped without [`Spool::finish`] it counts as a lost connection.
pub struct Spool(Arc<Shared>);

/// The reading end. Dropping it tells the writer that nobody reads any more.
pub struct SpoolReader(Arc<Shared>);

/// A new, empty spool.
pub fn spool() -> (Spool, SpoolReader) {
    let shared = Arc::new(Shared { state: Mutex::default(), changed: Notify::new(), left: Notify::new() });
    (Spool(Arc::clone(&shared)), SpoolReader(shared))
}

impl Spool {
    /// Takes bytes in. False once the reader has fallen too far behind: further bytes are dropped and the reader is told.
    pub fn push(&self, bytes: &[u8]) -> bool {
        let mut state = self.0.lock();
        if state.end.is_some() {
            return false;
        }
        let fits = state.data.len() + bytes.len() <= SPOOL_BYTES;
        if fits {
            state.data.extend_from_slice(bytes);
        } else {
            state.end = Some(Err(SessionError::Flood));
        }
        drop(state);
        self.0.changed.notify_one();
        fits
    }

    /// Resolves once the reader is gone: what the command prints from now on is of no use.
    pub async fn abandoned(&self) {
        while !self.0.lock().abandoned {
            // A permit is kept where the reader leaves between the look and the wait.
            self.0.left.notified().await;
        }
    }

    /// Says how the command ended.
    pub fn finish(self, end: Result<Exit, SessionError>) {
        self.0.lock().end.get_or_insert(end);
        // Drop notifies.
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let lost = || Err(SessionError::Lost("its task ended early".to_owned()));
        self.0.lock().end.get_or_insert_with(lost);
        self.0.changed.notify_one();
    }
}

impl SpoolReader {
    /// The next bytes, in order; `None` when all were given and the command has ended: then ask [`Self::end`].
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            {
                let mut state = self.0.lock();
                if !state.data.is_empty() {
                    return Some(std::mem::take(&mut state.data));
                }
                if state.end.is_some() {
                    return None;
                }
            }
            self.0.changed.notified().await;
        }
    }

    /// How the command ended; `Lost` as long as it has not.
    pub fn end(&self) -> Result<Exit, SessionError> {
        let running = || Err(SessionError::Lost("the command is still running".to_owned()));
        self.0.lock().end.clone().unwrap_or_else(running)
    }
}

impl Drop for SpoolReader {
    fn drop(&mut self) {
        self.0.lock().abandoned = true;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_come_out_in_order_and_then_the_end() {
        let (spool, mut reader) = spool();
        assert!(spool.push(b"one "));
        assert!(spool.push(b"two"));
        assert_eq!(reader.next().await.unwrap(), b"one two");
        let exit = Exit { status: Some(3), stderr: Vec::new() };
        spool.finish(Ok(exit.clone()));
        assert_eq!(reader.next().await, None);
        assert_eq!(reader.end(), Ok(exit));
    }

    #[tokio::test]
    async fn a_flood_is_bounded_and_reported() {
        let (spool, mut reader) = spool();
        let chunk = vec![b'x'; 1 << 20];
        let taken = (0..100).filter(|_| spool.push(&chunk)).count();
        assert_eq!(taken, SPOOL_BYTES >> 20);
        assert_eq!(reader.next().await.map(|b| b.len()), Some(SPOOL_BYTES));
        assert_eq!(reader.next().await, None);
        assert_eq!(reader.end(), Err(SessionError::Flood));
    }

    #[tokio::test]
    async fn a_writer_that_vanishes_is_a_lost_connection() {
        let (spool, mut reader) = spool();
        drop(spool);
        assert_eq!(reader.next().await, None);
        assert!(matches!(reader.end(), Err(SessionError::Lost(_))));
    }

    #[tokio::test]
    async fn the_writer_hears_when_the_reader_leaves() {
        let (spool, reader) = spool();
        drop(reader);
        spool.abandoned().await;
        let (spool, reader) = super::spool();
        let waiting = tokio::spawn(async move { spool.abandoned().await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(reader);
        waiting.await.unwrap();
    }
}
