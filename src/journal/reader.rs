//! Reads what is kept of runs. Whatever a crash or a newer kfleet left in a journal, the rest of it is read.

use super::story::{Story, read_events};
use super::{EVENTS, LOCK, LONGEST, RECORD, WHOLE, transcript};
use crate::model::{Event, NodeName, RunId, RunRecord, clean};
use serde_json::Value;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// A run that something was kept of.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub(super) folder: PathBuf,
    /// Its id.
    pub run: RunId,
    /// What was written down before it began.
    pub record: Result<RunRecord, Unreadable>,
}

/// Why a `run.json` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A newer kfleet wrote it.
    #[error(
        "it was written by kfleet {kfleet} in a form ({schema}) that this one ({}) does not know; use that one or a newer",
        RunRecord::SCHEMA
    )]
    Newer {
        /// Its version, as it says itself.
        kfleet: String,
        /// Its form.
        schema: u64,
    },
    /// It is not there, or no record of this run.
    #[error("its run.json cannot be read: {0}")]
    Broken(String),
}

/// As long as this lives, nobody else goes on with the run.
#[derive(Debug)]
#[must_use]
pub struct Claim {
    folder: PathBuf,
    _locked: File,
}

impl Claim {
    /// Says in the journal of the run that not all is known of what it had begun: whoever has it does not write it down.
    pub fn doubt(&self) -> io::Result<()> {
        match fs::remove_file(self.folder.join(WHOLE)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }
}

/// All runs below the folder, newest first; where there is no folder, none.
pub fn runs(folder: &Path) -> io::Result<Vec<Recorded>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        found.extend(name.to_str().and_then(|name| name.parse().ok()).and_then(|run| find(folder, &run)));
    }
    found.sort_by(|a, b| b.age().cmp(&a.age()));
    Ok(found)
}

/// The run of that id, where it has a folder with a record in it. Links are not followed.
pub fn find(runs: &Path, run: &RunId) -> Option<Recorded> {
    let folder = runs.join(run.as_str());
    let is_folder = folder.symlink_metadata().is_ok_and(|what| what.is_dir());
    let has_record = folder.join(RECORD).symlink_metadata().is_ok_and(|what| what.is_file());
    (is_folder && has_record).then(|| {
        let record = record(&folder.join(RECORD), run);
        Recorded { folder, run: run.clone(), record }
    })
}

fn record(path: &Path, run: &RunId) -> Result<RunRecord, Unreadable> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
        .map_err(|e| Unreadable::Broken(e.to_string()))?;
    read_record(&text, run)
}

/// What `run.json` of that run says.
pub fn read_record(text: &str, run: &RunId) -> Result<RunRecord, Unreadable> {
    let broken = |e: &dyn std::fmt::Display| Unreadable::Broken(clean(e.to_string()));
    let value: Value = serde_json::from_str(text).map_err(|e| broken(&e))?;
    if let Some(schema) = value["schema"].as_u64().filter(|schema| *schema > RunRecord::SCHEMA.into()) {
        let kfleet = clean(value["kfleet"].as_str().unwrap_or("of a later version"));
        return Err(Unreadable::Newer { kfleet, schema });
    }
    let record: RunRecord = serde_json::from_value(value).map_err(|e| broken(&e))?;
    if record.run == *run { Ok(record) } else { Err(broken(&format!("it is of another run, {}", record.run))) }
}

impl Recorded {
    /// Sorts runs by when they began: their names tell it to the second, their records to more.
    fn age(&self) -> (&str, i64, &RunId) {
        let second = self.run.as_str().split('-').next().unwrap_or_default();
        (second, self.record.as_ref().map_or(0, |record| record.began_unix_ms), &self.run)
    }

    /// Whether its process lives.
    pub fn is_running(&self) -> bool {
        let lock = File::open(self.folder.join(LOCK));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Takes the run to go on with it; `None` where somebody else has it.
    pub fn claim(&self) -> io::Result<Option<Claim>> {
        // For writing, as network file systems want it of who locks; nothing is written.
        let file = OpenOptions::new().append(true).open(self.folder.join(RECORD))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Claim { folder: self.folder.clone(), _locked: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }

    /// Whether all that happened could be written, up to its end or up to where it was cut off.
    pub fn is_whole(&self) -> bool {
        self.folder.join(WHOLE).symlink_metadata().is_ok()
    }

    /// What was kept for people of one node; `None` where nothing was.
    pub fn transcript(&self, node: &NodeName) -> io::Result<Option<String>> {
        let path = self.folder.join(transcript(node));
        match path.symlink_metadata() {
            Ok(what) if what.is_file() => {
                fs::read(path).map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned()))
            }
            Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file")),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Gives `take` each event, in the order in which they happened; the number of lines that could not be read.
    pub fn events(&self, take: impl FnMut(Event)) -> io::Result<usize> {
        read_events(&mut self.written()?, take)
    }

    /// What it came to, without the lines that nodes printed.
    pub fn story(&self) -> io::Result<Story> {
        let nodes = self.record.as_ref().map(|record| record.nodes.as_slice()).unwrap_or_default();
        Story::read(&mut self.written()?, nodes)
    }

    fn written(&self) -> io::Result<BufReader<File>> {
        let path = self.folder.join(EVENTS);
        if !path.symlink_metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        File::open(path).map(BufReader::new)
    }
}

#[cfg(test)]
mod tests;
