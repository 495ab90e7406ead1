//! The journal of runs, from outside: written by the real binary, read by it, killed in between.

use assert_cmd::Command;
use serde_json::Value;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TOKEN: &str = "abcdef.0123456789abcdef";
const JOIN: &str = "kubeadm join 127.0.0.1:1 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Nobody listens on these ports of the loopback address.
const NOBODY: &str =
    "nodes:\n  - {name: node1, host: 127.0.0.1, port: 1}\n  - {name: node2, host: 127.0.0.1, port: 2}\n";

fn folder(inventory: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nodes.yaml"), inventory).unwrap();
    std::fs::create_dir(folder.path().join(".ssh")).unwrap();
    std::fs::write(folder.path().join(".ssh/known_hosts"), "").unwrap();
    folder
}

fn kfleet(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfleet"));
    command.current_dir(folder.path()).env_clear().env("HOME", folder.path()).env("PATH", "/usr/bin:/bin");
    command.env("XDG_STATE_HOME", folder.path().join("state"));
    command
}

/// Standard output and standard error, after checking the exit code.
fn says(folder: &TempDir, args: &[&str], code: i32) -> (String, String) {
    let output = kfleet(folder).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}: {stdout}{stderr}");
    (stdout, stderr)
}

/// The folders of all runs, oldest first.
fn runs(folder: &TempDir) -> Vec<PathBuf> {
    let runs = std::fs::read_dir(folder.path().join("state/kfleet/runs"));
    let mut runs: Vec<PathBuf> = runs.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    runs.sort_by_key(|run| record(run)["began_unix_ms"].as_u64());
    runs
}

fn record(run: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(run.join("run.json")).unwrap()).unwrap()
}

fn id(run: &Path) -> String {
    run.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn only_runs_that_change_nodes_are_kept() {
    let folder = folder(NOBODY);
    says(&folder, &["status"], 1);
    says(&folder, &["diagnose", "node1"], 1);
    says(&folder, &["reset", "node1", "--dry-run"], 1);
    says(&folder, &["reset", "node1"], 3);
    assert!(!folder.path().join("state").exists());
    assert_eq!(says(&folder, &["runs"], 0).0, "no run was kept yet\n");
    says(&folder, &["reset", "node1", "--yes"], 1);
    says(&folder, &["reset", "node1", "--restore-config", "20260131t235959z-0a1b2c", "--yes"], 1);
    assert_eq!(runs(&folder).len(), 2);
}

#[test]
fn a_journal_is_for_its_user_alone_whatever_the_umask() {
    let folder = folder(NOBODY);
    let kfleet = env!("CARGO_BIN_EXE_kfleet");
    let mut shell = Command::new("/bin/sh");
    shell.current_dir(folder.path()).env_clear().env("HOME", folder.path());
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\"", kfleet, "reset", "--all", "--yes"]);
    assert_eq!(shell.output().unwrap().status.code(), Some(1));
    let state = folder.path().join(".local/state");
    let mut folders = vec![state.clone()];
    let mut files = 0;
    while let Some(next) = folders.pop() {
        assert_eq!(next.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{}", next.display());
        for entry in std::fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", entry.display());
                files += 1;
            }
        }
    }
    assert_eq!(files, 6, "run.json, events.ndjson, lock, whole and two transcripts");
}

#[test]
fn a_state_folder_that_is_no_absolute_path_is_none() {
    let folder = folder(NOBODY);
    kfleet(&folder).env("XDG_STATE_HOME", "here").args(["reset", "node1", "--yes"]).output().unwrap();
    assert!(!folder.path().join("here").exists());
    assert!(folder.path().join(".local/state/kfleet/runs").exists());
}

#[test]
fn of_a_join_command_only_that_it_was_given_is_kept() {
    let folder = folder(NOBODY);
    says(&folder, &["join", "--yes", "--join-command", JOIN], 1);
    let run = runs(&folder).remove(0);
    assert_eq!(record(&run)["join_command_given"], true);
    for file in std::fs::read_dir(&run).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains(TOKEN) && !text.contains("kubeadm join"), "{text}");
    }
}

