//! What stands between kfleet and a node and does harm: a process of its own in the fleet's network, which the tests start as
//! `e2e proxy …`. It tells what it saw on standard output and obeys standard input, with whose end it ends.
//!
//! `proxy tcp ADDRESS` forwards bytes. `proxy ssh KEY CONFIG NODE within|after` ends SSH and begins it anew with the real `ssh`,
//! so that it sees the marks of a phase and cuts the connection at each of them, once.

use crate::asked::Asked;
use crate::gateway::{Exec, Host, config, serve};
use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

/// Runs until standard input ends.
pub fn main(arguments: &[String]) {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("the fleet's network has a loopback");
    tell(&format!("listening {}", listener.local_addr().expect("it listens").port()));
    let harm = Arc::new(Harm::default());
    match words[..] {
        ["tcp", address] => _ = runtime.spawn(forward(listener, address.to_owned(), Arc::clone(&harm))),
        ["ssh", key, config_file, node, place] => {
            let place = if place == "within" { Place::Within } else { Place::After };
            let relay = Relay { config: config_file.to_owned(), node: node.to_owned(), place, cut: Mutex::default() };
            let relay = Arc::new(relay);
            runtime.spawn(serve(listener, config(key.as_ref()), move |_| Some(Arc::clone(&relay))));
        }
        _ => panic!("what is {words:?}?"),
    }
    for order in std::io::stdin().lines().map_while(Result::ok) {
        harm.obey(&order);
    }
    std::process::exit(0); // connections that stand still are waited for by nobody
}

#[expect(clippy::print_stdout, reason = "it is read by the test")]
fn tell(what: &str) {
    println!("{what}");
}

/// What is done to bytes.
#[derive(Default)]
struct Harm {
    delay_ms: AtomicU64,
    /// Which connections have passed their last byte: those that were there.
    stuck: AtomicU64,
    connections: AtomicU64,
}

impl Harm {
    fn obey(&self, order: &str) {
        match order.split_once(' ') {
            Some(("delay", ms)) => self.delay_ms.store(ms.parse().expect("milliseconds"), Ordering::SeqCst),
            None if order == "stick" => {
                let connections = self.connections.load(Ordering::SeqCst);
                self.stuck.store(connections, Ordering::SeqCst);
                tell(&format!("stuck {connections}"));
            }
            _ => panic!("what is {order:?}?"),
        }
    }
}

async fn forward(listener: TcpListener, address: String, harm: Arc<Harm>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let Ok(server) = TcpStream::connect((address.as_str(), 22)).await else { continue };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let number = harm.connections.fetch_add(1, Ordering::SeqCst) + 1;
        tell(&format!("connected {number}"));
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::spawn(pass(from_client, to_server, number, Arc::clone(&harm)));
        tokio::spawn(pass(from_server, to_client, number, Arc::clone(&harm)));
    }
}

/// One direction of one connection, every byte as late as the others.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin + Send + 'static,
    number: u64,
    harm: Arc<Harm>,
) {
    let (sender, mut under_way) = unbounded_channel::<(Instant, Vec<u8>)>();
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&over);
    let is_stuck = |harm: &Harm| number <= harm.stuck.load(Ordering::SeqCst);
    let of_writer = Arc::clone(&harm);
    tokio::spawn(async move {
        while let Some((due, bytes)) = under_way.recv().await {
            tokio::time::sleep_until(due).await;
            if number <= of_writer.stuck.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
        ended.store(true, Ordering::SeqCst);
    });
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if is_stuck(&harm) {
            std::future::pending::<()>().await;
        }
        let due = Instant::now() + Duration::from_millis(harm.delay_ms.load(Ordering::SeqCst));
        if over.load(Ordering::SeqCst) || sender.send((due, buffer[..count].to_vec())).is_err() {
            break;
        }
    }
    if is_stuck(&harm) {
        std::future::pending::<()>().await; // nor is its end
    }
}

