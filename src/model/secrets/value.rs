//! Where the value of a key begins and ends.

use super::BEGIN;

/// What belongs to an unquoted value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// All up to a space, a quote or `&`.
    Word,
    /// A line of YAML: all that follows a colon.
    Line,
    /// A header of HTTP: all up to a quote.
    Header,
}

/// A value, without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) from: usize,
    pub(super) to: usize,
    /// It stands behind a colon and a space, and in no quotes: it may be a word of a sentence.
    pub(super) in_sentence: bool,
}

impl Value {
    pub(super) fn of(self, text: &str) -> &str {
        &text[self.from..self.to]
    }
}

fn is_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Whether only what YAML puts before a key stands before `at` in its line.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    let before = &text[..at];
    // No further than a key is indented: a line may be long, and have many keys.
    let indent = before.trim_end_matches(|c| is_gap(c) || matches!(c, '-' | '"' | '\''));
    indent.is_empty() || indent.ends_with('\n')
}

/// Where the value of a key begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    at: usize,
    /// A colon, and nothing else.
    colon: bool,
    gap: bool,
}

impl Start {
    /// What stands there, and all behind it.
    pub(super) fn of(self, text: &str) -> &str {
        &text[self.at..]
    }
}

/// What follows a key that ends at `end` and a sign between them: `=`, `:`, `=>`; the key may be in quotes.
pub(super) fn after_sign(text: &str, end: usize) -> Option<Start> {
    let rest = text[end..].trim_start_matches('\\').trim_start_matches(['"', '\'']);
    let rest = rest.trim_start_matches(is_gap);
    let behind = rest.trim_start_matches(['=', ':', '>']);
    let sign = &rest[..rest.len() - behind.len()];
    let value = behind.trim_start_matches(is_gap);
    let found = !sign.is_empty() && !sign.starts_with('>');
    found.then_some(Start { at: text.len() - value.len(), colon: sign == ":", gap: value.len() < behind.len() })
}

/// What follows a word after nothing but a gap, which may be the end of a line that goes on behind a backslash.
pub(super) fn after_gap(text: &str, end: usize) -> Option<Value> {
    let rest = &text[end..];
    let value = rest.trim_start_matches(|c| is_gap(c) || matches!(c, '\\' | '\r' | '\n'));
    let gap = &rest[..rest.len() - value.len()];
    let one_line = !gap.contains('\n') || gap.contains("\\\n") || gap.contains("\\\r\n");
    if !gap.starts_with(|c| is_gap(c) || c == '\\') || !one_line || value.starts_with('-') {
        return None;
    }
    bounds(text, Start { at: text.len() - value.len(), colon: false, gap: true }, Style::Word)
}

/// The value that begins there, unless it is empty. No further than it goes is looked, or a long text would take for ever.
pub(super) fn bounds(text: &str, start: Start, style: Style) -> Option<Value> {
    let (from, line) = (start.at, &text[start.at..]);
    let style = if style == Style::Line && !start.colon { Style::Word } else { style };
    let opening = line.trim_start_matches('\\');
    let value = match opening.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        Some(quote) => {
            let backslashes = line.len() - opening.len();
            let from = from + backslashes + 1;
            Value { from, to: from + quoted(&opening[1..], quote, backslashes), in_sentence: false }
        }
        None => Value { from, to: from + unquoted(line, style).len(), in_sentence: start.colon && start.gap },
    };
    // A key in PEM goes on behind the end of the line, and is found by itself.
    let to = value.of(text).find(BEGIN).map_or(value.to, |at| value.from + at);
    (value.from < to).then_some(Value { to, ..value })
}

/// How long a value is up to its closing quote, which has as many backslashes before it as the opening one had; to the end of
/// the line where that is missing.
fn quoted(line: &str, quote: char, opening: usize) -> usize {
    let mut chars = line.char_indices().peekable();
    let mut backslashes = 0;
    while let Some((at, c)) = chars.next() {
        if is_end(c) {
            return at;
        }
        if c == quote {
            let doubled = quote == '\'' && opening == 0 && chars.next_if(|(_, next)| *next == quote).is_some();
            let closes = backslashes <= opening || opening == 0 && backslashes % 2 == 0;
            if closes && !doubled {
                return at - backslashes.min(opening);
            }
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
    }
    line.len()
}

fn unquoted(line: &str, style: Style) -> &str {
    let ends = |c: char| match style {
        Style::Word => c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '&'),
        Style::Line => is_end(c),
        Style::Header => is_end(c) || matches!(c, '"' | '\'' | '`'),
    };
    let value = line[..line.find(ends).unwrap_or(line.len())].trim_end_matches(['\\', ' ', '\t']);
    let bare = value.trim_end_matches([',', ';', ')', ']', '}', '.']);
    if bare.is_empty() { value } else { bare }
}
