//! Bytes from a node to lines that are safe to show.

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
        let line = clean(&String::from_utf8_lossy(&std::mem::take(&mut self.held)));
        (!line.trim().is_empty()).then_some(line)
    }
}

/// `text` without anything that a terminal would act on: escape sequences, other controls, and the characters that
/// reorder text. Tabs become spaces.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\t' => out.push(' '),
            '\x1b' => skip_escape(&mut chars),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// CSI ends at a byte from `@` to `~`; OSC, DCS and their like at BEL or ST; anything else is two characters.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(c) = chars.next() {
                if c == '\x07' || (c == '\x1b' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_come_out_whole_and_clean() {
        let mut lines = Lines::default();
        assert_eq!(lines.feed(b"one\ntw"), ["one"]);
        assert_eq!(lines.feed(b"o\r\n\n\x1b[31mred\x1b[0m\x1b]0;title\x07!\n"), ["two", "red!"]);
        assert_eq!(lines.feed(b"rest"), Vec::<String>::new());
        assert_eq!(lines.take().as_deref(), Some("rest"));
        assert_eq!(lines.feed(&vec![b'x'; 1 << 20]), Vec::<String>::new());
        assert_eq!(lines.take().map(|l| l.len()), Some(LONGEST_LINE));
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_acts_on_survives(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = clean(&String::from_utf8_lossy(&bytes));
            prop_assert!(text.chars().all(|c| !c.is_control()));
        }
    }
}
