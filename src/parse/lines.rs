//! Bytes from a node to lines that are safe to show.

use crate::model::clean;

/// Splits a stream into lines of bounded length.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
}

/// Longer lines are cut: a node can print anything.
const LONGEST_LINE: usize = 2000;

impl Lines {
    /// Takes the next bytes in; gives the lines that are complete, cleaned, empty ones left out.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' | b'\r' => lines.extend(self.take()),
                _ if self.held.len() < LONGEST_LINE => self.held.push(*byte),
                _ => {}
            }
        }
        lines
    }

    /// The last line, where it had no newline.
    pub fn take(&mut self) -> Option<String> {
        let line = clean(std::mem::take(&mut self.held));
        (!line.trim().is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_and_clean() {
        let mut lines = Lines::default();
        assert_eq!(lines.feed(b"one\ntw"), ["one"]);
        assert_eq!(lines.feed(b"o\r\n\n\x1b[31mred\x1b[0m\x1b]0;title\x07!\n"), ["two", "red!"]);
        assert_eq!(lines.feed(b"rest"), Vec::<String>::new());
        assert_eq!(lines.take().as_deref(), Some("rest"));
        assert_eq!(lines.feed(&vec![b'x'; 1 << 20]), Vec::<String>::new());
        assert!(lines.take().is_some_and(|l| l.len() <= LONGEST_LINE));
    }
}
