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
    use crate::model::is_unsafe;
    use proptest::prelude::*;

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

    fn all(chunks: &[Vec<u8>]) -> Vec<String> {
        let mut lines = Lines::default();
        let whole: Vec<String> = chunks.iter().flat_map(|chunk| lines.feed(chunk)).collect();
        whole.into_iter().chain(lines.take()).collect()
    }

    proptest! {
        #[test]
        fn any_chunks_give_the_same_lines_and_all_are_safe(
            chunks in prop::collection::vec("(.{0,3}|[\\n\\r\u{1b}\u{9b}\\[\\]m;x]{0,20}|x{0,1500}){0,5}", 0..8),
            wrong in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut chunks: Vec<Vec<u8>> = chunks.into_iter().map(String::into_bytes).collect();
            chunks.push(wrong);
            let whole = all(&[chunks.concat()]);
            prop_assert_eq!(&all(&chunks), &whole);
            let bytes: Vec<Vec<u8>> = chunks.concat().into_iter().map(|byte| vec![byte]).collect();
            prop_assert_eq!(&all(&bytes), &whole);
            prop_assert!(whole.iter().all(|line| line.len() <= 4 * LONGEST_LINE && !line.chars().any(is_unsafe)));
        }
    }
}
