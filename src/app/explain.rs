//! `kfleet explain`: needs no inventory and no node.

use crate::cli::{Cli, ExplainArgs, Output};
use crate::diagnose::{explain, explanations};
use crate::error::{Error, ErrorKind};
use crate::render::{explanation, explanation_json, explanation_table, terminal_width};

/// Prints the text of one code, or the list of all.
pub(super) fn run(cli: &Cli, args: &ExplainArgs) -> Result<u8, Error> {
    let text = match (&args.code, cli.output) {
        (Some(code), output) => {
            let found = explain(code).map_err(|e| Error::new(ErrorKind::Usage, e))?;
            match output {
                Output::Table => explanation(&found, terminal_width()),
                Output::Json => explanation_json(&[found]),
            }
        }
        (None, Output::Table) => explanation_table(&explanations(), terminal_width()),
        (None, Output::Json) => explanation_json(&explanations()),
    };
    super::fleet::print(&text)?;
    Ok(0)
}