#[test]
fn a_run_that_cannot_be_kept_is_made_all_the_same() {
    let folder = folder(NOBODY);
    std::fs::write(folder.path().join("state"), "no folder").unwrap();
    let (stdout, stderr) = says(&folder, &["reset", "node1", "--yes"], 1);
    assert!(stdout.contains("1 node: 1 unreachable"), "{stdout}");
    assert_eq!(stderr.matches("the journal of this run cannot be written").count(), 1, "{stderr}");
}

#[test]
fn a_replay_says_what_the_run_said() {
    let folder = folder(NOBODY);
    let live = says(&folder, &["reset", "--all", "--yes"], 1);
    assert_eq!(says(&folder, &["runs", "replay", "last"], 0), live);
    let verbose = says(&folder, &["-vv", "reset", "--all", "--yes"], 1);
    assert_eq!(says(&folder, &["-vv", "runs", "replay", "last", "--speed", "3"], 0), verbose);
    let json = says(&folder, &["reset", "--all", "--yes", "--output", "json"], 1);
    assert_eq!(says(&folder, &["runs", "replay", "last", "--output", "json"], 0), json);
}

#[test]
fn runs_are_listed_and_shown() {
    let folder = folder(NOBODY);
    says(&folder, &["reset", "node2", "--yes"], 1);
    let (table, _) = says(&folder, &["runs"], 0);
    let run = id(&runs(&folder)[0]);
    assert!(table.starts_with("RUN ") && table.contains(&run) && table.contains("1 failed"), "{table}");
    let row: Value = serde_json::from_str(&says(&folder, &["runs", "--output", "json"], 0).0).unwrap();
    assert_eq!((&row["run"], &row["ended"]), (&run.as_str().into(), &"1 failed".into()));
    let (shown, _) = says(&folder, &["runs", "show", &run], 0);
    for part in ["kfleet reset on 1 node, 1 failed", "OUTCOME", "unreachable", "/nodes.yaml"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(says(&folder, &["runs", "show", &run[..12]], 0).0, shown);
    let json: Value = serde_json::from_str(&says(&folder, &["runs", "show", "last", "--output", "json"], 0).0).unwrap();
    assert_eq!(json["reports"][0]["outcome"], "unreachable");
    let (log, _) = says(&folder, &["runs", "show", &run, "node2"], 0);
    assert!(log.contains("begins\n") && log.contains("node2: connecting to 127.0.0.1:2"), "{log}");
    let (_, stderr) = says(&folder, &["runs", "show", &run, "node3"], 2);
    assert!(stderr.contains("had no node node3") && stderr.contains("node2"), "{stderr}");
}

#[test]
fn a_run_that_is_not_there_is_an_error_that_names_near_ones() {
    let folder = folder(NOBODY);
    assert!(says(&folder, &["runs", "show", "last"], 2).1.contains("no run was kept"));
    for _ in 0..2 {
        says(&folder, &["reset", "node2", "--yes"], 1);
    }
    let (first, second) = (id(&runs(&folder)[0]), id(&runs(&folder)[1]));
    let slip = first.replace('t', "x");
    assert!(says(&folder, &["runs", "show", &slip], 2).1.contains(&first));
    let (_, both) = says(&folder, &["runs", "replay", "20"], 2);
    assert!(both.contains(&first) && both.contains(&second), "{both}");
    for bad in ["../..", "/etc", "", "\u{1b}[2J"] {
        let (_, stderr) = says(&folder, &["runs", "show", bad], 2);
        assert!(!stderr.contains('\u{1b}'), "{stderr}");
    }
}

#[test]
fn the_newest_runs_are_kept_as_the_inventory_says() {
    let folder = folder(&format!("journal: {{keep: 2}}\n{NOBODY}"));
    for _ in 0..3 {
        says(&folder, &["reset", "node1", "--yes"], 1);
    }
    let three = runs(&folder);
    says(&folder, &["reset", "node1", "--yes"], 1);
    let left = runs(&folder);
    assert_eq!((three.len(), left.len()), (2, 2));
    assert_eq!(left[0], three[1], "the oldest went");
}

#[test]
fn a_run_that_leaves_nodes_says_how_it_is_gone_on_with() {
    let folder = folder(NOBODY);
    let (live, _) = says(&folder, &["join", "--canary", "1", "--yes", "--join-command", JOIN], 1);
    let hint = format!("1 node was left before its end; `kfleet join --resume {}`", id(&runs(&folder)[0]));
    assert!(live.contains(&hint), "{live}");
    assert_eq!(says(&folder, &["runs", "replay", "last"], 0).0, live);
    let (shown, _) = says(&folder, &["runs", "show", "last"], 0);
    assert!(shown.contains(&hint) && shown.contains("1 failed, 1 not started"), "{shown}");
    assert!(shown.contains("with --join-command (not kept) --canary 1"), "{shown}");
    says(&folder, &["join", "--resume", "last", "--yes", "--join-command", JOIN], 1);
    let new = record(&runs(&folder)[1]);
    assert_eq!(
        (&new["nodes"], &new["options"]["order"]["canary"]),
        (&serde_json::json!(["node1", "node2"]), &1.into())
    );
}

/// A machine that takes connections and says nothing.
fn silence() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let node = |name: &str| format!("  - {{name: {name}, host: 127.0.0.1, port: {port}, connect_timeout: 10m}}\n");
    let nodes = format!("nodes:\n{}{}", node("node1"), node("node2").replace("127.0.0.1", "localhost"));
    (listener, nodes)
}

