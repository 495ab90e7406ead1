//! Plain output for pipes and logs: one line per event worth one.

use super::sentence::{Weight, sentence};
use super::sink::Sink;
use super::tally::Tally;
use crate::model::Event;
use std::io::{self, Write};

/// Writes each event's sentence, prefixed by the node's name; no control characters, no colours.
pub struct Lines<W> {
    sink: Sink<W>,
    tally: Tally,
    shown: Weight,
}

impl<W: Write> Lines<W> {
    /// `verbose` 0: what nodes do and how they end; 1: each step; 2: each line that a node prints.
    pub fn new(out: W, verbose: u8) -> Self {
        Self { sink: Sink::new(out), tally: Tally::default(), shown: Weight::at(verbose) }
    }

    /// Writes the event's line, if it has one.
    pub fn event(&mut self, event: &Event) {
        self.tally.apply(event);
        if let Some((_, line)) = sentence(&self.tally, event).filter(|(weight, _)| *weight <= self.shown) {
            self.sink.line(line);
        }
    }

    /// The first error that writing met, a closed pipe excepted.
    pub fn finish(self) -> io::Result<()> {
        self.sink.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::story;

    fn lines(verbose: u8) -> String {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out, verbose);
        for event in story() {
            lines.event(&event);
        }
        lines.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn plain_lines_tell_the_story() {
        insta::assert_snapshot!("lines", lines(0));
    }

    #[test]
    fn more_words_on_demand() {
        insta::assert_snapshot!("lines_verbose", lines(2));
        assert!(lines(1).contains("step 2/3") && !lines(1).contains(" | "));
    }

    struct Closed(io::ErrorKind);
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_left_is_no_error_but_a_full_disk_is() {
        for (kind, good) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
            let mut lines = Lines::new(Closed(kind), 0);
            for event in story() {
                lines.event(&event);
            }
            assert_eq!(lines.finish().is_ok(), good);
        }
    }
}
