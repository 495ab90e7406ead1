//! `kfleet status` of one node in a process of its own: the library itself, the transport without network.

use crate::context::context as shared;
use crate::local::LocalTransport;
use kfleet::engine::{Context, Events};
use kfleet::model::{Access, Become, Event, Kind, Node, NodeName, NodeStatus, ProtectedPath, Role};
use kfleet::render::{Json, Style, status_table};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

/// What came out.
pub(crate) struct Seen {
    pub(crate) events: Vec<Event>,
    pub(crate) json: String,
    pub(crate) table: String,
    pub(crate) most_memory_kib: u64,
}

const WRAPPER: &str = "KFLEET_TEST_WRAPPER";
const OUTPUT: &str = "KFLEET_TEST_OUTPUT";

/// Measures the node whose shell is started by `wrapper`, a script for sh.
pub(crate) fn run(wrapper: &str) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "measured::child", "--ignored", "--nocapture"])
        .env(WRAPPER, wrapper)
        .env(OUTPUT, folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let json = read("json");
    Seen {
        events: json.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        json,
        table: read("table"),
        most_memory_kib: read("memory").parse().unwrap(),
    }
}

#[test]
#[ignore = "the process that the others start"]
fn child() {
    let (Some(wrapper), Some(output)) = (std::env::var_os(WRAPPER), std::env::var_os(OUTPUT)) else { return };
    let output = Path::new(&output);
    let wrapper = wrapper.into_string().unwrap();
    let (sender, receiver) = channel();
    let context = Arc::new(context(&wrapper, Events::new(sender)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut json = Json::new(File::create(output.join("json")).unwrap());
    let display = std::thread::spawn(move || {
        let mut rows: Vec<NodeStatus> = Vec::new();
        for event in receiver {
            json.event(&event);
            match event.kind {
                Kind::Measured { status } => rows.push(status),
                Kind::RunFinished => break,
                _ => {}
            }
        }
        json.finish().unwrap();
        rows
    });
    runtime.block_on(run_all(context));
    let rows = display.join().unwrap();
    fs::write(output.join("table"), status_table(&rows, false, Some(120), Style::default())).unwrap();
    fs::write(output.join("memory"), most_memory_kib().to_string()).unwrap();
}

async fn run_all(context: Arc<Context<LocalTransport>>) {
    kfleet::engine::run(context, "status", vec![node()]).await;
}

/// The most memory that this process has had.
fn most_memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn context(wrapper: &str, events: Events) -> Context<LocalTransport> {
    shared(LocalTransport::new(["sh", "-c", wrapper, "node"]), events)
}

fn node() -> Node {
    let access = Access {
        host: String::new(),
        port: 0,
        user: "root".to_owned(),
        privilege: Become::None,
        identity_files: vec![],
        known_hosts: "/".into(),
        connect_timeout: Duration::ZERO,
    };
    let name = NodeName::new("node1").unwrap();
    Node { name, role: Role::Worker, groups: vec![], access, protect: ProtectedPath::always().to_vec() }
}
