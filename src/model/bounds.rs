//! How much of what a node prints is kept. A node is broken or worse, and many are looked at at once.

use std::fmt;

/// Bytes of one step's output; what is longer is a dump, and no answer. The node cuts it itself (`shell/answer.sh`), where
/// it runs what it was given.
pub const STEP_BYTES: usize = 1 << 20;
/// Bytes of all steps of one script together.
pub const ANSWER_BYTES: usize = 4 << 20;
/// Bytes of one document in JSON or TOML: read into a tree, each of them takes up to 140.
pub const DOCUMENT_BYTES: usize = 128 << 10;
/// Lines of one step's output: split up, each takes some 60 bytes more than it has.
pub const STEP_LINES: usize = 10_000;

/// Why a step's output was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMuch {
    /// It is longer than [`STEP_BYTES`].
    InStep,
    /// With what was kept before, it is longer than [`ANSWER_BYTES`].
    InAll,
}

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InStep => write!(f, "printed more than {} MiB", STEP_BYTES >> 20),
            Self::InAll => write!(f, "printed more than was left of {} MiB for all answers", ANSWER_BYTES >> 20),
        }
    }
}
