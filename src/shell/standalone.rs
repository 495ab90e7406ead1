//! A script for a person at a console: named phases instead of one list, sentences instead of marks.

use super::script::{CLOSING, OPENING};
use super::{Fragment, Need, View, Word};

/// One step of a phase of a [`Standalone`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What its failure means for the steps after it.
    pub need: Need,
    /// What people read while it runs.
    pub title: String,
    /// What it does.
    pub fragment: Fragment,
    /// Whether its output is shown as it comes: it takes minutes.
    pub slow: bool,
}

/// A whole file that is run by hand. It holds no secret, so it has one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standalone {
    head: String,
    globals: Fragment,
    library: Vec<&'static str>,
    phases: Vec<(&'static str, Vec<Line>)>,
}

impl Standalone {
    /// An empty file. `head` is what a reader is told first, without comment signs; its control characters are dropped.
    pub fn new(head: &str) -> Self {
        let head = head.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
        Self { head, globals: Fragment::new(":"), library: Vec::new(), phases: Vec::new() }
    }

    /// Sets a variable that everything sees.
    #[must_use]
    pub fn global(mut self, name: &'static str, value: Word) -> Self {
        self.globals = self.globals.var(name, value);
        self
    }

    /// Adds constant function definitions; one of them is `alone`, where the script begins.
    #[must_use]
    pub fn library(mut self, text: &'static str) -> Self {
        self.library.push(text);
        self
    }

    /// Adds the function `phase_<name>`, which takes the steps in order until one ends it.
    #[must_use]
    pub fn phase(mut self, name: &'static str, lines: Vec<Line>) -> Self {
        self.phases.push((name, lines));
        self
    }

    /// The text. As with scripts that are streamed, all of it is one compound command, so a file that was cut off anywhere
    /// runs nothing, and `sh FILE inside FUNCTION …` runs one function.
    pub fn render(&self) -> String {
        let mut text = "#!/bin/sh\n".to_owned();
        for line in self.head.lines() {
            text.push_str(format!("# {line}").trim_end());
            text.push('\n');
        }
        text.push_str(LINTS);
        text.push_str(OPENING);
        text.push_str(&self.globals.lines(View::Real));
        for library in &self.library {
            text.push_str(library.trim_end());
            text.push('\n');
        }
        for (name, lines) in &self.phases {
            text.push_str(&phase(name, lines));
        }
        text.push_str(RUN);
        text.push_str(CLOSING);
        text
    }
}

fn phase(name: &str, lines: &[Line]) -> String {
    let mut text = format!("# --- phase: {name} ---\n");
    for (i, line) in lines.iter().enumerate() {
        text.push_str(&format!("{name}_{i}() {{\n{}}}\n", line.fragment.lines(View::Real)));
    }
    text.push_str(&format!("phase_{name}() {{\n"));
    let count = lines.len();
    for (i, line) in lines.iter().enumerate() {
        let how = match (line.slow, line.need) {
            (true, _) => "watch",
            (false, Need::Required) => "must",
            (false, Need::Optional) => "may",
        };
        let title = Word::new(line.title.as_str()).quoted(View::Real);
        text.push_str(&format!("{how} {}/{count} {title} {name}_{i} || return\n", i + 1));
    }
    text.push_str("}\n");
    text
}

/// What shellcheck asks about and is meant: `tests/scripts/shells.rs` says of each why.
const LINTS: &str = "\n# shellcheck disable=SC2015,SC2016,SC2030,SC2031,SC2119,SC2120,SC2153,SC2317,SC2329,SC2034\n";

const RUN: &str = "{ case ${1-} in inside) shift; \"$@\" </dev/null; exit ;; esac; alone \"$@\"; exit; }";