/// A kfleet that is not left behind where a test fails.
struct Hanging(Child);

impl Hanging {
    /// SIGKILL: nothing of it runs any more.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.kill();
    }
}

/// kfleet at work on one of two nodes that never answer, and the name of that node; the other one waits for its turn.
fn hangs(folder: &TempDir) -> (Hanging, &'static str) {
    let mut kfleet = std::process::Command::new(env!("CARGO_BIN_EXE_kfleet"));
    kfleet.current_dir(folder.path()).env_clear().env("HOME", folder.path());
    kfleet.env("XDG_STATE_HOME", folder.path().join("state"));
    kfleet.args(["join", "--yes", "--parallel", "1", "--join-command", JOIN]);
    let child = Hanging(kfleet.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let start = Instant::now();
    loop {
        let begun = |node: &&str| runs(folder).iter().any(|run| run.join(format!("{node}.log")).exists());
        if let Some(node) = ["node1", "node2"].into_iter().find(begun) {
            return (child, node);
        }
        assert!(start.elapsed() < Duration::from_secs(60), "it never came to a node");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_run_that_its_user_left_is_told_so() {
    let (_listener, nodes) = silence();
    let folder = folder(&nodes);
    let (mut child, _) = hangs(&folder);
    let sent = std::process::Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status();
    assert!(sent.unwrap().success());
    assert_eq!(child.0.wait().unwrap().code(), Some(130));
    let (list, _) = says(&folder, &["runs"], 0);
    assert!(list.contains(" left") && !list.contains("cut off"), "{list}");
}

#[test]
fn a_kfleet_that_is_killed_leaves_a_journal_that_says_where_it_was() {
    let (_listener, nodes) = silence();
    let folder = folder(&nodes);
    let (mut child, node) = hangs(&folder);
    let other = if node == "node1" { "node2" } else { "node1" };
    let run = id(&runs(&folder)[0]);
    assert!(says(&folder, &["runs"], 0).0.contains(" running"));
    let (_, stderr) = says(&folder, &["join", "--resume", "last", "--yes", "--join-command", JOIN], 3);
    assert!(stderr.contains("still running") && stderr.contains(&run), "{stderr}");

    child.kill();
    assert!(says(&folder, &["runs"], 0).0.contains(" cut off"));
    let (shown, _) = says(&folder, &["runs", "show", "last"], 0);
    assert!(shown.contains("kfleet join on 2 nodes, cut off") && !shown.contains("0 nodes"), "{shown}");
    let left = [format!("{node}: connecting to "), format!("{other}: its turn had not come\n")];
    assert!(left.iter().all(|said| shown.contains(said)), "{shown}");
    assert!(shown.contains("--parallel 1"), "{shown}");
    let (replayed, lines) = says(&folder, &["runs", "replay", "last"], 0);
    assert!(replayed.contains(&left[1]) && lines.contains(&left[0]), "{replayed}{lines}");
}

/// A journal as a run of three nodes leaves it: node1 joined, a reset of node2 had begun, node3 had not been touched.
fn plant(folder: &TempDir, run: &str, change: impl FnOnce(&mut Value)) -> PathBuf {
    let path = folder.path().join("state/kfleet/runs").join(run);
    std::fs::create_dir_all(&path).unwrap();
    let mut record = serde_json::json!({
        "schema": 1, "kfleet": "0.1.0", "run": run, "command": "join", "began_unix_ms": 1_769_904_000_000_u64,
        "began": "2026-02-01T00:00:00Z", "inventory": folder.path().join("nodes.yaml"),
        "nodes": ["node1", "node2", "node3"],
    });
    change(&mut record);
    std::fs::write(path.join("run.json"), record.to_string()).unwrap();
    std::fs::write(path.join("whole"), "").unwrap();
    std::fs::write(path.join("lock"), "").unwrap();
    let report = |node: &str, outcome: &str| serde_json::json!({"node": node, "outcome": outcome, "attempts": 1, "level": null, "elapsed_ms": 3, "error": null, "notes": [], "tail": []});
    let events = [
        serde_json::json!({"at_ms": 0, "event": "run_started", "schema": 1, "run": run, "command": "join", "nodes": record["nodes"]}),
        serde_json::json!({"at_ms": 2, "event": "phase_started", "node": "node2", "phase": "reset", "attempt": 1, "level": "gentle", "steps": ["x"]}),
        serde_json::json!({"at_ms": 2, "event": "phase_started", "node": "node3", "phase": "probe", "attempt": 1, "level": null, "steps": []}),
        serde_json::json!({"at_ms": 3, "event": "node_finished", "report": report("node1", "joined")}),
        serde_json::json!({"at_ms": 4, "event": "node_finished", "report": report("node3", "failed")}),
    ];
    std::fs::write(path.join("events.ndjson"), events.map(|event| event.to_string() + "\n").concat()).unwrap();
    path
}

const OLD: &str = "20260201t000000z-0a1b2c";
const THREE: &str = "cluster: {control_plane: cp}\nnodes:\n  - {name: cp, host: 127.0.0.1, port: 1, role: control-plane}\n  - {name: node1, host: 127.0.0.1, port: 2}\n  - {name: node2, host: 127.0.0.1, port: 3}\n  - {name: node3, host: 127.0.0.1, port: 4}\n";

#[test]
fn a_join_is_resumed_with_the_nodes_that_it_left_and_its_options() {
    let folder = folder(THREE);
    plant(&folder, OLD, |record| {
        record["options"] = serde_json::json!({"replace": true, "parallel": 2, "wait_ms": 90_000});
    });
    let elsewhere = tempfile::tempdir().unwrap();
    let mut resume = kfleet(&folder);
    resume.current_dir(elsewhere.path()).args(["join", "--resume", "20260201", "--drain", "--yes"]);
    let output = resume.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(&format!("Goes on with run {OLD}: 2 of its 3 nodes are left.")), "{stderr}");
    assert!(stderr.contains("--replace does not hold for node2,"), "{stderr}");
    let new = record(&runs(&folder)[1]);
    assert_eq!(new["resumes"], OLD);
    assert_eq!((&new["nodes"], &new["begun"]), (&serde_json::json!(["node2", "node3"]), &serde_json::json!(["node2"])));
    for (option, value) in
        [("replace", Value::from(true)), ("drain", true.into()), ("wait_ms", 90_000.into()), ("parallel", 2.into())]
    {
        assert_eq!(new["options"][option], value, "{option}");
    }
    assert_eq!(new["options"]["force_rejoin"], false);

    // What the second one had begun with is begun for the first one too.
    let events = runs(&folder)[1].join("events.ndjson");
    let mut text = std::fs::read_to_string(&events).unwrap();
    text += r#"{"at_ms":9,"event":"phase_started","node":"node3","phase":"join","attempt":1,"level":null,"steps":[]}"#;
    std::fs::write(&events, text + "\n").unwrap();
    for run in [OLD, "last"] {
        says(&folder, &["join", "--resume", run, "--yes"], 1);
        let newest = record(runs(&folder).last().unwrap());
        assert_eq!(newest["begun"], serde_json::json!(["node2", "node3"]), "{run}");
    }
}

#[test]
fn what_any_run_of_a_family_has_done_none_does_again() {
    let folder = folder(THREE);
    let of_old = |record: &mut Value| {
        (record["resumes"], record["options"]) = (OLD.into(), serde_json::json!({"replace": true}));
    };
    let (sibling, named) = ("20260202t000000z-0a1b2c", "20260203t000000z-0a1b2c");
    plant(&folder, sibling, of_old); // has joined node1 and begun with node2, whoever asks
    for run in [OLD, named] {
        let path = plant(&folder, run, |record| {
            if run == named {
                of_old(record);
            }
        });
        std::fs::write(path.join("events.ndjson"), "").unwrap();
    }
    says(&folder, &["join", "--resume", named, "--yes"], 1);
    let new = record(runs(&folder).last().unwrap());
    assert_eq!((&new["nodes"], &new["begun"]), (&serde_json::json!(["node2", "node3"]), &serde_json::json!(["node2"])));
}

#[test]
fn of_a_journal_that_cannot_go_on_nothing_is_replaced_later() {
    let folder = folder(THREE);
    let path = plant(&folder, OLD, |record| record["options"] = serde_json::json!({"replace": true}));
    // No file may grow: the same as a disk that is full, also for root.
    let mut shell = Command::new("/bin/sh");
    shell
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("XDG_STATE_HOME", folder.path().join("state"));
    let full = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    shell.args(["-c", full, env!("CARGO_BIN_EXE_kfleet"), "join", "--resume", OLD, "--yes"]);
    let stderr = String::from_utf8(shell.output().unwrap().stderr).unwrap();
    assert!(stderr.contains("the journal of this run cannot be written"), "{stderr}");
    assert!(!path.join("whole").exists());
}

#[test]
fn of_a_journal_that_is_not_whole_nothing_is_replaced() {
    let folder = folder(THREE);
    let path = plant(&folder, OLD, |record| record["options"] = serde_json::json!({"replace": true}));
    std::fs::remove_file(path.join("whole")).unwrap();
    assert!(says(&folder, &["runs", "show", OLD], 0).0.contains("not all that happened could be written down"));
    says(&folder, &["join", "--resume", OLD, "--yes"], 1);
    assert_eq!(record(&runs(&folder)[1])["begun"], serde_json::json!(["node2", "node3"]));
}

#[test]
fn what_cannot_be_resumed_says_why_before_any_node_is_touched() {
    let folder = folder(THREE);
    let refused = |change: &dyn Fn(&mut Value), args: &[&str], said: &str| {
        plant(&folder, OLD, change);
        let args: Vec<&str> = ["join", "--resume", OLD, "--yes"].iter().chain(args).copied().collect();
        let (_, stderr) = says(&folder, &args, 2);
        assert!(stderr.contains(said), "{said}: {stderr}");
        assert_eq!(runs(&folder).len(), 1, "no run was begun: {stderr}");
    };
    refused(&|record| record["command"] = "reset".into(), &[], "it probes first");
    refused(&|record| record["schema"] = 2.into(), &[], "does not know");
    refused(&|record| record["inventory"] = "/nowhere/nodes.yaml".into(), &[], "say with --inventory where it is now");
    refused(&|_| {}, &["node2"], "cannot be used with");
    std::fs::write(folder.path().join("other.yaml"), "nodes: [{name: node2}]").unwrap();
    refused(
        &|_| {},
        &["--inventory", "other.yaml", "--join-command", JOIN],
        "has left node3, which other.yaml does not have",
    );
    std::fs::write(folder.path().join("bare.yaml"), "nodes: [{name: node2}, {name: node3}]").unwrap();
    let given = |record: &mut Value| record["join_command_given"] = true.into();
    refused(&given, &["--inventory", "bare.yaml"], "give it again with --join-command");
}

#[test]
fn one_kfleet_alone_goes_on_with_a_run() {
    let folder = folder(THREE);
    let path = plant(&folder, OLD, |_| {});
    let other = std::fs::OpenOptions::new().append(true).open(path.join("run.json")).unwrap();
    other.lock().unwrap();
    let (_, stderr) = says(&folder, &["join", "--resume", OLD, "--yes"], 3);
    assert!(stderr.contains(&format!("somebody goes on with run {OLD} already")), "{stderr}");
    assert_eq!(runs(&folder).len(), 1, "no run was begun: {stderr}");
    drop(other);
    says(&folder, &["join", "--resume", OLD, "--yes"], 1);
    assert_eq!(runs(&folder).len(), 2);
}

#[test]
fn last_is_the_newest_run_that_a_command_can_take() {
    let folder = folder(THREE);
    plant(&folder, OLD, |_| {});
    says(&folder, &["reset", "node1", "--yes"], 1);
    assert!(says(&folder, &["runs", "show", "last"], 0).0.contains("kfleet reset on 1 node"));
    says(&folder, &["join", "--resume", "last", "--yes"], 1);
    assert_eq!(record(runs(&folder).last().unwrap())["resumes"], OLD);

    says(&folder, &["reset", "node1", "--restore-config", "20260201", "--yes"], 1);
    let (_, stderr) = says(&folder, &["reset", "node1", "--restore-config", "20260202", "--yes"], 2);
    assert!(stderr.contains("no run 20260202 was kept") && stderr.contains("kfleet runs"), "{stderr}");
}

#[test]
fn where_nothing_is_left_nothing_is_done() {
    let folder = folder(THREE);
    plant(&folder, OLD, |record| record["nodes"] = serde_json::json!(["node1"]));
    let (stdout, _) = says(&folder, &["join", "--resume", OLD], 0);
    assert!(stdout.contains("nothing is left to do"), "{stdout}");
    assert_eq!(runs(&folder).len(), 1);
}

#[test]
fn a_journal_of_a_newer_kfleet_is_a_row_and_no_more() {
    let folder = folder(THREE);
    plant(&folder, OLD, |record| (record["schema"], record["kfleet"]) = (2.into(), "9.1.0".into()));
    assert!(says(&folder, &["runs"], 0).0.contains("written by kfleet 9.1.0"));
    assert!(says(&folder, &["runs", "show", OLD], 2).1.contains("written by kfleet 9.1.0"));
    assert!(says(&folder, &["runs", "replay", OLD], 2).1.contains("written by kfleet 9.1.0"));
}

/// The journals of earlier kfleets, and those of the README, in a state folder of their own.
fn with_fixtures() -> TempDir {
    let folder = folder(THREE);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal/schema-1");
    for run in std::fs::read_dir(fixtures).unwrap().map(Result::unwrap) {
        let copy = folder.path().join("state/kfleet/runs").join(run.file_name());
        std::fs::create_dir_all(&copy).unwrap();
        for file in std::fs::read_dir(run.path()).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
    }
    folder
}

const WHOLE: &str = "20260131t235959z-0a1b2c";
const TORN: &str = "20260201t000100z-1b2c3d";
const NEWER: &str = "20260201t000200z-2c3d4e";

#[test]
fn journals_of_schema_1_are_read() {
    let folder = with_fixtures();
    let (table, _) = says(&folder, &["runs"], 0);
    let ended: Vec<&str> = table.lines().skip(1).filter_map(|line| line.rsplit("  ").next()).collect();
    assert_eq!(ended, ["2 failed", "cut off", "1 failed"], "{table}");

    let (shown, _) = says(&folder, &["runs", "show", WHOLE], 0);
    for part in ["by ops@desk", "already joined", "KF001", "KF027", "3 nodes: 1 joined, 1 already joined, 1 failed"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("cannot be read") && !shown.contains("Not finished"), "{shown}");
    let (log, _) = says(&folder, &["runs", "show", WHOLE, "node2"], 0);
    assert!(log.contains("node2: attempt 1: resetting (gentle)") && log.contains("node2 | [preflight]"), "{log}");
    let (summary, lines) = says(&folder, &["runs", "replay", WHOLE], 0);
    assert!(lines.starts_with(&format!("kfleet join: 3 nodes, run {WHOLE}\n")), "{lines}");
    assert!(lines.ends_with("kfleet: 3 nodes: 1 joined, 1 already joined, 1 failed\n"), "{lines}");
    assert!(summary.contains(&format!("--restore-config {WHOLE}")), "{summary}");

    let (shown, _) = says(&folder, &["runs", "show", TORN], 0);
    for part in
        ["cut off", "--replace --parallel 1", "1 line of it cannot be read", "node1: reset done", "node2: its turn had"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (shown, _) = says(&folder, &["runs", "show", NEWER], 0);
    for part in ["2 failed", "2 lines of it cannot be read", "node1  unknown", "node2: kfleet join, run", "--replace"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for run in [TORN, NEWER] {
        says(&folder, &["runs", "replay", run, "-vv"], 0);
        let begun = kfleet::journal::find(&folder.path().join("state/kfleet/runs"), &run.parse().unwrap()).unwrap();
        let begun = begun.story().unwrap().begun.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(begun, if run == TORN { vec!["node1"] } else { vec!["node1", "node2"] });
    }
}
