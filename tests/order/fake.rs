//! Nodes without a network: each does what its name says, and it is counted how many are at work at once.

use crate::context::context as shared;
use crate::recorded;
use kfleet::engine::{Context, Events};
use kfleet::model::{Access, Become, Event, Kind, Node, NodeName, NodeReport, Patience, Policy, ProtectedPath, Role};
use kfleet::parse::{SectionOutput, facts};
use kfleet::plan::Section;
use kfleet::shell::Rendered;
use kfleet::transport::{ConnectError, Exit, Session, SessionError, Spool, SpoolReader, Transport, spool};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// `away…` cannot be reached, `deaf…` never answers a connection, `mute…` connects and answers no probe, `late…` answers
/// only after the wait, `bug…` hits a bug of kfleet's, `cp` is a control plane; all others answer, and what they have
/// launched never ends.
#[derive(Default)]
pub(crate) struct Fleet {
    at_work: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

/// What `late…` nodes need more than others.
pub(crate) const LATE: Duration = Duration::from_millis(300);

impl Fleet {
    /// The most that had a connection, or were making one, at once.
    pub(crate) fn most_at_work(&self) -> usize {
        self.most.load(SeqCst)
    }
}

/// Counts as at work until it is dropped.
struct AtWork(Arc<AtomicUsize>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Transport for Fleet {
    type Session = Connection;

    async fn connect(&self, node: &Node) -> Result<Connection, ConnectError> {
        let name = node.name.as_str();
        let now = self.at_work.fetch_add(1, SeqCst) + 1;
        let at_work = AtWork(Arc::clone(&self.at_work));
        if name != "cp" {
            self.most.fetch_max(now, SeqCst);
        }
        tokio::time::sleep(if name.starts_with("late") { LATE } else { Duration::from_millis(5) }).await;
        if name.starts_with("away") {
            return Err(ConnectError::Unreachable(format!("{name}: no answer")));
        }
        assert!(!name.starts_with("bug"), "a bug on {name}");
        if name.starts_with("deaf") {
            std::future::pending::<()>().await;
        }
        Ok(Connection { _at_work: at_work, name: name.to_owned(), open: Mutex::default() })
    }
}

pub(crate) struct Connection {
    _at_work: AtWork,
    name: String,
    /// What never ends.
    open: Mutex<Vec<Spool>>,
}

impl Session for Connection {
    async fn start(&self, script: &Rendered) -> Result<SpoolReader, SessionError> {
        let (spool, reader) = spool();
        let text = script.real();
        let title = text.lines().next().unwrap_or_default().to_owned();
        let nonce = text.lines().find_map(|line| line.strip_prefix("N=")).expect("each script has its nonce");
        let mark = |words: &str| format!("\n\x1e{nonce} {words}\n").into_bytes();
        let hangs = self.name.starts_with("mute") || title.contains("launcher") || title.contains(" drain ");
        spool.push(&mark("hello"));
        if hangs {
            if title.contains("launcher") {
                spool.push(&mark("begin 2"));
                spool.push(b"removing what is left\n");
            }
            self.open.lock().unwrap().push(spool);
            return Ok(reader);
        }
        for (step, (status, bytes)) in answers(&title).into_iter().enumerate() {
            spool.push(&mark(&format!("begin {step}")));
            spool.push(&bytes);
            spool.push(&mark(&format!("end {step} {status}")));
        }
        spool.push(&mark("bye"));
        spool.finish(Ok(Exit { status: Some(0), stderr: Vec::new() }));
        Ok(reader)
    }
}

/// What a node, or the control plane, says to a script of that title: all nodes are one that is a healthy member.
fn answers(title: &str) -> Vec<(i32, Vec<u8>)> {
    if title.contains(" node-object ") {
        let object = "machine_id=30b86870600e41dba8aa83b95e05417d\nboot_id=189ae512-6718-4578-a35f-a00d6bd7e383\n\
                      ready=True\nuid=u1\n";
        return vec![(0, object.into())];
    }
    let recorded = recorded::load("trixie-ready");
    let section = |section: &Section| recorded.get(section.name()).cloned().unwrap_or((64, Vec::new()));
    if title.contains(" token ") {
        let (status, bytes) = section(&Section::ClusterCa);
        let of_ca = SectionOutput { bytes, status, too_much: None };
        let facts = facts(&[(Section::ClusterCa.name(), of_ca)].into());
        let pin = facts.cluster_ca.known().cloned().flatten().expect("the recorded node has its cluster's CA");
        let join = "kubeadm join 10.142.49.10:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash";
        return vec![(0, format!("{join} {pin}\n").into())];
    }
    if title.contains(" probe ") { Section::ALL.iter().map(section).collect() } else { vec![(64, Vec::new())] }
}

pub(crate) fn node(name: &str) -> Node {
    let access = Access {
        host: "192.0.2.1".to_owned(),
        port: 22,
        user: "root".to_owned(),
        privilege: Become::None,
        identity_files: vec![],
        known_hosts: "/".into(),
        connect_timeout: Duration::ZERO,
    };
    let role = if name == "cp" { Role::ControlPlane } else { Role::Worker };
    let name = NodeName::new(name).unwrap();
    Node { name, role, groups: vec![], access, protect: ProtectedPath::always().to_vec() }
}

/// A run to be made: it looks at each node, as fast as nothing hinders it.
pub(crate) fn context(policy: Policy) -> (Context<Fleet>, std::sync::mpsc::Receiver<Event>) {
    let (sender, receiver) = channel();
    let hour = Duration::from_secs(3600);
    let context = Context {
        policy,
        // What hangs would hang for an hour.
        patience: Patience { probe: hour, reset: hour, drain: hour, ..Patience::default() },
        ..shared(Fleet::default(), Events::new(sender))
    };
    (context, receiver)
}

/// What a run came to.
pub(crate) struct Seen {
    pub(crate) reports: Vec<NodeReport>,
    pub(crate) events: Vec<Kind>,
    pub(crate) most_at_work: usize,
}

/// Makes the run, and checks what holds for each: one report per node, in their order, and each node ends once.
pub(crate) async fn run(made: (Context<Fleet>, std::sync::mpsc::Receiver<Event>), names: &[&str]) -> Seen {
    let (context, receiver) = made;
    let context = Arc::new(context);
    let nodes = names.iter().map(|name| node(name)).collect();
    let reports = kfleet::engine::run(Arc::clone(&context), "test", nodes).await;
    let events: Vec<Kind> = receiver.try_iter().map(|event| event.kind).collect();
    assert_eq!(reports.iter().map(|report| report.node.as_str()).collect::<Vec<_>>(), names);
    assert_eq!(events.last(), Some(&Kind::RunFinished));
    for report in &reports {
        let ends = events.iter().filter(|kind| **kind == Kind::NodeFinished { report: report.clone() }).count();
        assert_eq!(ends, 1, "{}", report.node);
    }
    Seen { reports, events, most_at_work: context.transport.most_at_work() }
}
