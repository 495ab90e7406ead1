//! Writes the journal of a run while it happens.

use super::{EVENTS, LOCK, RECORD, WHOLE, create, transcript};
use crate::model::{Event, Kind, NodeName, RunRecord};
use std::cell::Cell;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError, remove_file, rename};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The journal of a run that lives.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    events: File,
    /// Up to where `events` has whole lines.
    written: u64,
    /// Something is missing, and that could not be said.
    hides: Cell<bool>,
    /// Locked until the process ends, however it ends.
    _lock: File,
}

impl Writer {
    /// Makes the folder of the run below `runs`. It appears with its record in it and locked, or not at all.
    pub fn begin(runs: &Path, record: &RunRecord) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder.recursive(true).create(runs)?;
        let (folder, part) = (runs.join(record.run.as_str()), runs.join(format!(".{}.part", record.run)));
        if folder.symlink_metadata().is_ok() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a run of this name"));
        }
        builder.recursive(false).create(&part)?;
        let lock = create(&part.join(LOCK))?;
        lock.try_lock().map_err(|e| match e {
            TryLockError::Error(e) => e,
            TryLockError::WouldBlock => io::Error::other("its lock is held by another"),
        })?;
        create(&part.join(WHOLE))?;
        let mut file = create(&part.join(RECORD))?;
        file.write_all(format!("{}\n", serde_json::to_string_pretty(record)?).as_bytes())?;
        file.sync_all()?;
        let events = create(&part.join(EVENTS))?;
        events.sync_all()?;
        File::open(&part)?.sync_all()?;
        rename(&part, &folder)?;
        File::open(runs)?.sync_all()?;
        Ok(Self { folder, events, written: 0, hides: Cell::new(false), _lock: lock })
    }

    /// Writes a masked event, at once and with one write. Where that fails nothing of it stays, and the journal says that
    /// it is not whole; later events may be written all the same.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        let line = serde_json::to_string(event)? + "\n";
        let result = self.events.write_all(line.as_bytes());
        if result.is_ok() {
            self.written += line.len() as u64;
        } else {
            let _ = self.events.set_len(self.written); // a reader passes over half a line too
            self.not_whole();
        }
        result
    }

    /// Writes a line of a node's transcript. Its file is opened for each: open files are for connections.
    pub fn line(&self, node: &NodeName, line: &str) -> io::Result<()> {
        let path = self.folder.join(transcript(node));
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())
    }

    /// Has the disk keep what was written.
    pub fn sync(&self) -> io::Result<()> {
        self.events.sync_data().inspect_err(|_| self.not_whole())
    }

    /// A file is removed to say so: that works on a disk that is full.
    fn not_whole(&self) {
        match remove_file(self.folder.join(WHOLE)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => self.hides.set(true), // the disk takes nothing at all
            _ => {}
        }
    }

    /// Whether all is written, or the journal says that it is not.
    pub fn is_honest(&self) -> bool {
        !self.hides.get()
    }

    /// Whether the disk has to keep an event before anything else happens.
    pub fn is_boundary(event: &Event) -> bool {
        matches!(
            event.kind,
            Kind::RunStarted { .. }
                | Kind::PhaseStarted { .. }
                | Kind::PhaseFinished { .. }
                | Kind::NodeFinished { .. }
                | Kind::Stopping
                | Kind::Left
                | Kind::RunFinished
        )
    }
}

#[cfg(test)]
mod tests;
