//! The real binary: what it takes on its command line, what it asks, and how such a run ends.

use assert_cmd::Command;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A folder with an inventory of `nodes`, whose lines end the entry of each, under `head`.
fn folder(head: &str, nodes: usize, end: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let entries: String =
        (1..=nodes).map(|i| format!("  - {{name: node{i}, host: 127.0.0.{i}, known_hosts: known, {end}}}\n")).collect();
    std::fs::write(folder.path().join("nodes.yaml"), format!("{head}nodes:\n{entries}")).unwrap();
    std::fs::write(folder.path().join("known"), "").unwrap();
    folder
}

/// Nobody listens on port 1.
const NOBODY: &str = "port: 1";

/// Exit code and both outputs.
fn kfleet(folder: &TempDir, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfleet"));
    command.current_dir(folder.path()).env_clear().env("HOME", folder.path()).env("PATH", "/usr/bin:/bin");
    let output = command.args(args).output().unwrap();
    let said = [output.stderr, output.stdout].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn wrong_orders_are_found_before_any_node_is_touched() {
    let folder = folder("", 1, NOBODY);
    for (option, values) in [
        ("--batch", &["0", "0%", "101%", "five", "-1", ""][..]),
        ("--max-failures", &["0%", "101%", "five", "-1", "1.5"]),
        ("--canary", &["one", "10%", "-1"]),
        ("--deadline", &["0s", "20", "soon", "500ms"]),
        ("--node-deadline", &["0s", "20", "soon"]),
    ] {
        for value in values {
            let (code, said) = kfleet(&folder, &["reset", "node1", "--yes", &format!("{option}={value}")]);
            assert!(code == 2 && said.contains(option) && !said.contains("OUTCOME"), "{option}={value}: {said}");
        }
    }
}

#[test]
fn the_brake_is_that_of_the_inventory_or_of_the_command_line() {
    let of_inventory = folder("policy: {canary: 1}\n", 8, NOBODY);
    let (code, said) = kfleet(&of_inventory, &["reset", "--all", "--yes"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("kfleet: 7 nodes not started: "), "{said}");
    assert!(said.contains("8 nodes: 1 unreachable, 7 not started"), "{said}");
    let why = "node1 failed, and canary 1 lets others follow only where it succeeds";
    assert!(said.contains(&format!("node2, node3, node4, node5 and 3 other nodes: not started\n  {why}; ")), "{said}");

    let (_, shown) = kfleet(&of_inventory, &["runs", "show", "last"]);
    assert!(shown.contains("with --canary 1\n"), "what held is kept, whoever said it: {shown}");

    let wins = ["reset", "--all", "--yes", "--canary", "0", "--max-failures", "25%", "--batch", "3"];
    let (code, said) = kfleet(&of_inventory, &wins);
    assert!(code == 1 && said.contains("8 nodes: 3 unreachable, 5 not started"), "{said}");
    assert!(said.contains("3 of 8 nodes failed, and max-failures 25% allows no more (node"), "{said}");

    let (_, said) = kfleet(&of_inventory, &["reset", "--all", "--dry-run", "--batch", "3", "--max-failures", "25%"]);
    let told = "order: the first node alone; batches of 3; no further node once more than 2 of 8 have not succeeded\n";
    assert!(said.contains(told), "{said}");
    assert_eq!(said.matches("node8: unreachable").count(), 2, "a look is taken at all of them: {said}");
}

#[test]
fn a_run_ends_soon_after_its_deadline_where_a_node_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = folder("timeouts: {node: 1h}\n", 1, &format!("port: {port}, connect_timeout: 20m"));
    let start = Instant::now();
    let (code, said) = kfleet(&folder, &["reset", "node1", "--yes", "--deadline", "2s"]);
    let took = start.elapsed();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the run's time (deadline 2s) is up while connecting to 127.0.0.1"), "{said}");
    assert!(said.contains("1 node: 1 out of time") && said.contains("nothing was changed on the node"), "{said}");
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(120), "of 20 minutes it took {took:?}");
}

/// Runs it on a terminal of its own, where `answer` is typed.
fn typed(folder: &TempDir, args: &str, answer: &str) -> (i32, String) {
    let mut command = Command::new("script");
    command.current_dir(folder.path()).env_clear().env("HOME", folder.path()).env("PATH", "/usr/bin:/bin");
    command.env("TERM", "dumb");
    let line = format!("{} {args} --no-progress", env!("CARGO_BIN_EXE_kfleet"));
    let output =
        command.args(["-q", "-e", "-c", &line, "/dev/null"]).write_stdin(format!("{answer}\n")).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_may_wipe_many_wants_their_number_typed() {
    let folder = folder("", 6, NOBODY);
    for args in ["reset --all --aggressive", "reset --all --escalate"] {
        let question = "This can wipe containerd's images and containers on 6 nodes. Type 6 to go on:";
        for (answer, code) in [("y", 3), ("5", 3), ("", 3), ("6", 1)] {
            let (ended, said) = typed(&folder, args, answer);
            assert!(ended == code && said.contains(question), "{args}, {answer:?}: {ended}: {said}");
            assert_eq!(said.contains("not confirmed; nothing was done"), code == 3, "{args}, {answer:?}: {said}");
            assert_eq!(said.contains("6 unreachable"), code == 1, "{args}, {answer:?}: {said}");
        }
    }
    for args in ["reset --all", "reset node[1-5] --aggressive"] {
        let (ended, said) = typed(&folder, args, "y");
        assert!(ended == 1 && said.contains("[y/N]") && !said.contains("Type"), "{args}: {ended}: {said}");
    }
}
