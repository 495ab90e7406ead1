//! A small run as events, for the tests of every view.

use crate::model::{
    ClockOffset, Cni, Code, Event, Fact, Facts, Finding, Kind, Level, NodeName, NodeReport, NodeStatus, Outcome, Phase,
};
use crate::model::{Severity, StepStatus};
use proptest::prelude::*;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

pub(crate) fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

pub(crate) fn at(at_ms: u64, kind: Kind) -> Event {
    Event { at_ms, kind }
}

pub(crate) fn started(nodes: &[&str]) -> Event {
    let (run, command) = ("k7f3".to_owned(), "join".to_owned());
    at(0, Kind::RunStarted { schema: 1, run, command, nodes: nodes.iter().map(|n| name(n)).collect() })
}

pub(crate) fn phase(at_ms: u64, node: &str, phase: Phase, attempt: u32, level: Option<Level>) -> Event {
    let steps = match phase {
        Phase::Probe => vec!["read the facts"],
        Phase::Reset => vec!["stop kubelet", "unmount below /var/lib/kubelet", "remove kubelet state"],
        Phase::Join => vec!["kubeadm join", "wait for kubelet"],
        Phase::Restart => vec!["restart kubelet.service"],
        Phase::Restore => vec!["put containerd's config back"],
        Phase::Reboot => vec!["boot the machine anew"],
    };
    let steps = steps.into_iter().map(str::to_owned).collect();
    at(at_ms, Kind::PhaseStarted { node: name(node), phase, attempt, level, steps })
}

pub(crate) fn step(at_ms: u64, node: &str, step: usize) -> Event {
    at(at_ms, Kind::StepStarted { node: name(node), step })
}

pub(crate) fn stepped(at_ms: u64, node: &str, step: usize, status: StepStatus) -> Event {
    at(at_ms, Kind::StepFinished { node: name(node), step, status })
}

pub(crate) fn waiting(at_ms: u64, node: &str, what: &str) -> Event {
    at(at_ms, Kind::Waiting { node: name(node), what: what.to_owned() })
}

pub(crate) fn finished(at_ms: u64, report: NodeReport) -> Event {
    at(at_ms, Kind::NodeFinished { report })
}

pub(crate) fn report(node: &str, outcome: Outcome) -> NodeReport {
    let (node, notes, tail) = (name(node), Vec::new(), Vec::new());
    NodeReport {
        node,
        outcome,
        attempts: 1,
        level: None,
        elapsed_ms: 63_000,
        findings: Vec::new(),
        cause: None,
        error: None,
        notes,
        tail,
    }
}

/// Joins one node at once, one after a reset with a hostile line in its output, and loses a third.
pub(crate) fn story() -> Vec<Event> {
    let reports = reports();
    vec![
        started(&["node1", "node2", "node3"]),
        at(10, Kind::NodeStarted { node: name("node1") }),
        waiting(11, "node1", "connecting to 192.168.4.61:22"),
        at(12, Kind::NodeStarted { node: name("node2") }),
        phase(900, "node1", Phase::Join, 1, None),
        step(901, "node1", 0),
        at(
            950,
            Kind::Output { node: name("node1"), line: "[preflight] \u{1b}]0;owned\u{7}Running\t checks".to_owned() },
        ),
        stepped(4_000, "node1", 0, StepStatus::Done),
        at(4_100, Kind::PhaseFinished { node: name("node1"), phase: Phase::Join, error: None }),
        finished(5_000, NodeReport { elapsed_ms: 4_990, ..reports[0].clone() }),
        phase(5_100, "node2", Phase::Reset, 2, Some(Level::Gentle)),
        step(5_101, "node2", 0),
        stepped(5_200, "node2", 0, StepStatus::Nothing),
        step(5_201, "node2", 1),
        stepped(6_000, "node2", 1, StepStatus::Refused),
        at(6_001, Kind::PhaseFinished { node: name("node2"), phase: Phase::Reset, error: reports[2].error.clone() }),
        at(6_002, Kind::Unknown),
        at(6_500, Kind::Stopping),
        finished(7_000, NodeReport { node: name("node2"), ..reports[2].clone() }),
        finished(7_001, NodeReport { node: name("node3"), ..reports[4].clone() }),
        at(7_002, Kind::RunFinished),
    ]
}

