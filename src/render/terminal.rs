//! The moving picture on a real terminal.

use super::frame::frame;
use super::screen::Screen;
use super::sentence::{Weight, sentence};
use super::style::{Paint, Style};
use super::tally::Tally;
use super::text::fold;
use crate::model::{Event, Kind, Outcome};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::io::{self, Write};

/// Asks for the terminal's size: columns, then rows. Asked before every picture, because windows are resized.
pub type Size = Box<dyn FnMut() -> (u16, u16) + Send>;

/// At most ten pictures a second: more is not seen, only sent.
const SHORTEST_MS: u64 = 100;
/// The clocks move once a second even when nothing else does.
const LONGEST_MS: u64 = 1_000;

/// Draws [`frame`] in place, and prints what should stay above it: ends of nodes and failures.
///
/// It is one indicatif bar whose message is the whole picture. One bar per node would cut off the newest nodes where
/// rows run out and flicker from about 27 on.
pub struct Terminal {
    tally: Tally,
    bar: ProgressBar,
    screen: Screen,
    size: Size,
    style: Style,
    shown: Weight,
    drawn: Drawn,
}

/// The picture that stands on the terminal.
#[derive(Default)]
struct Drawn {
    /// Its text without colours, which tells how a narrower window broke it.
    plain: String,
    at_ms: u64,
    /// Whether something happened since.
    stale: bool,
}

impl Terminal {
    /// Draws on `out`, which is a terminal. `verbose` 1 prints steps above the picture, 2 each line that a node prints.
    pub fn new(out: Box<dyn Write + Send>, size: Size, style: Style, verbose: u8) -> Self {
        let screen = Screen::new(out);
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like(Box::new(screen.clone())))
            .with_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()))
            .with_finish(ProgressFinish::AndClear);
        let shown = if verbose == 0 { Weight::Important } else { Weight::at(verbose) };
        Self { tally: Tally::default(), bar, screen, size, style, shown, drawn: Drawn::default() }
    }

    /// Takes the event in, prints it where it should stay, and draws where the last picture is old enough.
    pub fn event(&mut self, event: &Event) {
        self.tally.apply(event);
        self.drawn.stale = true;
        if let Some((_, text)) = sentence(&self.tally, event).filter(|(weight, _)| *weight <= self.shown) {
            // The new picture first and both sent together: no moment shows a node above as done and below as active.
            self.draw(event.at_ms);
            let (width, _) = (self.size)();
            self.bar.println(paint(event).on(&fold(&text, Some(width)), self.style));
            self.screen.send();
        } else if event.at_ms >= self.drawn.at_ms.saturating_add(SHORTEST_MS) {
            self.draw(event.at_ms);
            self.screen.send();
        }
    }

    /// Draws where something happened or the clocks have to move. Called about ten times a second, or once for lazy
    /// ones; `now_ms` is since the run began.
    pub fn tick(&mut self, now_ms: u64) {
        let wait = if self.drawn.stale { SHORTEST_MS } else { LONGEST_MS };
        if now_ms >= self.drawn.at_ms.saturating_add(wait) {
            self.draw(now_ms);
            self.screen.send();
        }
    }

    /// Takes the picture away, leaves what was printed.
    pub fn finish(self) -> io::Result<()> {
        self.bar.finish_and_clear();
        self.screen.finish()
    }

    fn draw(&mut self, now_ms: u64) {
        let (width, height) = (self.size)();
        let picture = frame(&self.tally, now_ms, width, height, self.style);
        self.screen.resize(width, height, &self.drawn.plain);
        let plain = console::strip_ansi_codes(&picture).into_owned();
        self.drawn = Drawn { plain, at_ms: now_ms, stale: false };
        self.bar.set_message(picture);
    }
}

/// Good and bad ends stand out in a scrolled terminal; the words say the same.
fn paint(event: &Event) -> Paint {
    match &event.kind {
        Kind::NodeFinished { report } if report.outcome.is_success() => Paint::Good,
        Kind::NodeFinished { report } if !matches!(report.outcome, Outcome::Interrupted | Outcome::NotStarted) => {
            Paint::Bad
        }
        Kind::PhaseFinished { error: Some(_), .. } | Kind::Stopping | Kind::Braked { .. } | Kind::Warned { .. } => {
            Paint::Warn
        }
        _ => Paint::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{Shared, story};

    fn terminal(out: &Shared, size: (u16, u16)) -> Terminal {
        Terminal::new(Box::new(out.clone()), Box::new(move || size), Style::default(), 0)
    }

    #[test]
    fn outcomes_stay_and_the_picture_goes() {
        let out = Shared::default();
        let mut terminal = terminal(&out, (80, 24));
        for event in story() {
            terminal.event(&event);
        }
        terminal.finish().unwrap();
        let text = out.text();
        assert!(text.contains("node1: joined after 1 attempt"), "{text:?}");
        assert!(text.ends_with("\r\x1b[2K\x1b[?2026l"), "the fleet's line is erased: {text:?}");
    }

    #[test]
    fn rows_are_neither_filled_nor_wrapped_by_the_terminal() {
        let out = Shared::default();
        let mut terminal = terminal(&out, (60, 10));
        for event in story() {
            terminal.event(&event);
        }
        let text = out.text();
        let rows = text.split("\r\n").filter_map(|row| row.rsplit(['\r', 'K']).next());
        assert!(rows.clone().count() > 10);
        for row in rows.filter(|row| row.starts_with("fleet")) {
            assert!(console::measure_text_width(row) < 60, "{row:?}");
        }
    }

    #[test]
    fn pictures_are_sent_ten_times_a_second_at_most_and_once_at_least() {
        let out = Shared::default();
        let mut terminal = terminal(&out, (80, 24));
        let node = crate::model::NodeName::new("node1").unwrap();
        let waiting = |at_ms| Event { at_ms, kind: Kind::Waiting { node: node.clone(), what: at_ms.to_string() } };
        for at_ms in 1_000..2_000 {
            terminal.event(&waiting(at_ms));
        }
        assert_eq!(out.writes(), 10);
        terminal.tick(1_990);
        assert_eq!(out.writes(), 10, "too early");
        terminal.tick(2_000);
        assert_eq!(out.writes(), 11, "the last event is seen soon");
        terminal.tick(2_999);
        assert_eq!(out.writes(), 11, "nothing new");
        terminal.tick(3_000);
        assert_eq!(out.writes(), 12, "the clocks move");
    }
}
