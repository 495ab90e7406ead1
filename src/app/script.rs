//! `kfleet script`: needs no inventory and no node.

use crate::cli::ScriptArgs;
use crate::error::{Error, ErrorKind};
use crate::plan::{alone_join, alone_reset};

/// Prints the file.
pub(super) fn script(args: &ScriptArgs) -> Result<u8, Error> {
    let (level, preserve) = args.action.parts();
    let script = match level {
        None => alone_join(preserve),
        Some(level) => alone_reset(level, preserve),
    };
    let script = script.map_err(|e| Error::new(ErrorKind::Refused, e.0))?;
    super::fleet::print(&script.render())?;
    Ok(0)
}
