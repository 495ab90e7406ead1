//! The error of a file that cannot be used.

use super::draw::draw;
use super::problem::Problems;
use std::fmt;

/// So many problems are drawn; a file with more has one cause, repeated.
const SHOWN: usize = 10;

/// Everything that is wrong with an inventory, drawn. Tokens are never in it. Its text begins with `error:` already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryError {
    drawn: Vec<String>,
    more: usize,
}

impl InventoryError {
    pub(super) fn new(file_name: &str, text: &str, mut problems: Problems) -> Self {
        problems.0.sort_by_key(|problem| problem.place.span.start);
        // What stands in an anchor is read again at each alias.
        problems.0.dedup_by(|b, a| a.place == b.place && a.message == b.message);
        let more = problems.0.len().saturating_sub(SHOWN);
        let drawn = problems.0.iter().take(SHOWN).map(|problem| draw(file_name, text, problem)).collect();
        Self { drawn, more }
    }
}

impl fmt::Display for InventoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.drawn.join("\n\n"))?;
        match self.more {
            0 => Ok(()),
            more => write!(f, "\n\n… and {more} more"),
        }
    }
}

impl std::error::Error for InventoryError {}
