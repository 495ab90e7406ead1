//! A piece of a script: constant code and the values that it works on.

use super::{View, Word};

/// The body of one shell function. `body` is constant text; `vars` and `args` are all that varies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    vars: Vec<(&'static str, Word)>,
    args: Option<Vec<Word>>,
    body: &'static str,
}

impl Fragment {
    /// Constant code.
    pub fn new(body: &'static str) -> Self {
        Self { vars: Vec::new(), args: None, body }
    }

    /// Sets a shell variable before the body runs.
    #[must_use]
    pub fn var(mut self, name: &'static str, value: Word) -> Self {
        self.vars.push((name, value));
        self
    }

    /// Sets the positional parameters, `"$@"`, before the body runs.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = Word>) -> Self {
        self.args = Some(args.into_iter().collect());
        self
    }

    /// Leaves these variables to the script around it, which comes to know their values only when it runs.
    #[must_use]
    pub fn leaving(mut self, names: &[&str]) -> Self {
        self.vars.retain(|(name, _)| !names.contains(name));
        self
    }

    /// The lines that stand between the braces of the function.
    pub(super) fn lines(&self, view: View) -> String {
        let mut text = String::new();
        for (name, value) in &self.vars {
            text.push_str(&format!("{name}={}\n", value.quoted(view)));
        }
        if let Some(args) = &self.args {
            text.push_str("set --");
            for arg in args {
                text.push(' ');
                text.push_str(&arg.quoted(view));
            }
            text.push('\n');
        }
        text.push_str(self.body.trim_end());
        text.push('\n');
        text
    }
}
