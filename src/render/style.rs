//! Colour, as a second voice: every state is also a word.

use super::text::{columns, fit};
use comfy_table::{Attribute, Color};

/// How a view is dressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether the reader's terminal shows colours and its user wants them (`NO_COLOR`).
    pub color: bool,
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Strong,
    Faint,
    Good,
    Warn,
    Bad,
}

impl Paint {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("1;31"),
        }
    }

    /// `text` dressed for `style`.
    pub(crate) fn on(self, text: &str, style: Style) -> String {
        match self.code() {
            Some(code) if style.color => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

impl Paint {
    /// A cell of comfy-table's, dressed for `style`.
    pub(crate) fn cell(self, text: String, style: Style) -> comfy_table::Cell {
        let cell = comfy_table::Cell::new(text);
        if !style.color {
            return cell;
        }
        match self {
            Self::Plain => cell,
            Self::Strong => cell.add_attribute(Attribute::Bold),
            Self::Faint => cell.add_attribute(Attribute::Dim),
            Self::Good => cell.fg(Color::DarkGreen),
            Self::Warn => cell.fg(Color::DarkYellow),
            Self::Bad => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
        }
    }
}

/// A line put together piece by piece that never grows wider than its limit.
pub(crate) struct Line {
    text: String,
    used: usize,
    limit: usize,
    style: Style,
}

impl Line {
    pub(crate) fn new(limit: usize, style: Style) -> Self {
        Self { text: String::new(), used: 0, limit, style }
    }

    /// Adds `text`, cut to the room that is left.
    pub(crate) fn push(&mut self, text: &str, paint: Paint) {
        let text = fit(text, self.room());
        if !text.is_empty() {
            self.used += columns(&text);
            self.text.push_str(&paint.on(&text, self.style));
        }
    }

    /// Fills with spaces up to column `to`.
    pub(crate) fn fill(&mut self, to: usize) {
        self.push(&" ".repeat(to.min(self.limit).saturating_sub(self.used)), Paint::Plain);
    }

    /// Columns that are left.
    pub(crate) fn room(&self) -> usize {
        self.limit - self.used
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_columns() {
        let mut line = Line::new(8, Style { color: true });
        line.push("ok 9", Paint::Good);
        line.fill(6);
        line.push("failed", Paint::Bad);
        assert_eq!(line.finish(), "\x1b[32mok 9\x1b[0m  \x1b[1;31mf…\x1b[0m");
    }
}
