//! The terminal as indicatif draws on it, with rows that end in a newline.
//!
//! indicatif fills every row with spaces up to the right edge and lets the terminal wrap. To the terminal all rows are
//! then one long paragraph, the printed lines above included, and when its window is resized it sets that paragraph
//! anew: the picture smears and the log stays garbled. Here the filling is left out and a full row is followed by a
//! newline, so that a resize moves nothing but lines longer than the new width, and those are known and erased.

use super::text::columns;
use indicatif::TermLike;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A shared handle: indicatif owns one, the view that tells it sizes another.
#[derive(Clone)]
pub(crate) struct Screen(Arc<Mutex<State>>);

struct State {
    out: Box<dyn Write + Send>,
    /// What is drawn but not shown yet.
    buffer: String,
    /// The size that the picture was made for. indicatif must not ask again: a resize in between would tear it.
    width: usize,
    height: usize,
    /// The cursor's column; `width` means that the row is full, whether or not spaces were really written.
    column: usize,
    /// The first error; drawing on is pointless then, and stopping the run for it would be worse.
    broken: Option<io::Error>,
}

impl Screen {
    pub(crate) fn new(out: Box<dyn Write + Send>) -> Self {
        let (buffer, broken) = (String::new(), None);
        Self(Arc::new(Mutex::new(State { out, buffer, width: 80, height: 24, column: 0, broken })))
    }

    /// Sets the size for the next picture. `drawn` is the picture that stands there, without colours.
    ///
    /// Where the window became narrower, terminals broke the picture's lines in two; indicatif knows nothing of the
    /// rows that came of it. They are erased here, and the cursor is left where indicatif expects it. (A terminal that
    /// cuts instead of breaking loses as many printed lines from view; the summary says it all again.)
    pub(crate) fn resize(&self, width: u16, height: u16, drawn: &str) {
        let mut state = self.state();
        let (width, height) = (usize::from(width).max(2), usize::from(height).max(1));
        if width < state.width && !drawn.is_empty() {
            let lines = drawn.lines().count();
            let rows: usize = drawn.lines().map(|line| columns(line).div_ceil(width).max(1)).sum();
            if rows > lines {
                state.csi(rows - 1, 'A');
                state.buffer.push_str("\r\x1b[J");
                state.buffer.push_str(&"\n".repeat(lines - 1));
                state.column = 0;
            }
        }
        (state.width, state.height) = (width, height);
    }

    /// Shows what was drawn since the last time, in one write: no half picture is ever seen.
    pub(crate) fn send(&self) {
        self.state().send();
    }

    /// Ends a row that was left open; the first error that drawing met, if any.
    pub(crate) fn finish(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.column > 0 {
            state.newline();
        }
        state.send();
        state.broken.take().map_or(Ok(()), Err)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn csi(&mut self, n: usize, command: char) {
        if n > 0 {
            let _ = write!(self.buffer, "\x1b[{n}{command}"); // a String takes everything
        }
    }

    fn newline(&mut self) {
        self.buffer.push_str("\r\n");
        self.column = 0;
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if text == "\r" {
            self.buffer.push('\r');
            self.column = 0;
            return;
        }
        if self.column >= self.width {
            self.newline();
        }
        let filling = text.bytes().all(|b| b == b' ') && self.column + text.len() == self.width;
        if filling {
            self.column = self.width;
        } else {
            self.buffer.push_str(text);
            self.column = end_column(self.column, text, self.width);
        }
    }

    fn send(&mut self) {
        if self.broken.is_none() && !self.buffer.is_empty() {
            // Between these marks a terminal that knows them shows nothing; others ignore them.
            let picture = format!("\x1b[?2026h{}\x1b[?2026l", self.buffer);
            self.broken = self.out.write_all(picture.as_bytes()).and_then(|()| self.out.flush()).err();
        }
        self.buffer.clear();
    }
}

/// indicatif clears its picture when it is dropped early; that has to be seen, or the shell's prompt stands in it.
impl Drop for State {
    fn drop(&mut self) {
        self.send();
    }
}

/// The column after `text`, wrapped as terminals do: a character that does not fit begins the next row.
fn end_column(start: usize, text: &str, width: usize) -> usize {
    let plain = console::strip_ansi_codes(text);
    plain.chars().fold(start, |column, c| {
        let wide = columns(c.encode_utf8(&mut [0; 4]));
        if column + wide > width { wide } else { column + wide }
    })
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Screen")
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        u16::try_from(self.state().width).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(self.state().height).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.state().csi(n, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.state().csi(n, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        let mut state = self.state();
        state.csi(n, 'C');
        state.column = (state.column + n).min(state.width);
        Ok(())
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        let mut state = self.state();
        state.csi(n, 'D');
        state.column = state.column.saturating_sub(n);
        Ok(())
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        let mut state = self.state();
        state.write(s);
        state.newline();
        Ok(())
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.state().write(s);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        let mut state = self.state();
        state.buffer.push_str("\r\x1b[2K");
        state.column = 0;
        Ok(())
    }

    /// Nothing leaves yet: [`Screen::send`] says when.
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::Shared;

    fn drawn(draw: impl FnOnce(&Screen)) -> String {
        let out = Shared::default();
        let screen = Screen::new(Box::new(out.clone()));
        screen.resize(10, 5, "");
        draw(&screen);
        screen.send();
        let text = out.text();
        text.trim_start_matches("\x1b[?2026h").trim_end_matches("\x1b[?2026l").to_owned()
    }

    #[test]
    fn filled_rows_become_lines() {
        let text = drawn(|screen| {
            for text in ["log", "       ", "0123456789", "", "0123456789ab", "        ", "\x1b[1mlast\x1b[0m", "      "]
            {
                screen.write_str(text).unwrap();
            }
        });
        assert_eq!(text, "log\r\n0123456789\r\n0123456789ab\r\n\x1b[1mlast\x1b[0m");
    }

    #[test]
    fn a_narrower_window_has_its_broken_lines_erased() {
        let text = drawn(|screen| screen.resize(4, 5, "12345678\n123"));
        assert_eq!(text, "\x1b[2A\r\x1b[J\n", "three rows go, the cursor is on the second of two");
        assert_eq!(drawn(|screen| screen.resize(8, 5, "12345678\n123")), "", "nothing was broken");
        assert_eq!(drawn(|screen| screen.resize(20, 5, "12345678\n123")), "", "wider breaks nothing");
    }

    #[test]
    fn an_open_row_is_ended_for_the_shell() {
        let out = Shared::default();
        let screen = Screen::new(Box::new(out.clone()));
        screen.write_str("said").unwrap();
        screen.finish().unwrap();
        assert!(out.text().contains("said\r\n"));
    }
}
