//! The real binary, asked from outside, where no node is needed: what is wrong is said before any node is touched.

use assert_cmd::Command;
use std::path::Path;
use tempfile::TempDir;

/// kfleet in an empty home and folder, with no terminal.
fn kfleet(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfleet"));
    command.current_dir(folder.path()).env_clear().env("HOME", folder.path()).env("PATH", "/usr/bin:/bin");
    command
}

fn folder(inventory: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if let Some(text) = inventory {
        std::fs::write(folder.path().join("nodes.yaml"), text).unwrap();
    }
    folder
}

/// Runs `args`; gives standard error after checking the exit code.
fn fails(folder: &TempDir, args: &[&str], code: i32) -> String {
    let output = kfleet(folder).args(args).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{args:?} printed to standard output");
    stderr
}

/// Nobody listens on port 1 of the loopback address.
const NOBODY: &str =
    "nodes:\n  - {name: node1, host: 127.0.0.1, port: 1}\n  - {name: node2, host: 127.0.0.1, port: 2}\n";

#[test]
fn without_an_inventory_all_four_places_are_named() {
    let stderr = fails(&folder(None), &["status"], 2);
    for place in ["KFLEET_INVENTORY", "inventory.yaml", "nodes.yaml", ".config/kfleet/inventory.yaml"] {
        assert!(stderr.contains(place), "{place} is not named: {stderr}");
    }
}

#[test]
fn a_named_inventory_that_is_not_there_is_not_replaced_by_another() {
    let folder = folder(Some(NOBODY));
    assert!(fails(&folder, &["status", "--inventory", "other.yaml"], 2).contains("other.yaml"));
    let output = kfleet(&folder).arg("status").env("KFLEET_INVENTORY", "gone.yaml").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("gone.yaml"));
}

#[test]
fn a_wrong_inventory_is_shown_with_its_line() {
    let stderr = fails(&folder(Some("nodes:\n  - {name: node1, prot: 22}\n")), &["inventory", "check"], 2);
    assert!(stderr.contains("nodes.yaml:2:") && stderr.contains("did you mean `port`"), "{stderr}");
}

#[test]
fn a_change_without_a_terminal_needs_yes() {
    let folder = folder(Some(NOBODY));
    assert!(fails(&folder, &["reset", "node1"], 3).contains("--yes"));
}

#[test]
fn reset_never_takes_all_nodes_without_the_word() {
    let folder = folder(Some(NOBODY));
    assert!(fails(&folder, &["reset", "--yes"], 2).contains("SELECTOR"));
    assert!(fails(&folder, &["reset", "node1", "--all", "--yes"], 2).contains("--all"));
    assert!(
        fails(&folder, &["reset", "node1", "--gentle", "--aggressive", "--yes"], 2).contains("cannot be used with")
    );
}

#[test]
fn a_selector_that_matches_nothing_lists_near_names() {
    let stderr = fails(&folder(Some(NOBODY)), &["reset", "nod1", "--yes"], 2);
    assert!(stderr.contains("nod1") && stderr.contains("node1"), "{stderr}");
}

#[test]
fn a_join_needs_one_source_of_its_command() {
    let folder = folder(Some(NOBODY));
    let stderr = fails(&folder, &["join", "--yes"], 2);
    assert!(stderr.contains("control_plane") && stderr.contains("join_command"), "{stderr}");
    let evil = "kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef; reboot";
    let stderr = fails(&folder, &["join", "--yes", "--join-command", evil], 2);
    assert!(stderr.contains("';'") && !stderr.contains("0123456789abcdef"), "{stderr}");
}

#[test]
fn a_control_plane_node_is_refused_by_its_role() {
    let folder = folder(Some("nodes:\n  - {name: cp, role: control-plane}\n  - {name: node1}\n"));
    for args in [["reset", "cp", "--yes"], ["join", "*", "--yes"]] {
        let mut args = args.to_vec();
        if args[0] == "join" {
            args.extend(["--join-command", JOIN]);
        }
        assert!(fails(&folder, &args, 3).contains("cp is a control-plane node"));
    }
    // What is left of all nodes without some is still what "all" means: the workers.
    assert!(fails(&folder, &["reset", "!other*"], 2).contains("other"));
    assert!(fails(&folder, &["reset", "!cp"], 3).contains("--yes"));
}

#[test]
fn members_are_joined_anew_only_by_name_and_through_a_control_plane() {
    let bare = folder(Some(NOBODY));
    let whole =
        folder(Some("cluster: {control_plane: cp}\nnodes:\n  - {name: cp, role: control-plane}\n  - {name: node1}\n"));
    for flag in ["--replace", "--drain", "--force-rejoin"] {
        assert!(fails(&whole, &["join", flag, "--yes"], 2).contains("SELECTOR"), "{flag}");
        assert!(fails(&whole, &["join", flag, "!cp", "--yes"], 2).contains("by name"), "{flag}");
        assert!(fails(&whole, &["join", flag, "node1"], 3).contains("--yes"), "{flag}");
    }
    for flag in ["--replace", "--drain"] {
        let stderr = fails(&bare, &["join", flag, "node1", "--yes", "--join-command", JOIN], 2);
        assert!(stderr.contains("control_plane: NAME"), "{stderr}");
    }
}

