//! Lines to a pipe or a file that may go away.

use super::choose::stderr_width;
use super::text::fold;
use std::io::{self, Write};

/// Writes whole lines and remembers the first error instead of stopping a run that changes nodes.
pub(crate) struct Sink<W> {
    out: W,
    broken: Option<io::Error>,
}

impl<W: Write> Sink<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, broken: None }
    }

    /// One line, flushed: who reads along sees it when it happens. Nothing where an earlier one failed.
    pub(crate) fn line(&mut self, mut line: String) {
        if self.broken.is_none() {
            line.push('\n');
            self.broken = self.out.write_all(line.as_bytes()).and_then(|()| self.out.flush()).err();
        }
    }

    /// Whether writing failed.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// The first error, except that a reader who left (`| head`) is none.
    pub(crate) fn finish(self) -> io::Result<()> {
        tolerate_broken_pipe(self.broken.map_or(Ok(()), Err))
    }
}

/// Writes a finished text such as [`summary`](super::summary). A reader who left (`| head`) is no error.
pub fn print(mut out: impl Write, text: &str) -> io::Result<()> {
    tolerate_broken_pipe(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Says a sentence, or more, on standard error, folded where that is a terminal. Nobody is left to tell that this failed.
pub fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{}", fold(text, stderr_width()));
}

fn tolerate_broken_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