/// Where a connection is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the middle of a mark, further on in each.
    Within,
    /// After a mark, and before it where something was printed since the one before.
    After,
}

/// Passes commands on to a node.
struct Relay {
    config: String,
    node: String,
    place: Place,
    /// Where it was cut already: each point once.
    cut: Mutex<BTreeSet<String>>,
}

impl Host for Relay {
    async fn run(self: Arc<Self>, mut exec: Exec) {
        let Some(script) = exec.script().await else { return };
        let asked = Asked::new(script.clone());
        let mut ssh = Command::new("ssh")
            .args(["-F", &self.config, &self.node, &exec.command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("ssh is installed");
        let mut stdin = ssh.stdin.take().expect("it is piped");
        tokio::spawn(async move {
            let _ = stdin.write_all(script.as_bytes()).await;
        });
        let mut lines = BufReader::new(ssh.stdout.take().expect("it is piped"));
        let mut phase = Phase::of(&asked);
        loop {
            // Whole lines: what may become a mark is held back until it is known to be one.
            let mut line = Vec::new();
            if matches!(lines.read_until(b'\n', &mut line).await, Ok(0) | Err(_)) {
                break;
            }
            if let Some(point) = phase.as_mut().and_then(|phase| phase.point(&line)) {
                if point.after_output && self.is_new(self.place == Place::After, &format!("before {}", point.words)) {
                    return exec.line().cut();
                }
                if self.is_new(self.place == Place::Within, &format!("within {}", point.words)) {
                    let many = self.cut.lock().expect("nobody panics with it").len();
                    exec.say(&line[..=many % (line.len() - 1)]).await;
                    return exec.line().cut();
                }
                let is_new = self.is_new(self.place == Place::After, &format!("after {}", point.words));
                let said = exec.say(&line).await;
                if is_new || !said {
                    return exec.line().cut();
                }
            } else if !exec.say(&line).await {
                return;
            }
        }
        let status = ssh.wait().await.ok().and_then(|status| status.code()).unwrap_or(255);
        exec.end(status.try_into().unwrap_or(255)).await;
    }
}

impl Relay {
    fn is_new(&self, wanted: bool, point: &str) -> bool {
        let is_new = wanted && self.cut.lock().expect("nobody panics with it").insert(point.to_owned());
        if is_new {
            tell(&format!("cut {point}"));
        }
        is_new
    }
}

/// The output of a phase within that of its launcher.
struct Phase {
    outer: String,
    /// Of the phase: marks are known by any word but the launcher's, since who follows does not know the phase's.
    follows: bool,
    /// Bytes since its last mark, or since a cut, which was at one.
    since: usize,
}

/// A mark of the phase.
struct Point {
    words: String,
    after_output: bool,
}

impl Phase {
    fn of(asked: &Asked) -> Option<Self> {
        if asked.title() != "launcher" {
            return None;
        }
        let id = asked.variable("ID").unwrap_or_default();
        match asked.carried() {
            Some(phase) => tell(&format!("launched {id} {}", phase.steps())),
            None => tell(&format!("followed {id} from {}", asked.variable("OFFSET").unwrap_or_default())),
        }
        Some(Self { outer: asked.nonce().to_owned(), follows: false, since: 0 })
    }

    fn point(&mut self, line: &[u8]) -> Option<Point> {
        let text = String::from_utf8_lossy(line);
        let mark = text.strip_prefix('\u{1e}').and_then(|rest| rest.trim_end().split_once(' '));
        match mark {
            Some((nonce, words)) if nonce == self.outer => {
                self.follows = words.starts_with("begin ");
                self.since = 0;
                None
            }
            // The newline before each mark is its own.
            Some((_, words)) if self.follows => {
                let after_output = std::mem::take(&mut self.since) > 1;
                Some(Point { words: words.to_owned(), after_output })
            }
            _ => {
                self.since += line.len();
                None
            }
        }
    }
}
