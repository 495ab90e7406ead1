//! From events to files and back.

use super::*;
use crate::journal::find;
use crate::model::{NodeName, NodeReport, Outcome, Phase, RunOptions};

const RUN: &str = "20260201t000000z-0a1b2c";

fn node(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

fn record() -> RunRecord {
    RunRecord {
        schema: RunRecord::SCHEMA,
        kfleet: "0.1.0".to_owned(),
        run: RUN.parse().unwrap(),
        command: "join".to_owned(),
        who: None,
        began_unix_ms: 0,
        began: String::new(),
        inventory: "/inventory.yaml".to_owned(),
        nodes: vec![node("node1")],
        options: RunOptions::default(),
        order: None,
        join_command_given: true,
        resumes: None,
        begun: Vec::new(),
    }
}

fn started() -> Kind {
    Kind::RunStarted { schema: 1, run: RUN.to_owned(), command: "join".to_owned(), nodes: vec![node("node1")] }
}

fn begun(phase: Phase) -> Kind {
    Kind::PhaseStarted { node: node("node1"), phase, attempt: 1, level: None, steps: vec!["kubeadm join".to_owned()] }
}

/// Events that are kept below the folder, and those that a display gets.
fn kept(folder: Result<PathBuf, String>) -> (Events, Receiver<Event>, Keeping) {
    let (sender, shown) = channel();
    let (keeper, receiver) = channel();
    let events = Events::new(sender).kept_by(keeper);
    let keeping = Keeping::begin(receiver, record(), (folder, 50), None, events.clone());
    (events, shown, keeping)
}

fn recorded(runs: &Path) -> crate::journal::Recorded {
    find(runs, &RUN.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn what_was_sent_is_on_the_disk_once_that_was_waited_for() {
    let state = tempfile::tempdir().unwrap();
    let (events, _shown, keeping) = kept(Ok(state.path().to_owned()));
    events.send(started());
    events.send(begun(Phase::Reset));
    assert!(events.kept(Duration::from_secs(60)).await);
    let recorded = recorded(state.path());
    assert!(recorded.is_running());
    assert!(recorded.story().unwrap().begun.contains(&node("node1")));
    events.send(Kind::RunFinished);
    assert!(keeping.end());
    assert!(recorded.story().unwrap().finished);
}

#[test]
fn no_secret_is_in_any_file() {
    let state = tempfile::tempdir().unwrap();
    let (events, shown, keeping) = kept(Ok(state.path().to_owned()));
    let secret = "abcdef.0123456789abcdef";
    let join = format!("kubeadm join 10.0.0.1:6443 --token {secret}");
    events.send(started());
    events.send(Kind::NodeStarted { node: node("node1") });
    events.send(Kind::Waiting { node: node("node1"), what: join.clone() });
    events.send(begun(Phase::Join));
    for line in [&join, "-----BEGIN RSA PRIVATE KEY-----", "MIIEsecret", "-----END RSA PRIVATE KEY-----"] {
        events.send(Kind::Output { node: node("node1"), line: line.to_owned() });
    }
    events.send(Kind::PhaseFinished { node: node("node1"), phase: Phase::Join, error: Some(join.clone()) });
    let tail = vec![join.clone(), "-----BEGIN EC PRIVATE KEY-----".to_owned(), "MIIEsecret".to_owned()];
    let report = NodeReport {
        node: node("node1"),
        outcome: Outcome::Failed,
        attempts: 1,
        level: None,
        elapsed_ms: 1,
        findings: Vec::new(),
        cause: None,
        error: Some(join.clone()),
        notes: vec![join],
        tail,
    };
    events.send(Kind::NodeFinished { report });
    events.send(Kind::RunFinished);
    keeping.end();
    for file in std::fs::read_dir(state.path().join(RUN)).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("0123456789abcdef") && !text.contains("MIIEsecret"), "{text}");
    }
    let log = recorded(state.path()).transcript(&node("node1")).unwrap().unwrap();
    assert!(log.contains("node1 | kubeadm join 10.0.0.1:6443 --token abcdef.****"), "{log}");
    assert!(shown.iter().take(12).any(|event| format!("{event:?}").contains(secret)), "a display gets it as it is");
}

#[test]
fn a_journal_that_cannot_be_written_is_warned_of_once_and_stops_nothing() {
    let state = tempfile::tempdir().unwrap();
    std::fs::write(state.path().join("runs"), "no folder").unwrap();
    for folder in [Ok(state.path().join("runs")), Err("there is no home".to_owned())] {
        let (events, shown, keeping) = kept(folder);
        events.send(started());
        events.send(begun(Phase::Reset));
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(events.kept(Duration::from_secs(60)));
        events.send(Kind::RunFinished);
        assert!(!keeping.end(), "nothing can be gone on with");
        drop(events);
        let seen: Vec<Kind> = shown.iter().map(|event| event.kind).collect();
        let warned: Vec<&String> =
            seen.iter().filter_map(|kind| if let Kind::Warned { what } = kind { Some(what) } else { None }).collect();
        assert!(matches!(seen[0], Kind::RunStarted { .. }), "{seen:?}");
        assert!(matches!(warned.as_slice(), [what] if what.contains("the journal of this run")), "{warned:?}");
    }
}

#[test]
fn a_display_and_the_journal_get_the_same_order() {
    let state = tempfile::tempdir().unwrap();
    let (events, shown, keeping) = kept(Ok(state.path().to_owned()));
    events.send(started());
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let events = events.clone();
            scope.spawn(move || {
                for n in 0..300 {
                    events.send(Kind::Waiting { node: node(name), what: n.to_string() });
                }
            });
        }
    });
    events.send(Kind::RunFinished);
    keeping.end();
    drop(events);
    let mut written = Vec::new();
    assert_eq!(recorded(state.path()).events(|event| written.push(event)).unwrap(), 0);
    let shown: Vec<Event> = shown.iter().collect();
    assert_eq!(written.len(), 1202);
    assert!(written == shown, "they differ");
}
