//! Which view the running events get.

use super::{Json, Lines, Style, Terminal};
use crate::model::Event;
use std::io::{self, IsTerminal, Write};

/// What kind of output the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Neither of the others.
    #[default]
    Best,
    /// `--no-progress`: plain lines on a terminal too.
    Plain,
    /// `--output json`.
    Json,
    /// Nothing: what is on the terminal shall stay as it is.
    Quiet,
}

/// What the user asked for, and what standard error can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What kind of output.
    pub form: Form,
    /// How often `-v` was given.
    pub verbose: u8,
    /// Whether standard error is a terminal that can move its cursor.
    pub terminal: bool,
    /// Whether that terminal shows colours and its user wants them.
    pub color: bool,
}

impl Wish {
    /// Fills in what standard error can show; `NO_COLOR` and `TERM=dumb` are heard.
    #[must_use]
    pub fn seen_by_stderr(self) -> Self {
        let stderr = console::Term::stderr();
        let terminal = io::stderr().is_terminal() && !console::is_dumb();
        let color = terminal && stderr.features().colors_supported() && console::colors_enabled_stderr();
        Self { terminal, color, ..self }
    }
}

/// A view of the running events.
pub enum Renderer {
    /// The moving picture, on standard error.
    Terminal(Terminal),
    /// Plain lines, on standard error: standard output keeps the table for a pipe.
    Lines(Lines<Box<dyn Write + Send>>),
    /// NDJSON, on standard output.
    Json(Json<Box<dyn Write + Send>>),
    /// Nothing.
    Quiet,
}

/// Picks the view; `stdout` and `stderr` are where it writes.
pub fn choose(wish: Wish, stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>) -> Renderer {
    match wish.form {
        Form::Json => Renderer::Json(Json::new(stdout)),
        Form::Quiet => Renderer::Quiet,
        Form::Best if wish.terminal => {
            let style = Style { color: wish.color };
            Renderer::Terminal(Terminal::new(stderr, Box::new(stderr_size), style, wish.verbose))
        }
        Form::Best | Form::Plain => Renderer::Lines(Lines::new(stderr, wish.verbose)),
    }
}

impl Renderer {
    /// Shows an event.
    pub fn event(&mut self, event: &Event) {
        match self {
            Self::Terminal(terminal) => terminal.event(event),
            Self::Lines(lines) => lines.event(event),
            Self::Json(json) => json.event(event),
            Self::Quiet => {}
        }
    }

    /// Whether writing to standard output failed: nobody reads any more what is written there.
    pub fn is_cut_off(&self) -> bool {
        matches!(self, Self::Json(json) if json.is_cut_off())
    }

    /// Lets clocks move; `now_ms` is since the run began. Ten times a second is right, more is ignored.
    pub fn tick(&mut self, now_ms: u64) {
        if let Self::Terminal(terminal) = self {
            terminal.tick(now_ms);
        }
    }

    /// Ends the view; the first error that writing met. A reader who left (`| head`) is no error.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Terminal(terminal) => terminal.finish(),
            Self::Lines(lines) => lines.finish(),
            Self::Json(json) => json.finish(),
            Self::Quiet => Ok(()),
        }
    }
}

/// How standard output can be dressed: in colours where it is a terminal that has them and whose user wants them.
pub fn stdout_style() -> Style {
    Style {
        color: moves_cursor() && console::Term::stdout().features().colors_supported() && console::colors_enabled(),
    }
}

/// Whether standard output is a terminal on which what was printed can be printed over.
pub fn moves_cursor() -> bool {
    io::stdout().is_terminal() && !console::is_dumb()
}

/// Standard output's width for tables; `None` where it is no terminal and nothing must wrap.
pub fn terminal_width() -> Option<u16> {
    io::stdout().is_terminal().then(|| console::Term::stdout().size().1)
}

/// Standard error's width for sentences; `None` where it is no terminal.
pub fn stderr_width() -> Option<u16> {
    io::stderr().is_terminal().then(|| console::Term::stderr().size().1)
}

/// Standard output's columns and rows.
pub fn stdout_size() -> (u16, u16) {
    let (rows, columns) = console::Term::stdout().size();
    (columns, rows)
}

fn stderr_size() -> (u16, u16) {
    let (rows, columns) = console::Term::stderr().size();
    (columns, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{Shared, story};

    fn run(wish: Wish) -> (String, String) {
        let (stdout, stderr) = (Shared::default(), Shared::default());
        let mut renderer = choose(wish, Box::new(stdout.clone()), Box::new(stderr.clone()));
        for event in story() {
            renderer.event(&event);
            renderer.tick(event.at_ms);
        }
        renderer.finish().unwrap();
        (stdout.text(), stderr.text())
    }

    #[test]
    fn a_pipe_gets_lines_and_standard_output_stays_free() {
        let piped = run(Wish::default());
        assert_eq!(piped.0, "");
        assert!(piped.1.starts_with("kfleet join: 3 nodes"));
        let unmoved = run(Wish { form: Form::Plain, terminal: true, color: true, ..Wish::default() });
        assert_eq!(unmoved, piped);
    }

    #[test]
    fn a_terminal_gets_the_picture() {
        let (stdout, stderr) = run(Wish { terminal: true, ..Wish::default() });
        assert_eq!(stdout, "");
        assert!(stderr.contains("fleet  [--------------------]  0/3"));
    }

    #[test]
    fn json_has_standard_output_for_itself() {
        let (stdout, stderr) = run(Wish { form: Form::Json, terminal: true, ..Wish::default() });
        assert!(stdout.lines().all(|line| line.starts_with('{') && line.ends_with('}')));
        assert_eq!(stderr, "");
    }
}
