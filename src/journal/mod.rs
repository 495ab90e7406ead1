//! What is kept of runs on this machine: one folder for each, which its user alone can read.
//!
//! | file | what |
//! |---|---|
//! | `run.json` | [`RunRecord`](crate::model::RunRecord), there before the run begins; locked by who goes on with it |
//! | `events.ndjson` | each [`Event`](crate::model::Event) as one line, secrets masked, written as it happens |
//! | `NODE.log` | the same for people, one file per node |
//! | `lock` | locked as long as the run lives |
//! | `whole` | gone where something could not be written |
//!
//! What lies on a disk is nobody's word: files and folders are read, and removed, only under names that kfleet gives.

mod masking;
mod reader;
mod retention;
#[cfg(test)]
mod samples;
mod story;
mod writer;

pub use masking::Masking;
pub use reader::{Claim, Recorded, Unreadable, find, read_record, runs};
pub use retention::prune;
pub use story::{Story, read_events};
pub use writer::Writer;

use crate::model::NodeName;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const RECORD: &str = "run.json";
const EVENTS: &str = "events.ndjson";
const LOCK: &str = "lock";
const WHOLE: &str = "whole";

/// The longest `run.json`, and the longest line of `events.ndjson`; what is longer is nothing that kfleet writes.
const LONGEST: u64 = 16 << 20;

/// The file of a node's transcript. Names may be too long for a file by two letters; then it ends without these.
fn transcript(node: &NodeName) -> String {
    format!("{:.251}.log", node.as_str())
}

/// A new file that its owner alone can read, from its first moment on.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)
}
