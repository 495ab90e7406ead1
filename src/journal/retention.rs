//! How long runs are kept.

use super::reader::{Recorded, runs};
use super::{EVENTS, LOCK, RECORD, WHOLE, transcript};
use crate::model::RunRecord;
use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

/// Keeps the newest `keep` runs below `folder` and removes the others; those that run, and whatever is not a run that this
/// kfleet can read, stay.
///
/// Of a run's folder only files go that kfleet writes there; where anything else is in it, the folder stays with that.
pub fn prune(folder: &Path, keep: usize) -> io::Result<()> {
    let mut result = Ok(());
    for old in runs(folder)?.iter().skip(keep) {
        let lock = OpenOptions::new().read(true).write(true).open(old.folder.join(LOCK));
        let (Ok(record), Ok(lock)) = (&old.record, lock) else { continue };
        if lock.try_lock().is_ok() {
            // Locked meanwhile, so nobody takes it for a run that lives, nor removes it too.
            result = result.and(remove(old, record));
        }
    }
    result
}

/// The record goes last: what could not be removed to its end is known as a run the next time.
fn remove(old: &Recorded, record: &RunRecord) -> io::Result<()> {
    let transcripts: HashSet<String> = record.nodes.iter().map(transcript).collect();
    for entry in fs::read_dir(&old.folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if ([EVENTS, WHOLE].contains(&name) || transcripts.contains(name)) && !entry.file_type()?.is_dir() {
            gone(fs::remove_file(entry.path()))?;
        }
    }
    for name in [LOCK, RECORD] {
        gone(fs::remove_file(old.folder.join(name)))?;
    }
    match fs::remove_dir(&old.folder) {
        Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        result => gone(result),
    }
}

/// Another kfleet may have been faster.
fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests;
