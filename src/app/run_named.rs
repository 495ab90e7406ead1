//! Which run somebody means.

use super::state::runs_folder;
use crate::error::{Error, ErrorKind};
use crate::inventory::near;
use crate::journal::{Recorded, runs};
use crate::model::{RunId, RunRecord, clean};
use std::path::PathBuf;

/// All that were kept, newest first, and the folder that they are in.
pub(super) fn all() -> Result<(PathBuf, Vec<Recorded>), Error> {
    let folder = runs_folder().map_err(|why| Error::new(ErrorKind::Local, why))?;
    let found = runs(&folder)
        .map_err(|e| Error::new(ErrorKind::Local, format!("the runs in {} cannot be listed: {e}", folder.display())))?;
    Ok((folder, found))
}

/// The run that `text` names: its id, a beginning that no other has, or `last`, which is the newest that `is` wanted; and
/// all others, newest first.
pub(super) fn named(text: &str, is: impl Fn(&RunRecord) -> bool) -> Result<(Recorded, Vec<Recorded>), Error> {
    let (folder, mut found) = all()?;
    let place = folder.display();
    let usage = |why: String| Err(Error::new(ErrorKind::Usage, why));
    let Some(newest) = found.first() else { return usage(format!("no run was kept in {place} yet")) };
    let ids: Vec<&str> = found.iter().map(|recorded| recorded.run.as_str()).collect();
    let exact = ids.iter().position(|id| *id == text);
    let begun: Vec<usize> = (0..ids.len()).filter(|&i| ids[i].starts_with(text)).collect();
    // One that cannot be read may be what is wanted: passed over, an older one would be taken for it.
    let is_wanted = |recorded: &Recorded| recorded.record.as_ref().map_or(true, &is);
    let i = match (exact, begun.as_slice()) {
        (Some(i), _) => i,
        (None, [i]) => *i,
        (None, []) if text == "last" => match found.iter().position(is_wanted) {
            Some(i) => i,
            None => return usage(format!("none of the runs in {place} was such a one; `kfleet runs` lists all")),
        },
        (None, []) => {
            let mut names = near(text, ids.iter().copied());
            if names.is_empty() {
                names.push(newest.run.as_str());
            }
            let (text, names) = (clean(text), names.join(", "));
            return usage(format!("no run {text} was kept in {place}; near: {names}; `kfleet runs` lists all"));
        }
        (None, [last, .., first]) => {
            let (n, text, first, last) = (begun.len(), clean(text), ids[*first], ids[*last]);
            return usage(format!(
                "{n} runs begin with `{text}`, from {first} to {last}; say more of the one you mean"
            ));
        }
    };
    let run = found.remove(i);
    Ok((run, found))
}

/// The id of the run that `text` names, for what nodes keep of it: a whole id also where it was another workstation's.
pub(super) fn id(text: &RunId) -> Result<RunId, Error> {
    if text.is_whole() { Ok(text.clone()) } else { named(text.as_str(), |_| true).map(|(recorded, _)| recorded.run) }
}
