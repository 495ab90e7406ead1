//! Nodes that fall silent while their phase is followed, for ever: told as such in time. Through the library, whose patience
//! can be made shorter than an inventory may ask for.

use crate::context::context;
use crate::fault::Fault;
use crate::fleet::Fleet;
use crate::node::Stage;
use kfleet::diagnose::Scope;
use kfleet::engine::{Context, Events, Task};
use kfleet::model::{
    Access, Become, Level, Node, NodeName, NodeReport, Outcome, Patience, Policy, ProtectedPath, Role,
};
use kfleet::transport::ssh::{Settings, SshTransport};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

pub(crate) fn given_up() -> String {
    let fleet = Fleet::up(60, &[Fault::SilentInPhase], |_| Stage::Unclean);
    let start = Instant::now();
    let reports = run(&fleet);
    let took = start.elapsed();
    let silent = fleet.nodes.iter().filter(|node| node.fault == Fault::SilentInPhase).count();
    assert_eq!(silent, 3);
    for (node, report) in fleet.nodes.iter().zip(&reports) {
        let wanted = match node.fault {
            Fault::SilentInPhase => Outcome::Lost,
            Fault::TakesNoKey => Outcome::Unreachable,
            Fault::GuardRefuses => Outcome::Refused,
            _ => Outcome::Reset,
        };
        assert_eq!(report.outcome, wanted, "{}: {:?}: {:?}", node.name, node.fault, report.error);
        let log = node.log();
        assert!(log.launches.values().all(|times| *times == 1), "{}: {:?}", node.name, log.launches);
        if node.fault == Fault::SilentInPhase {
            assert_eq!(log.launches.len(), 1, "{}: what may still run is not run again", node.name);
            let why = report.error.as_deref().unwrap_or_default();
            assert!(why.contains("was not ready within"), "{why}");
        }
    }
    // Until it is noticed, then for a connection: to follow the phase, to look at the node, to look at what it protects.
    let patience = patience();
    let most = NOTICED + (patience.reconnect + CONNECT) * 4;
    assert!(took < most * 10, "{took:?}");
    format!("reset {} nodes, {silent} silent in their phase: {:.1} s", reports.len(), took.as_secs_f32())
}

/// Long enough for a busy machine to log in to the nodes that do answer once.
const CONNECT: Duration = Duration::from_secs(10);

const KEEPALIVE: Duration = Duration::from_secs(2);
const KEEPALIVES: usize = 3;

/// What unanswered keepalives take at most.
const NOTICED: Duration = Duration::from_secs(2 * (3 + 2));

fn patience() -> Patience {
    Patience { reconnect: Duration::from_secs(2), ..Patience::default() }
}

fn run(fleet: &Fleet) -> Vec<NodeReport> {
    let (sender, _receiver) = channel();
    let settings = Settings { keepalive_interval: KEEPALIVE, keepalive_max: KEEPALIVES, ..Settings::default() };
    let context = Context {
        task: Task::Reset { start: Level::Gentle, ceiling: Level::Aggressive, scope: Scope::Residue },
        policy: Policy { parallel: 100, ..Policy::default() },
        patience: patience(),
        ..context(SshTransport::new(settings), Events::new(sender))
    };
    let nodes = (0..fleet.nodes.len()).map(|i| node(fleet, i)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(kfleet::engine::run(Arc::new(context), "reset", nodes))
}

fn node(fleet: &Fleet, i: usize) -> Node {
    let silent = fleet.nodes[i].fault == Fault::SilentInPhase;
    let access = Access {
        host: crate::fleet::address(i),
        port: fleet.port,
        user: "root".to_owned(),
        privilege: Become::None,
        identity_files: vec![fleet.file("key")],
        known_hosts: fleet.file("known_hosts"),
        connect_timeout: if silent { CONNECT } else { Duration::from_secs(60) },
    };
    let name = NodeName::new(&fleet.nodes[i].name).unwrap();
    Node { name, role: Role::Worker, groups: vec![], access, protect: ProtectedPath::always().to_vec() }
}
