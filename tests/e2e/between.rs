//! A proxy between kfleet and a node, from the test's side.

use crate::bed::Bed;
use crate::run::path;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A proxy that runs. It ends when this is dropped.
pub struct Between {
    child: Child,
    orders: Option<ChildStdin>,
    port: u16,
    said: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Between {
    /// Forwards bytes to the node.
    pub fn tcp(bed: &Bed, node: &str) -> (Self, PathBuf) {
        let between = Self::start(bed, &["tcp", &bed.address(node)]);
        let known = fs::read_to_string(bed.file("known_hosts")).expect("the bed wrote it");
        let address = bed.address(node);
        let keys: Vec<&str> = known.lines().filter_map(|line| line.strip_prefix(&format!("{address} "))).collect();
        let inventory = between.inventory(bed, node, &keys);
        (between, inventory)
    }

    /// Ends SSH itself and cuts at each mark of a phase.
    pub fn ssh(bed: &Bed, node: &str, place: &str) -> (Self, PathBuf) {
        let key = bed.file(&format!("proxy-{node}"));
        if !key.exists() {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
            assert!(made.is_ok_and(|status| status.success()), "ssh-keygen failed");
        }
        let between = Self::start(bed, &["ssh", path(&key), path(&bed.file("ssh_config")), node, place]);
        let public = fs::read_to_string(key.with_extension("pub")).expect("ssh-keygen wrote it");
        let inventory = between.inventory(bed, node, &[public.trim()]);
        (between, inventory)
    }

    fn start(bed: &Bed, arguments: &[&str]) -> Self {
        let program = std::env::current_exe().expect("the test knows itself");
        let mut command = bed.in_fleet(path(&program), &[&["proxy"], arguments].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the proxy starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let first = lines.next().expect("it says its port").expect("in text");
        let port = first.strip_prefix("listening ").and_then(|port| port.parse().ok()).expect("it says its port");
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().expect("nobody panics with it").push(line);
            }
        });
        Self { orders: child.stdin.take(), child, port, said, reader: Some(reader) }
    }

    fn inventory(&self, bed: &Bed, node: &str, keys: &[&str]) -> PathBuf {
        let known: String = keys.iter().map(|key| format!("[127.0.0.1]:{} {key}\n", self.port)).collect();
        let known = bed.inventory(&format!("proxy-{node}.known_hosts"), &known);
        let text = format!(
            "defaults: {{user: root, identity_file: {}, known_hosts: {}, connect_timeout: 30s}}\n\
             nodes:\n  - {{name: {node}, host: 127.0.0.1, port: {}}}\n",
            path(&bed.file("id_ed25519")),
            path(&known),
            self.port
        );
        bed.inventory(&format!("proxy-{node}.yaml"), &text)
    }

    /// Tells it to do something.
    pub fn order(&mut self, what: &str) {
        let orders = self.orders.as_mut().expect("it was not ended");
        writeln!(orders, "{what}").expect("the proxy reads");
    }

    /// Returns when it has said something that begins with a word.
    pub fn until_said(&self, word: &str) {
        while self.said(word).is_empty() {
            assert!(
                self.reader.as_ref().is_some_and(|reader| !reader.is_finished()),
                "it ended before it said {word:?}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it has said that begins with a word, and what follows that word.
    pub fn said(&self, word: &str) -> Vec<String> {
        let said = self.said.lock().expect("nobody panics with it");
        said.iter().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' ').map(str::to_owned)).collect()
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