pub(crate) fn reports() -> Vec<NodeReport> {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    vec![
        NodeReport { notes: lines(&["left behind: flannel.1", "kubelet 1.30 joins a 1.31 cluster"]), ..report("node1", Outcome::Joined) },
        NodeReport {
            attempts: 0,
            elapsed_ms: 1_200,
            notes: lines(&["registered; waits for the pod network (CNI)"]),
            ..report("storagenodet3500", Outcome::AlreadyJoined)
        },
        NodeReport {
            attempts: 2,
            level: Some(Level::Aggressive),
            elapsed_ms: 3_723_000,
            error: Some(
                "reset at level aggressive: /var/lib/kubelet/pods is still a mount after `umount`, so nothing was deleted\nlook at `lsof +f -- /var/lib/kubelet/pods` on node3, stop what holds it, and run `kfleet join node3` again".to_owned(),
            ),
            findings: statuses()[1].findings.clone(),
            tail: lines(&["umount: /var/lib/kubelet/pods: target is busy.", "\u{1b}[31mstill mounted\u{1b}[0m"]),
            ..report("node3", Outcome::Failed)
        },
        NodeReport {
            attempts: 0,
            elapsed_ms: 10_000,
            error: Some("connecting to 192.168.4.64:22: no answer within 10s; is the machine on?".to_owned()),
            ..report("node4", Outcome::Unreachable)
        },
        NodeReport { attempts: 0, elapsed_ms: 0, ..report("node5", Outcome::Interrupted) },
    ]
}

pub(crate) fn statuses() -> Vec<NodeStatus> {
    let known = |text: &str| Fact::Known(text.to_owned());
    let finding = |code, severity, cause: &str, remedy: &str| {
        let (cause, remedy) = (cause.to_owned(), remedy.to_owned());
        Finding {
            code: Code(code),
            severity,
            cause,
            evidence: Vec::new(),
            remedy,
            cured_by: Some(Level::Gentle),
            blocks_join: false,
            checks: Vec::new(),
        }
    };
    let healthy = NodeStatus {
        node: name("node1"),
        error: None,
        joined: known("yes"),
        kubelet: known("running 1.31.2"),
        runtime: known("containerd 1.7.22"),
        cri: known("ready"),
        image_filesystem: known("41/100 GiB"),
        findings: Vec::new(),
        facts: None,
    };
    let broken = NodeStatus {
        node: name("node2"),
        joined: known("half"),
        kubelet: known("activating"),
        cri: Fact::Unknown("crictl: not found".to_owned()),
        image_filesystem: Fact::Unknown("crictl: not found".to_owned()),
        findings: vec![
            finding(
                2,
                Severity::Error,
                "kubelet restarts: it has a kubeconfig but no config.yaml",
                "reset gently and join",
            ),
            finding(5, Severity::Note, "swap is \u{1b}[1mon\u{1b}[0m (2 GiB)", "`swapoff -a`"),
        ],
        ..healthy.clone()
    };
    let away = NodeStatus {
        node: name("node3"),
        error: Some("connecting to 192.168.4.63:22: connection refused".to_owned()),
        joined: Fact::default(),
        kubelet: Fact::default(),
        runtime: Fact::default(),
        cri: Fact::default(),
        image_filesystem: Fact::default(),
        findings: Vec::new(),
        facts: None,
    };
    vec![healthy, broken, away]
}