#[test]
fn a_join_command_fits_the_nodes_or_is_refused() {
    let folder = folder(Some(NOBODY));
    for (words, said) in [
        ("--node-name n", "--node-name n"),
        ("--cri-socket /run/crio/crio.sock", "--cri-socket /run/crio/crio.sock"),
        ("--control-plane", "control-plane"),
    ] {
        let stderr = fails(&folder, &["join", "--yes", "--join-command", &format!("{JOIN} {words}")], 2);
        assert!(stderr.contains(said) && !stderr.contains("0123456789abcdef "), "{stderr}");
    }
    for time in ["soon", "5", ""] {
        assert!(fails(&folder, &["join", "--wait", time, "--yes"], 2).contains("--wait"), "{time}");
    }
}

const JOIN: &str = "kubeadm join 127.0.0.1:1 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn nodes_that_are_not_there_end_as_such_and_the_tables_say_so() {
    let folder = folder(Some(NOBODY));
    std::fs::create_dir(folder.path().join(".ssh")).unwrap();
    std::fs::write(folder.path().join(".ssh/known_hosts"), "").unwrap();
    let output = kfleet(&folder).args(["reset", "node[1-2]", "--yes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("OUTCOME") && stdout.contains("unreachable") && stdout.contains("127.0.0.1:1"), "{stdout}");
    assert!(stdout.contains("2 nodes: 2 unreachable"), "{stdout}");

    let output = kfleet(&folder).args(["reset", "node1", "--dry-run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.starts_with("node1: unreachable: ") && stdout.lines().count() == 1, "{stdout}");

    let output = kfleet(&folder).arg("status").output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && stdout.contains("node1") && stdout.contains("node2"), "{stdout}");

    let output = kfleet(&folder).args(["status", "--output", "json"]).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let first: serde_json::Value = serde_json::from_str(stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&first["event"], &first["schema"]), (&"run_started".into(), &1.into()));
    assert!(stdout.lines().all(|line| serde_json::from_str::<kfleet::model::Event>(line).is_ok()), "{stdout}");
}

#[test]
fn a_watch_has_a_pause_of_a_second_or_more() {
    let folder = folder(Some(NOBODY));
    for pause in ["soon", "5", "0s", "900ms", "node1"] {
        let stderr = fails(&folder, &["status", "--watch", pause], 2);
        assert!(stderr.contains("--watch") && stderr.contains("`5s`"), "{pause}: {stderr}");
    }
}

#[test]
fn a_watch_goes_on_until_nobody_reads_it() {
    let folder = folder(Some(NOBODY));
    std::fs::create_dir(folder.path().join(".ssh")).unwrap();
    std::fs::write(folder.path().join(".ssh/known_hosts"), "").unwrap();
    for output in ["table", "json"] {
        let mut watch = std::process::Command::new(env!("CARGO_BIN_EXE_kfleet"));
        watch.current_dir(folder.path()).env_clear().env("HOME", folder.path());
        watch.args(["status", "node1", "--watch", "1s", "--output", output]);
        let mut watch = watch.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(watch.stdout.take().unwrap()));
        let of_two_rounds: Vec<String> = lines
            .map(Result::unwrap)
            .filter(|line| line.contains("REACH") || line.contains("run_started"))
            .take(2)
            .collect();
        assert_eq!(of_two_rounds.len(), 2, "{output}");
        assert!(of_two_rounds.iter().all(|line| !line.contains('\x1b')), "{of_two_rounds:?}");
        assert_eq!(watch.wait().unwrap().code(), Some(0), "{output}");
    }
}

#[test]
fn a_diagnosis_is_of_named_nodes_or_of_what_was_saved() {
    let folder = folder(Some(NOBODY));
    assert!(fails(&folder, &["diagnose"], 2).contains("SELECTOR"));
    assert!(fails(&folder, &["diagnose", "node1", "--from", "status.json"], 2).contains("cannot be used with"));
    assert!(fails(&folder, &["diagnose", "--from", "status.json"], 2).contains("status.json: cannot be read"));
    std::fs::create_dir(folder.path().join(".ssh")).unwrap();
    std::fs::write(folder.path().join(".ssh/known_hosts"), "").unwrap();
    let output = kfleet(&folder).args(["diagnose", "node1"]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && shown.starts_with("node1: not measured: "), "{shown}");
    let output = kfleet(&folder).args(["status", "node1", "--save", "status.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let output = kfleet(&folder).args(["diagnose", "--from", "status.json"]).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap()), (Some(0), shown));
    let output = kfleet(&folder).args(["diagnose", "--from", "status.json", "--output", "json"]).output().unwrap();
    let event: kfleet::model::Event = serde_json::from_slice(&output.stdout).unwrap();
    assert!(matches!(event.kind, kfleet::model::Kind::Measured { status } if status.error.is_some()));
    std::fs::write(folder.path().join("status.json"), "NODE  REACH\n").unwrap();
    assert!(fails(&folder, &["diagnose", "--from", "status.json"], 2).contains("no file of `kfleet status --save`"));
}

#[test]
fn the_example_inventory_is_right_and_lists_as_it_says() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory.example.yaml");
    let folder = folder(None);
    let run = |args: &[&str]| {
        let output = kfleet(&folder).args(args).arg("--inventory").arg(&example).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["inventory", "check"]).contains("nodes: 3, workers: 2"));
    let list = run(&["inventory", "list"]);
    for part in ["masternode", "control-plane", "admin@192.168.4.62:22", "sudo", "/srv/media, /mnt/media"] {
        assert!(list.contains(part), "{part}: {list}");
    }
    assert_eq!(run(&["inventory", "list", "@storage", "--output", "json"]).lines().count(), 1);
}

