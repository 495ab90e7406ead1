//! What ends a command before or instead of its work, and the exit code that follows.

/// Why the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Wrong words on the command line, or a wrong inventory.
    Usage,
    /// kfleet would not, or the user did not say yes.
    Refused,
    /// The user ended it before its end, where nothing is changed.
    Interrupted,
    /// This machine did not let us: a file, standard output.
    Local,
}

/// An error as the user sees it: one text that says what was tried, what was seen and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind.
    pub kind: ErrorKind,
    /// The text; begins with "error: " already.
    pub text: String,
}

impl Error {
    /// A lower-case fragment, put behind "error: ".
    pub fn new(kind: ErrorKind, what: impl std::fmt::Display) -> Self {
        Self { kind, text: format!("error: {what}") }
    }

    /// A text that is drawn already, as inventory errors are.
    pub fn drawn(kind: ErrorKind, text: impl std::fmt::Display) -> Self {
        Self { kind, text: text.to_string() }
    }

    /// The exit code: the one place where kinds become numbers.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Local => 1,
            ErrorKind::Usage => 2,
            ErrorKind::Refused => 3,
            ErrorKind::Interrupted => 130,
        }
    }
}