/// What real nodes said, each in another state.
pub(crate) fn fleet() -> Vec<NodeStatus> {
    let known = |text: &str| Fact::Known(text.to_owned());
    let facts = Facts {
        os: known("Debian GNU/Linux 13 (trixie)"),
        kernel: known("6.12.48+deb13-amd64"),
        uptime_seconds: Fact::Known(273_600),
        containerd_namespaces: Fact::Known(vec!["k8s.io".to_owned(), "moby".to_owned()]),
        api_server: Fact::Known(Some("https://10.0.0.1:6443".to_owned())),
        node_name: known("node1"),
        pods: Fact::Known(vec![("ready".to_owned(), 3), ("notready".to_owned(), 2)]),
        cni: Fact::Known(Cni { configs: vec!["10-flannel.conflist".to_owned()], ..Cni::default() }),
        clock_offset: Fact::Known(ClockOffset { seconds: -3, uncertainty_seconds: 1 }),
        ..Facts::default()
    };
    let mut rows = statuses();
    rows[0].facts = Some(Box::new(facts.clone()));
    rows[1].facts = Some(Box::new(Facts {
        pods: Fact::Unknown("crictl: not found".to_owned()),
        containers: Fact::Unknown("crictl: not found".to_owned()),
        kubelet_filesystem: Fact::Unknown("it, or the tool that tells it, is not on the node".to_owned()),
        api: Fact::Unknown("the API server was not asked from the node".to_owned()),
        ..facts.clone()
    }));
    rows[1].runtime = known("active 2.1.9+unknown");
    let away = "it has joined another cluster than the join command names, as /etc/kubernetes/kubelet.conf says";
    let mut many = vec![rows[1].findings[0].clone(); 5];
    for (finding, code) in many.iter_mut().zip([2, 3, 6, 10, 14]) {
        (finding.code, finding.cause) = (Code(code), away.to_owned());
        finding.evidence = (1..=code)
            .map(|n| {
                format!(
                    "{n}: /etc/kubernetes/kubelet.conf: server: https://10.0.0.1:6443, and 10.0.0.2:6443 was asked for"
                )
            })
            .collect();
    }
    many[4].severity = Severity::Warning;
    rows.push(NodeStatus {
        node: name("storagenode"),
        joined: known("not healthy"),
        kubelet: known("activating v1.31.2"),
        runtime: known("active 1.7.24~ds1"),
        image_filesystem: known("183/251 GiB"),
        cri: known("no network"),
        findings: many,
        ..rows[0].clone()
    });
    rows
}

/// Any events in any order about a few nodes, with any text where nodes have a say.
pub(crate) fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let node = || (0..12_u8).prop_map(|n| name(&format!("node{n}")));
    let level = || proptest::option::of(prop_oneof![Just(Level::Gentle), Just(Level::Aggressive)]);
    let outcome = proptest::sample::select(&Outcome::ALL[..]);
    let phases = prop_oneof![Just(Phase::Probe), Just(Phase::Reset), Just(Phase::Join)];
    let text = || prop_oneof![any::<String>(), "[木🚀a\u{301}é]{0,40}"];
    let kind = prop_oneof![
        proptest::collection::vec(node(), 0..20).prop_map(|nodes| Kind::RunStarted {
            schema: 1,
            run: String::new(),
            command: String::new(),
            nodes
        }),
        node().prop_map(|node| Kind::NodeStarted { node }),
        (node(), text()).prop_map(|(node, what)| Kind::Waiting { node, what }),
        (node(), phases, any::<u32>(), level(), proptest::collection::vec(text(), 0..4))
            .prop_map(|(node, phase, attempt, level, steps)| Kind::PhaseStarted { node, phase, attempt, level, steps }),
        (node(), prop_oneof![0..5_usize, Just(usize::MAX)]).prop_map(|(node, step)| Kind::StepStarted { node, step }),
        (node(), 0..5_usize).prop_map(|(node, step)| Kind::StepFinished { node, step, status: StepStatus::Done }),
        (node(), outcome, text()).prop_map(|(node, outcome, error)| {
            Kind::NodeFinished { report: NodeReport { error: Some(error), ..report(node.as_str(), outcome) } }
        }),
        (text(), proptest::collection::vec(node(), 0..4)).prop_map(|(why, nodes)| Kind::Braked { why, nodes }),
        Just(Kind::Stopping),
        Just(Kind::Unknown),
    ];
    proptest::collection::vec((any::<u64>(), kind).prop_map(|(at_ms, kind)| Event { at_ms, kind }), 0..60)
}

/// A writer whose text can be read while someone else owns it, one entry per write.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<Vec<u8>>>>);

impl Shared {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().concat()).unwrap()
    }

    pub(crate) fn writes(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
