//! Text from a node, made safe to show.
//!
//! A node is broken or worse, and its output reaches a root user's terminal: an escape sequence could set the title,
//! move the cursor over other nodes' lines or reverse the order of letters. The engine strips controls too; here it is
//! done once more, right before showing, because events also come from recordings and from older versions.

/// The most characters that one shown text has; more is a dump, not a message.
const LIMIT: usize = 1000;

/// `text` as one line without anything that a terminal would obey.
///
/// Escape sequences go with all they contain (CSI, OSC and its relatives, two-byte ones, and their 8-bit forms), so do
/// other controls, direction overrides and invisible characters. Line ends and tabs become spaces. Invalid UTF-8
/// becomes `�`, and what is longer than 1000 characters ends in `…`.
pub fn clean(text: impl AsRef<[u8]>) -> String {
    let mut scanner = Scanner::Ground;
    let mut shown = decode(text.as_ref()).filter_map(|c| scanner.step(c));
    let mut line: String = shown.by_ref().take(LIMIT).collect();
    if shown.next().is_some() {
        line.pop();
        line.push('…');
    }
    line
}

/// The lines of `text`, each made safe. Split first: a sequence left open in one line must not swallow the next.
pub fn clean_lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(clean)
}

/// Whether a character obeyed or hidden by terminals would be shown as it is.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Direction marks, embeddings, overrides and isolates: they make a line read other than it is.
            '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators.
            | '\u{2028}'..='\u{2029}'
            // Invisible, or changing a neighbour's width where terminals disagree: alignment would break.
            | '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Characters of maybe invalid UTF-8. A stray byte 0x80..0x9F is kept as the 8-bit control that a Latin-1 terminal
/// would see, so that its sequence is removed as a whole.
fn decode(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let stray = match chunk.invalid() {
            [] => None,
            [byte @ 0x80..=0x9f] => Some(char::from(*byte)),
            _ => Some(char::REPLACEMENT_CHARACTER),
        };
        chunk.valid().chars().chain(stray)
    })
}

/// Where in an escape sequence the text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scanner {
    /// Outside.
    Ground,
    /// After ESC, maybe after intermediates.
    Escape,
    /// In a control sequence, up to its final byte.
    Csi,
    /// In a string (title, clipboard, graphics), up to BEL or ST.
    String,
}

impl Scanner {
    /// Takes one character; gives the one to show, if any.
    fn step(&mut self, c: char) -> Option<char> {
        let (next, shown) = match (*self, c) {
            // A line's end closes whatever is open: terminals would swallow on, people want to read on.
            (_, '\n') => (Self::Ground, Some(' ')),
            (_, '\u{18}' | '\u{1a}' | '\u{9c}')
            | (Self::String, '\u{7}')
            | (Self::Escape, '0'..='O' | 'Q'..='W' | 'Y' | 'Z' | '\\' | '`'..='~')
            | (Self::Csi, '@'..='~') => (Self::Ground, None),
            (_, '\u{1b}') | (Self::Escape, ' '..='/') => (Self::Escape, None),
            (_, '\u{9b}') | (Self::Escape, '[') | (Self::Csi, ' '..='?') => (Self::Csi, None),
            (_, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}')
            | (Self::Escape, 'P' | 'X' | ']'..='_')
            | (Self::String, _) => (Self::String, None),
            (state @ (Self::Escape | Self::Csi), c) if c.is_control() => (state, None),
            (_, '\t') => (Self::Ground, Some(' ')),
            (_, c) => (Self::Ground, (!is_unsafe(c)).then_some(c)),
        };
        *self = next;
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sequences_go_with_all_they_contain() {
        for (dirty, shown) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;owned\u{7}after", "after"),
            ("\u{1b}]0;owned\u{1b}\\after", "after"),
            ("\u{1b}P1$r0m\u{1b}\\after", "after"),
            ("\u{9b}2Jafter", "after"),
            ("\u{9d}0;owned\u{9c}after", "after"),
            ("\u{1b}(Bafter\u{1b}c", "after"),
            ("a\tb\nc\r", "a b c"),
            ("10%\r100%", "10%100%"),
            ("a\u{8}\u{8}b", "ab"),
            ("user\u{202e}txt.exe", "usertxt.exe"),
            ("\u{1b}]0;never closed\nstill read", " still read"),
            ("\u{1b}[3\u{1b}[1mx", "x"),
            ("\u{1b}[12ü", "ü"),
            ("naïve 木 🚀", "naïve 木 🚀"),
        ] {
            assert_eq!(clean(dirty), shown, "{dirty:?}");
        }
    }

    #[test]
    fn invalid_bytes_are_shown_as_such_and_stray_8_bit_controls_are_obeyed_by_nobody() {
        assert_eq!(clean(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(clean(b"\x9b2Jb"), "b");
    }

    #[test]
    fn long_text_ends_in_an_ellipsis() {
        assert_eq!(clean("x".repeat(LIMIT)).chars().count(), LIMIT);
        let cut = clean("x".repeat(LIMIT + 1));
        assert_eq!(cut.chars().count(), LIMIT);
        assert!(cut.ends_with("x…"));
    }

    proptest! {
        #[test]
        fn nothing_unsafe_survives(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let cleaned = clean(&bytes);
            prop_assert!(!cleaned.chars().any(is_unsafe));
            prop_assert!(cleaned.chars().count() <= LIMIT);
            prop_assert_eq!(clean(&cleaned), cleaned);
        }

        #[test]
        fn ordinary_text_is_not_touched(text in "[a-zA-Z0-9 ./:_äöü木-]{0,300}") {
            prop_assert_eq!(clean(&text), text);
        }
    }
}
