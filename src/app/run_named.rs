//! Which run somebody means.

use super::state::runs_folder;
use crate::error::{Error, ErrorKind};
use crate::inventory::near;
use crate::journal::{Recorded, runs};
use crate::model::clean;
use std::path::PathBuf;

/// All that were kept, newest first, and the folder that they are in.
pub(super) fn all() -> Result<(PathBuf, Vec<Recorded>), Error> {
    let folder = runs_folder().map_err(|why| Error::new(ErrorKind::Local, why))?;
    let found = runs(&folder)
        .map_err(|e| Error::new(ErrorKind::Local, format!("the runs in {} cannot be listed: {e}", folder.display())))?;
    Ok((folder, found))
}

/// The run that `text` names: its id, a beginning that no other has, or `last`; and all others.
pub(super) fn named(text: &str) -> Result<(Recorded, Vec<Recorded>), Error> {
    let (folder, mut found) = all()?;
    let place = folder.display();
    let usage = |why: String| Err(Error::new(ErrorKind::Usage, why));
    let Some(newest) = found.first() else { return usage(format!("no run was kept in {place} yet")) };
    let beginning: Vec<usize> = (0..found.len()).filter(|&i| found[i].run.as_str().starts_with(text)).collect();
    let i = match (text, beginning.as_slice()) {
        ("last", []) => 0,
        (_, [one]) => *one,
        (_, []) => {
            let ids = || found.iter().map(|recorded| recorded.run.as_str());
            let mut names = near(text, ids());
            if names.is_empty() {
                names.push(newest.run.as_str());
            }
            let near = names.join(", ");
            return usage(format!("no run {} was kept in {place}; near: {near}; `kfleet runs` lists all", clean(text)));
        }
        (_, [first, .., last]) => match beginning.iter().find(|&&i| found[i].run.as_str() == text) {
            Some(exact) => *exact,
            None => {
                let (first, last) = (&found[*first].run, &found[*last].run);
                let n = beginning.len();
                return usage(format!(
                    "{n} runs begin with `{}`, {last} and {first} among them; say more of it",
                    clean(text)
                ));
            }
        },
    };
    let run = found.remove(i);
    Ok((run, found))
}
