//! What was measured of nodes, in a file that can be sent to somebody and diagnosed there.

use super::fleet::print;
use crate::cli::{Cli, Output};
use crate::engine::judge;
use crate::error::{Error, ErrorKind};
use crate::model::{Event, Kind, NodeStatus, SavedStatus, clean, mask_json};
use crate::render;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// More than this is no file of ours.
const LARGEST: u64 = 256 << 20;

/// Shows what is found in a file, as `kfleet diagnose` does of nodes.
pub(super) fn diagnose(cli: &Cli, path: &Path) -> Result<u8, Error> {
    let (when, rows) = load(path)?;
    render::tell(&format!("kfleet: {} as it was measured, {when}", path.display()));
    print(&match cli.output {
        Output::Table => render::diagnosis(&rows, render::terminal_width(), render::stdout_style()),
        Output::Json => {
            let events = rows.into_iter().map(|status| Event { at_ms: 0, kind: Kind::Measured { status } });
            render::json_lines(events)
        }
    })?;
    Ok(0)
}

/// Says on standard error where it is, and what for.
pub(super) fn tell(path: &Path) {
    let path = path.display();
    render::tell(&format!(
        "kfleet: what was measured is in {path}; `kfleet diagnose --from {path}` shows it, also elsewhere"
    ));
}

/// Writes `nodes` to `path`, which its owner alone can read, with stars for what looks like a secret. All of it or nothing.
pub(super) fn save(path: &Path, nodes: &[NodeStatus]) -> Result<(), Error> {
    let saved = SavedStatus {
        schema: SavedStatus::SCHEMA,
        kfleet: env!("CARGO_PKG_VERSION").to_owned(),
        taken: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        nodes: nodes.to_vec(),
    };
    let written = serde_json::to_value(&saved).map_err(io::Error::from).and_then(|mut value| {
        mask_json(&mut value, &|_| false);
        write(path, &format!("{value:#}\n"))
    });
    written.map_err(|e| Error::new(ErrorKind::Local, format!("{} could not be written: {e}", path.display())))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = Path::new(&part);
    match fs::remove_file(part) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e), // one that an earlier kfleet could not finish is in the way
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(part, path)
}

/// When and by whom a file of [`save`]'s was written, and the nodes in it, judged anew by the rules of this kfleet.
fn load(path: &Path) -> Result<(String, Vec<NodeStatus>), Error> {
    let wrong = |why: String| Error::new(ErrorKind::Usage, format!("{}: {why}", path.display()));
    let size = fs::metadata(path).map_err(|e| wrong(format!("cannot be read: {e}")))?.len();
    if size > LARGEST {
        return Err(wrong(format!("is no file of `kfleet status --save`: it has {} MiB", size >> 20)));
    }
    let text = fs::read_to_string(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    let saved: SavedStatus = serde_json::from_str(&text)
        .map_err(|e| wrong(format!("is no file of `kfleet status --save`, or not all of it: {e}")))?;
    if saved.schema > SavedStatus::SCHEMA {
        let why = format!(
            "was written by kfleet {} in a form ({}) that this one ({}) does not know; use that one or a newer",
            saved.kfleet,
            saved.schema,
            SavedStatus::SCHEMA
        );
        return Err(wrong(why));
    }
    let when = clean(format!("{} by kfleet {}", saved.taken, saved.kfleet));
    Ok((when, saved.nodes.into_iter().map(judge).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Complaint, Fact, Facts, KubeletLog, NodeName};

    fn measured(facts: Facts) -> NodeStatus {
        let node = NodeName::new("node1").unwrap();
        judge(NodeStatus { facts: Some(Box::new(facts)), error: None, ..NodeStatus::not_measured(node, String::new()) })
    }

    #[test]
    fn what_is_saved_is_diagnosed_alike_elsewhere_and_has_no_secrets() {
        let complaint = Complaint {
            times: 1,
            last_unix_seconds: 5,
            pid: 7,
            cause: None,
            line: "token abcdef.0123456789abcdef is no good".to_owned(),
        };
        let facts = Facts {
            ip_forward: Fact::Known(false),
            kubelet_log: Fact::Known(KubeletLog { complaints: vec![complaint], ..KubeletLog::default() }),
            containerd_config: Fact::Known(Some("password = \"hunter2\"".to_owned())),
            ..Facts::default()
        };
        let before = vec![measured(facts)];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        save(&path, &before).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("0123456789abcdef") && !text.contains("hunter2"), "{text}");
        let (when, after) = load(&path).unwrap();
        assert!(when.ends_with(concat!(" by kfleet ", env!("CARGO_PKG_VERSION"))), "{when}");
        assert_eq!(after[0].findings, before[0].findings);
        assert_eq!(after[0].findings[0].code.to_string(), "KF027");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no part is left behind");
    }

    #[test]
    fn other_files_and_newer_ones_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        let said = |text: &str| {
            fs::write(&path, text).unwrap();
            load(&path).unwrap_err().text
        };
        assert!(said("{").contains("not all of it"));
        assert!(said("[]").contains("no file of `kfleet status --save`"));
        assert!(
            said(r#"{"schema": 2, "kfleet": "9.0.0", "taken": "", "nodes": []}"#).contains("written by kfleet 9.0.0")
        );
        assert!(load(&folder.path().join("absent")).unwrap_err().text.contains("cannot be read"));
    }
}
