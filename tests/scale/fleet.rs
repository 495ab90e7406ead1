//! Simulated nodes behind one listener: all of 127.0.0.0/8 is this machine, so each has an address of its own.

use crate::fault::{Fault, SHARES};
use crate::gateway::{config, serve};
use crate::node::{SimNode, Stage};
use crate::plane::{Machine, Plane};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub(crate) struct Fleet {
    pub(crate) nodes: Vec<Arc<SimNode>>,
    pub(crate) plane: Arc<Plane>,
    pub(crate) port: u16,
    folder: TempDir,
    _runtime: Runtime,
}

/// What those that say nothing at all are given, so that the others may have longer on a busy machine.
const SILENT_TIMEOUT: &str = "3s";

pub(crate) fn address(number: usize) -> String {
    format!("127.77.{}.{}", number / 250, 1 + number % 250)
}

fn make_key(path: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "ssh-keygen is not there: install openssh-client");
}

impl Fleet {
    /// `stage` says how each begins, by its number.
    pub(crate) fn up(count: usize, silences: &[Fault], stage: impl Fn(usize) -> Stage) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for key in ["host", "key"] {
            make_key(&folder.path().join(key));
        }
        let faults = SHARES.deal(count, silences).into_iter().enumerate();
        let nodes: Vec<_> = faults.map(|(i, fault)| Arc::new(SimNode::new(i, fault, stage(i)))).collect();
        let plane = Arc::new(Plane::new(nodes.clone()));
        let machines =
            nodes.iter().map(|node| Machine::Node(Arc::clone(node))).chain([Machine::Plane(Arc::clone(&plane))]);
        let by_address: HashMap<IpAddr, Arc<Machine>> =
            machines.enumerate().map(|(i, machine)| (address(i).parse().unwrap(), Arc::new(machine))).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("0.0.0.0:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = config(&folder.path().join("host"));
        runtime.spawn(serve(listener, config, move |at| by_address.get(&at.ip()).cloned()));
        let fleet = Self { nodes, plane, port, folder, _runtime: runtime };
        fleet.write("known_hosts", &fleet.known_hosts());
        fleet
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    fn known_hosts(&self) -> String {
        let key = fs::read_to_string(self.file("host.pub")).unwrap();
        let key: Vec<&str> = key.split(' ').take(2).collect();
        (0..=self.nodes.len()).map(|i| format!("[{}]:{} {}\n", address(i), self.port, key.join(" "))).collect()
    }

    /// An inventory of all of them, `parallel` of them at once; the path. Those that say nothing come first, so that nobody
    /// waits for them when all others are done.
    pub(crate) fn inventory(&self, parallel: usize, timeouts: &str) -> PathBuf {
        let mut text = format!(
            "defaults: {{user: root, port: {}, identity_file: {}, known_hosts: {}, connect_timeout: 60s}}\n\
             policy: {{parallel: {parallel}}}\ncluster: {{control_plane: cp}}\ntimeouts: {{{timeouts}}}\nnodes:\n  \
             - {{name: cp, host: {}, role: control-plane}}\n",
            self.port,
            self.file("key").display(),
            self.file("known_hosts").display(),
            address(self.nodes.len()),
        );
        let mut nodes: Vec<_> = self.nodes.iter().enumerate().collect();
        nodes.sort_by_key(|(_, node)| !matches!(node.fault, Fault::SilentAtGreeting | Fault::SilentInProbe));
        for (i, node) in nodes {
            let silent = node.fault == Fault::SilentAtGreeting;
            let timeout = if silent { format!(", connect_timeout: {SILENT_TIMEOUT}") } else { String::new() };
            let _ = writeln!(text, "  - {{name: {}, host: {}{timeout}}}", node.name, address(i));
        }
        self.write("inventory.yaml", &text);
        self.file("inventory.yaml")
    }
}