#[test]
fn a_finding_is_explained_without_an_inventory() {
    let folder = folder(None);
    let run = |args: &[&str]| {
        let output = kfleet(&folder).arg("explain").args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run(&["KF046"]);
    assert!(text.starts_with("KF046 ") && text.contains("\nMeans: ") && text.contains("\nSource: "), "{text}");
    assert!(text.contains("#26000") && text.contains("\n    crictl imagefsinfo\n"), "{text}");
    assert_eq!([run(&["kf46"]), run(&["46"])], [text.clone(), text.clone()]);
    let json: serde_json::Value = serde_json::from_str(&run(&["46", "--output", "json"])).unwrap();
    assert_eq!((&json["code"], &json["cured_by"]), (&"KF046".into(), &serde_json::Value::Null));
    assert!(
        json["text"].as_str().is_some_and(|told| text.ends_with(&format!("\n{told}\n"))),
        "a pipe gets it as it is"
    );
}

#[test]
fn all_findings_are_listed() {
    let folder = folder(None);
    let run = |args: &[&str]| kfleet(&folder).args(["explain", "--list"]).args(args).output().unwrap();
    let table = String::from_utf8(run(&[]).stdout).unwrap();
    let row =
        |code: &str| table.lines().find(|line| line.starts_with(code)).unwrap_or_else(|| panic!("{code}: {table}"));
    assert!(row("CODE").contains("CURED BY") && row("KF003").ends_with("aggressive") && row("KF027").ends_with(" -"));
    assert!(row("KF026").contains("error, warning"), "{table}");
    let json = String::from_utf8(run(&["--output", "json"]).stdout).unwrap();
    let codes = json.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["code"].to_string());
    assert_eq!(codes.count(), table.lines().count() - 1);
}

#[test]
fn what_cannot_be_explained_is_an_error_that_helps() {
    let folder = folder(None);
    let stderr = fails(&folder, &["explain", "KF999"], 2);
    assert!(stderr.contains("KF999") && stderr.contains("nearest is KF0") && stderr.contains("--list"), "{stderr}");
    assert!(fails(&folder, &["explain", "swap"], 2).contains("--list"));
    assert!(fails(&folder, &["explain"], 2).contains("CODE"));
    assert!(fails(&folder, &["explain", "KF001", "--list"], 2).contains("cannot be used with"));
}

/// What listens there accepts and says nothing, so a look would go on for ten minutes.
fn silent() -> (std::net::TcpListener, TempDir) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let nodes = format!(
        "nodes:\n  - {{name: node1, host: 127.0.0.1, port: {port}, connect_timeout: 10m, known_hosts: known}}\n"
    );
    let folder = folder(Some(&nodes));
    std::fs::write(folder.path().join("known"), "").unwrap();
    (listener, folder)
}

/// A signal that comes before that would end any program.
fn listens_for_ctrl_c(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("Linux tells it");
    u64::from_str_radix(caught.trim(), 16).unwrap() & 0b10 != 0
}

#[test]
fn ctrl_c_ends_at_once_what_changes_nothing() {
    let (listener, folder) = silent();
    for args in
        [&["status"][..], &["diagnose", "node1"], &["reset", "node1", "--dry-run"], &["status", "--output", "json"]]
    {
        let start = std::time::Instant::now();
        let mut look = std::process::Command::new(env!("CARGO_BIN_EXE_kfleet"));
        look.current_dir(folder.path()).env_clear().env("HOME", folder.path()).args(args);
        let look = look.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let (_connection, _) = listener.accept().unwrap();
        while !listens_for_ctrl_c(look.id()) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let killed = std::process::Command::new("kill").args(["-INT", &look.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let output = look.wait_with_output().unwrap();
        let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(130), "{args:?}: {stderr}");
        assert!(stderr.ends_with("kfleet: stopped; nothing was changed\n"), "{args:?}: {stderr}");
        assert!(!stderr.contains("phase") && !stderr.contains("node1: interrupted"), "{args:?}: {stderr}");
        assert!(!stdout.contains("NODE ") && !stdout.contains("node_finished"), "{args:?}: {stdout}");
        assert!(start.elapsed() < std::time::Duration::from_secs(120), "{args:?} took {:?}", start.elapsed());
    }
}
