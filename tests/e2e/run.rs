//! One run of the real binary, read from its JSON events.

use crate::bed::Bed;
use kfleet::model::{Event, Kind, NodeReport, Outcome};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A run that is over.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub events: Vec<Event>,
    pub text: String,
}

/// A run under way.
pub struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    run: Run,
}

/// Starts kfleet with `args`, the bed's inventory unless they name one, and JSON output.
pub fn start(bed: &Bed, args: &[&str]) -> Running {
    start_as(bed, "tester", args)
}

/// The same for somebody else.
pub fn start_as(bed: &Bed, user: &str, args: &[&str]) -> Running {
    let inventory = bed.file("inventory.yaml");
    let mut all = vec![];
    if !args.contains(&"--inventory") {
        all.extend(["--inventory", path(&inventory)]);
    }
    all.extend(["--output", "json"]);
    all.extend(args);
    let mut command = bed.in_fleet(env!("CARGO_BIN_EXE_kfleet"), &all);
    let mut child = command
        .stdout(Stdio::piped())
        .env_remove("SSH_AUTH_SOCK")
        .env("USER", user)
        .env("XDG_STATE_HOME", bed.file("state"))
        .spawn()
        .expect("kfleet starts");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    Running { child, lines, run: Run { code: None, events: Vec::new(), text: String::new() } }
}

/// Runs kfleet to its end.
pub fn kfleet(bed: &Bed, args: &[&str]) -> Run {
    start(bed, args).finish()
}

/// The same for somebody else.
pub fn kfleet_as(bed: &Bed, user: &str, args: &[&str]) -> Run {
    start_as(bed, user, args).finish()
}

/// Runs kfleet for people to its end: exit code, standard output, standard error.
pub fn people(bed: &Bed, args: &[&str]) -> (Option<i32>, String, String) {
    let inventory = bed.file("inventory.yaml");
    let mut all = vec!["--inventory", path(&inventory)];
    all.extend(args);
    let output = bed
        .in_fleet(env!("CARGO_BIN_EXE_kfleet"), &all)
        .env("XDG_STATE_HOME", bed.file("state"))
        .output()
        .expect("kfleet runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

pub fn path(path: &Path) -> &str {
    path.to_str().expect("the target folder's path is text")
}

impl Running {
    /// Reads on until an event that `test` holds for.
    pub fn until(&mut self, test: impl Fn(&Kind) -> bool) {
        while let Some(kind) = self.next() {
            if test(&kind) {
                return;
            }
        }
        panic!("the run ended before it: {}", self.run.text);
    }

    /// Presses Ctrl-C for kfleet alone.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Ends kfleet as the kernel does where memory runs out.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    fn signal(&self, signal: &str) {
        let mut processes = vec![self.child.id()];
        while let Some(pid) = processes.pop() {
            if std::fs::read_link(format!("/proc/{pid}/exe"))
                .is_ok_and(|exe| exe == Path::new(env!("CARGO_BIN_EXE_kfleet")))
            {
                let sent = Command::new("kill").args([signal, &pid.to_string()]).status();
                assert!(sent.is_ok_and(|s| s.success()), "kfleet ({pid}) cannot be signalled");
                return;
            }
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            processes.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        panic!("no kfleet runs below {}", self.child.id());
    }

    fn next(&mut self) -> Option<Kind> {
        let line = self.lines.next()?.expect("kfleet prints text");
        self.run.text.push_str(&line);
        self.run.text.push('\n');
        let event: Event = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.run.events.push(event.clone());
        Some(event.kind)
    }

    /// Reads to the end.
    pub fn finish(mut self) -> Run {
        while self.next().is_some() {}
        self.run.code = self.child.wait().expect("kfleet ends").code();
        self.run
    }
}

impl Run {
    /// The report of one node.
    pub fn report(&self, node: &str) -> &NodeReport {
        let found = self.events.iter().find_map(|e| match &e.kind {
            Kind::NodeFinished { report } if report.node.as_str() == node => Some(report),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{node} has no report: {}", self.text))
    }

    /// When a node was finished, in milliseconds since the run began.
    pub fn finished_at(&self, node: &str) -> u64 {
        let at = self
            .events
            .iter()
            .find(|e| matches!(&e.kind, Kind::NodeFinished { report } if report.node.as_str() == node));
        at.map(|e| e.at_ms).expect("it has finished")
    }

    /// Checks the outcome of a node.
    pub fn expect(&self, node: &str, outcome: Outcome) -> &NodeReport {
        let report = self.report(node);
        assert_eq!(report.outcome, outcome, "{node}: {:?}\n{}", report.error, report.tail.join("\n"));
        report
    }
}
