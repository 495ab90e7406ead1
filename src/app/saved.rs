//! What an earlier `kfleet status --output json` printed, read again instead of connecting to nodes.

use super::fleet::print;
use crate::cli::{Cli, Output};
use crate::error::{Error, ErrorKind};
use crate::model::{Event, Kind, NodeStatus};
use crate::render;
use std::path::Path;

/// Shows all that is known of what was found then.
pub(super) fn diagnose(cli: &Cli, file: &Path) -> Result<u8, Error> {
    if cli.output == Output::Json {
        let why =
            "--from reads what --output json has printed; there is nothing to print as JSON that is not in the file";
        return Err(Error::new(ErrorKind::Usage, why));
    }
    let rows = rows(file)?;
    print(&render::diagnosis(&rows, render::terminal_width(), render::stdout_style()))?;
    Ok(0)
}

/// The nodes that were measured then, in that order.
fn rows(file: &Path) -> Result<Vec<NodeStatus>, Error> {
    let usage = |why: String| Error::new(ErrorKind::Usage, format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|e| usage(format!("it cannot be read: {e}")))?;
    let mut rows = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let event: Event = serde_json::from_str(line)
            .map_err(|e| usage(format!("line {} is no event of `kfleet status --output json`: {e}", i + 1)))?;
        if let Kind::Measured { status } = event.kind {
            rows.push(status);
        }
    }
    if rows.is_empty() {
        return Err(usage("no node in it was measured".to_owned()));
    }
    Ok(rows)
}
