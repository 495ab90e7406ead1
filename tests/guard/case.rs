//! One case: what is planted, what runs, what must be the same afterwards.

use crate::outcome::Outcome;
use crate::sandbox::{Machine, Shell, start};
use crate::steps::{Run, phase};
use kfleet::shell::Nonce;

/// What must survive every reset of the usual machine (`plant_usual`).
const KEEP: [&str; 10] = [
    "/srv",
    "/mnt",
    "/srv/media",
    "/mnt/media",
    "/var/lib/etcd",
    "/var/lib/other",
    "/disk/other",
    "/etc/kubernetes/admin-notes.txt",
    "/etc/cni/net.d/87-podman.conflist",
    "/disk/media",
];

/// The usual way to run the phase: as the launcher does, from a file.
const RUN: &str = "/bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1\necho $? >/guard/status\n";

/// Built by the tests, then run.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    run: Run,
    plant: String,
    how: &'static str,
    protect: Vec<&'static str>,
    shells: Vec<Shell>,
    shared: bool,
    text: Option<String>,
}

impl Case {
    /// A case that runs `run` over what the shell text `plant` adds to the usual machine.
    pub(crate) fn new(run: Run, plant: impl Into<String>) -> Self {
        let shells = vec![Shell::Dash, Shell::Busybox];
        Self { run, plant: plant.into(), how: RUN, protect: Vec::new(), shells, shared: true, text: None }
    }

    /// Runs this shell text in place of the phase alone.
    pub(crate) fn how(mut self, text: &'static str) -> Self {
        self.how = text;
        self
    }

    /// Runs this script in place of the phase's.
    pub(crate) fn text(mut self, text: String) -> Self {
        self.text = Some(text);
        self
    }

    /// Protects one more path.
    pub(crate) fn protect(mut self, path: &'static str) -> Self {
        self.protect.push(path);
        self
    }

    /// Runs in these shells in place of dash and busybox's.
    pub(crate) fn shells(mut self, shells: &[Shell]) -> Self {
        self.shells = shells.to_vec();
        self
    }

    /// Mounts are private, not shared between namespaces as systemd has them.
    pub(crate) fn private(mut self) -> Self {
        self.shared = false;
        self
    }

    /// Runs it in each shell; what is protected must be the same; `check` looks at the rest.
    pub(crate) fn check(&self, check: impl Fn(&Outcome)) {
        for outcome in self.outcomes() {
            outcome.assert_kept();
            check(&outcome);
        }
    }

    /// Runs it in each shell.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        let nonce = Nonce::from_bytes(*b"guard-and-random");
        let phase = phase(self.run, &self.protect);
        let rendered = phase.render(&nonce);
        let share = if self.shared { "mount --make-rshared /\n" } else { "" };
        let plant = format!("{share}{}\n", self.plant);
        let keep: Vec<&str> = KEEP.iter().chain(&self.protect).copied().collect();
        let run = |shell: &Shell| {
            let machine = Machine {
                shell: *shell,
                phase: self.text.as_deref().unwrap_or(rendered.real()),
                plant: &plant,
                run: self.how,
                keep: format!("{}\n", keep.join("\n")),
            };
            let mut outcome = start(&machine, &phase.titles(), nonce.as_str());
            outcome.title = format!("{shell:?}: {}", self.plant.trim());
            outcome
        };
        self.shells.iter().filter(|shell| shell.is_here()).map(run).collect()
    }
}
