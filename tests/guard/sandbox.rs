//! Starts the throw-away machine and fetches what it left.

use crate::outcome::Outcome;
use kfleet::model::Root;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The shells that a node's /bin/sh may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    Dash,
    Busybox,
    Bash,
    Mksh,
}

impl Shell {
    pub(crate) const ALL: [Self; 4] = [Self::Dash, Self::Busybox, Self::Bash, Self::Mksh];

    fn program(self) -> &'static str {
        match self {
            Self::Dash => "/usr/bin/dash",
            Self::Busybox => "/usr/bin/busybox",
            Self::Bash => "/usr/bin/bash",
            Self::Mksh => "/usr/bin/mksh",
        }
    }

    /// Whether this machine has it.
    pub(crate) fn is_here(self) -> bool {
        Path::new(self.program()).exists()
    }
}

/// What `fakes.sh` stands in for.
const FAKES: [&str; 10] = [
    "systemctl",
    "systemd-run",
    "containerd",
    "crictl",
    "kubeadm",
    "ip",
    "nft",
    "ipset",
    "iptables-nft-save",
    "iptables-nft-restore",
];

/// The folders that a reset empties, as far as they have a name.
pub(crate) fn roots() -> Vec<&'static str> {
    Root::ALL.into_iter().map(Root::path).filter(|path| path.starts_with('/')).collect()
}

/// Machines started so far, by all tests of this binary.
pub(crate) static MACHINES: AtomicUsize = AtomicUsize::new(0);

/// Whether this process may mount, as far as its user says.
pub(crate) fn is_root() -> bool {
    fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t") && line.ends_with("\t0")))
}

/// Says that test `name` did not happen.
#[allow(clippy::print_stderr, reason = "a test that passes without having run must say so")]
pub(crate) fn not_run(name: &str) {
    eprintln!("guard: {name}: not run, it needs root");
}

/// The files that make a machine; each is found there as /guard/<name>.
pub(crate) struct Machine<'a> {
    pub(crate) shell: Shell,
    pub(crate) phase: &'a str,
    pub(crate) plant: &'a str,
    pub(crate) run: &'a str,
    pub(crate) keep: String,
}

/// Runs it. A machine that cannot be built is a failure of the test, never a pass.
pub(crate) fn start(machine: &Machine<'_>, titles: &[String], nonce: &str) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder for the machine");
    let exchange = folder.path().join("exchange");
    let programs = exchange.join("sbin");
    fs::create_dir_all(&programs).expect("the exchange folder");
    for name in FAKES {
        symlink("/guard/fakes.sh", programs.join(name)).expect("a fake's name");
    }
    let roots = roots().join(" ");
    for (name, text) in [
        ("fakes.sh", include_str!("fakes.sh")),
        ("sandbox.sh", include_str!("sandbox.sh")),
        ("driver.sh", include_str!("driver.sh")),
        ("plant.sh", include_str!("plant.sh")),
        ("phase.sh", machine.phase),
        ("case.sh", machine.plant),
        ("run.sh", machine.run),
        ("keep", &machine.keep),
        ("roots", &roots),
    ] {
        fs::write(exchange.join(name), text).expect("a file of the machine");
    }
    fs::set_permissions(exchange.join("fakes.sh"), Permissions::from_mode(0o755)).expect("fakes that can be run");
    let host = fs::read_link("/proc/self/ns/mnt").expect("the host's mount namespace");
    let output = Command::new("timeout")
        .args(["-k", "5", "300", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"])
        .arg("/bin/sh")
        .arg(exchange.join("sandbox.sh"))
        .arg(folder.path())
        .arg(host)
        .arg(machine.shell.program())
        .stdin(Stdio::null())
        .output()
        .expect("unshare");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the machine could not be built or planted ({}): {said}\n{}",
        output.status,
        machine.plant
    );
    MACHINES.fetch_add(1, Ordering::Relaxed);
    Outcome::read(&exchange, titles, nonce)
}

/// Does all of `0..jobs`, one on each processor at a time.
pub(crate) fn in_parallel<T: Send>(jobs: u64, job: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let (next, done) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= jobs {
                        break;
                    }
                    let result = job(n);
                    done.lock().expect("no panic").push(result);
                }
            });
        }
    });
    done.into_inner().expect("no panic")
}
