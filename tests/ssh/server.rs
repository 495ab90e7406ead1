//! A real sshd and a real ssh-agent of the test's own, ended by their own process ids.

use kfleet::model::{Access, Become, Node, NodeName, Role};
use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SSHD: &str = "/usr/sbin/sshd";

/// Runs a command that must succeed.
pub(crate) fn run(program: &str, arguments: &[&str], env: &[(&str, &str)]) -> String {
    let output = Command::new(program).args(arguments).envs(env.iter().copied()).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|e| panic!("{program}: {e}; scripts/test installs what tests need"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A new key pair; the private key's path.
pub(crate) fn make_key(folder: &Path, name: &str, kind: &str, passphrase: &str) -> PathBuf {
    let path = folder.join(name);
    let file = path.to_str().unwrap();
    let bits: &[&str] = if kind == "rsa" { &["-b", "2048"] } else { &[] };
    run("ssh-keygen", &[&["-q", "-t", kind, "-N", passphrase, "-C", name, "-f", file], bits].concat(), &[]);
    path
}

/// `type base64` of a key's public half.
pub(crate) fn public(key: &Path) -> String {
    let text = fs::read_to_string(key.with_extension("pub")).unwrap();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

pub(crate) fn fingerprint(key: &Path) -> String {
    let line = run("ssh-keygen", &["-lf", key.with_extension("pub").to_str().unwrap()], &[]);
    line.split(' ').nth(1).unwrap().to_owned()
}

/// Waits generously for something that must come about.
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An sshd on 127.0.0.1. Its folder holds `host_KIND` keys, `key` (ed25519, authorized) and `known_hosts`.
pub(crate) struct Sshd {
    child: Child,
    pub(crate) port: u16,
    folder: TempDir,
}

impl Sshd {
    pub(crate) fn start() -> Self {
        Self::with(&["ed25519"], "")
    }

    /// With host keys of these kinds, and more lines of configuration, in which `DIR` stands for the folder.
    pub(crate) fn with(kinds: &[&str], config: &str) -> Self {
        assert!(Path::new(SSHD).exists(), "{SSHD} is not there: install openssh-server, as scripts/test does");
        fs::create_dir_all("/run/sshd").expect("these tests start sshd, which needs root and /run/sshd");
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_str().unwrap();
        // The first value of an option counts, so the caller's go first.
        let mut text = config.replace("DIR", dir);
        let ours = format!(
            "AuthorizedKeysFile {dir}/authorized_keys\nStrictModes no\nPermitRootLogin yes\nUsePAM no\nPidFile none\n\
             ListenAddress 127.0.0.1\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        );
        text.push_str(&ours);
        for kind in kinds {
            make_key(folder.path(), &format!("host_{kind}"), kind, "");
            text.push_str("HostKey ");
            text.push_str(dir);
            text.push_str("/host_");
            text.push_str(kind);
            text.push('\n');
        }
        fs::write(folder.path().join("config"), text).unwrap();
        let key = make_key(folder.path(), "key", "ed25519", "");
        fs::write(folder.path().join("authorized_keys"), public(&key)).unwrap();
        let (child, port) = spawn(folder.path());
        let sshd = Self { child, port, folder };
        let all: Vec<String> = kinds.iter().map(|kind| sshd.entry(kind)).collect();
        sshd.record(&all.join("\n"));
        sshd
    }

    pub(crate) fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn host_key(&self, kind: &str) -> PathBuf {
        self.dir().join(format!("host_{kind}"))
    }

    /// The right line of `known_hosts` for a host key.
    pub(crate) fn entry(&self, kind: &str) -> String {
        format!("[127.0.0.1]:{} {}", self.port, public(&self.host_key(kind)))
    }

    /// Makes this the whole of `known_hosts`.
    pub(crate) fn record(&self, text: &str) {
        fs::write(self.dir().join("known_hosts"), text).unwrap();
    }

    /// Lets one more key in.
    pub(crate) fn authorize(&self, key: &Path) {
        let file = self.dir().join("authorized_keys");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, format!("{}\n{}\n", text.trim_end(), public(key))).unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A node that can be logged in to with `key`.
    pub(crate) fn node(&self) -> Node {
        self.node_with(&[&self.dir().join("key")])
    }

    pub(crate) fn node_with(&self, keys: &[&Path]) -> Node {
        let mut node = node("127.0.0.1", self.port, &self.dir().join("known_hosts"));
        node.access.identity_files = keys.iter().map(|k| k.to_path_buf()).collect();
        node
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // Sessions that are just ending are left to their parent, who clears them away.
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        for _ in 0..100 {
            if fs::read_to_string(&children).unwrap_or_default().trim().is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A node without keys.
pub(crate) fn node(host: &str, port: u16, known_hosts: &Path) -> Node {
    Node {
        name: NodeName::new("n1").unwrap(),
        role: Role::Worker,
        groups: vec![],
        access: Access {
            host: host.to_owned(),
            port,
            user: "root".to_owned(),
            privilege: Become::None,
            identity_files: vec![],
            known_hosts: known_hosts.to_owned(),
            connect_timeout: Duration::from_secs(60),
        },
        protect: vec![],
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spawn(folder: &Path) -> (Child, u16) {
    // Another process may take the port before sshd does.
    for _ in 0..5 {
        let port = free_port();
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut child = Command::new(SSHD)
            .args(["-D", "-e", "-p", &port.to_string(), "-f"])
            .arg(folder.join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut up = false;
        eventually("sshd greets or ends", || {
            let mut greeting = [0; 4];
            let greeted = TcpStream::connect(("127.0.0.1", port)).and_then(|mut s| s.read_exact(&mut greeting));
            up = greeted.is_ok() && &greeting == b"SSH-";
            up || child.try_wait().unwrap().is_some()
        });
        if up {
            return (child, port);
        }
    }
    panic!("sshd does not start: {}", fs::read_to_string(folder.join("log")).unwrap());
}

/// An ssh-agent.
pub(crate) struct Agent {
    child: Child,
    folder: TempDir,
}

impl Agent {
    pub(crate) fn start(keys: &[&Path]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let child = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn();
        let child = child.expect("ssh-agent is not there: install openssh-client");
        let agent = Self { child, folder };
        eventually("ssh-agent listens", || socket.exists());
        for key in keys {
            run("ssh-add", &["-q", key.to_str().unwrap()], &[("SSH_AUTH_SOCK", socket.to_str().unwrap())]);
        }
        agent
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
