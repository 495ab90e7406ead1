//! The test bed: real nodes and a real control plane, made and thrown away by `scripts/testbed`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A bed that is up.
pub struct Bed {
    root: PathBuf,
    state: PathBuf,
}

/// Whether this process may make nodes.
pub fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| status.lines().any(|l| l.starts_with("Uid:\t0\t")))
}

impl Bed {
    /// Boots a control plane, `workers` workers of the same suite (trixie, containerd 1.7), and the workers `sid`
    /// (containerd 2) and `bookworm` (1.6), which join no cluster.
    pub fn up(workers: usize) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bed");
        let bed = Self { root, state };
        bed.down(); // what a run that was killed has left
        let workers = workers.to_string();
        let status = bed.testbed(&["up", &workers, "--cluster", "--also", "sid", "--also", "bookworm"]).status();
        assert!(status.is_ok_and(|s| s.success()), "scripts/testbed up failed; its own words are above");
        bed
    }

    /// Throws it away.
    pub fn down(&self) {
        let status = self.testbed(&["down"]).stdout(Stdio::null()).status();
        assert!(status.is_ok_and(|s| s.success()), "scripts/testbed down failed");
    }

    fn testbed(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.root.join("scripts/testbed"));
        command.args(args).env("KFLEET_TESTBED", &self.state).env("XDG_STATE_HOME", &self.state).stdin(Stdio::null());
        command
    }

    /// A command that runs in the fleet's network.
    pub fn in_fleet(&self, program: &str, args: &[&str]) -> Command {
        let mut all = vec!["run", program];
        all.extend(args);
        self.testbed(&all)
    }

    /// A file of the bed: `inventory.yaml`, `known_hosts`, `id_ed25519`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.state.join(name)
    }

    /// Makes nodes as new.
    pub fn fresh(&self, nodes: &[&str]) {
        let forget = "kubectl --kubeconfig /etc/kubernetes/admin.conf delete --ignore-not-found node \"$0\" \"$@\"";
        let _ = self.on("cp1", forget, nodes); // the last case may have stopped the API server
        self.reinstall(nodes);
    }

    /// The same, and the cluster is not told.
    pub fn reinstall(&self, nodes: &[&str]) {
        let mut fresh = vec!["fresh"];
        fresh.extend(nodes);
        checked(self.testbed(&fresh));
    }

    /// Boots a node anew in place, without asking anything on it to stop; until it lets in again.
    pub fn power_cycle(&self, node: &str) {
        checked(self.testbed(&["reboot", node, "--hard"]));
    }

    /// Plants a naughtiness: its kind, and what that asks for behind it (`containerd-config broken`). Returns what its
    /// script printed.
    pub fn plant(&self, node: &str, kind: &str) -> String {
        let mut all = vec!["break", node];
        all.extend(kind.split(' '));
        checked(self.testbed(&all))
    }

    /// Runs a shell line on a node, past sshd; `args` are `$0`, `$1`, ….
    pub fn on(&self, node: &str, line: &str, args: &[&str]) -> Output {
        let mut all = vec!["exec", node, "sh", "-c", line];
        all.extend(args);
        self.testbed(&all).output().expect("scripts/testbed can be run")
    }

    /// What a shell line prints on a node; it must succeed.
    pub fn see(&self, node: &str, line: &str) -> String {
        let output = self.on(node, line, &[]);
        assert!(output.status.success(), "{line:?} on {node}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Names, contents and inodes of everything under the protected paths.
    pub fn media(&self, node: &str) -> String {
        let sums = self.see(node, "cd / && find srv/media mnt/media -xdev -printf '%p %i %s %y\\n' | sort; find srv/media mnt/media -xdev -type f -exec sha256sum {} + | sort");
        assert!(sums.lines().count() > 4, "no media were planted on {node}: {sums}");
        sums
    }

    /// A join command with a new token.
    pub fn join_command(&self) -> String {
        let mint =
            "kubeadm --kubeconfig /etc/kubernetes/admin.conf token create --ttl 10m --print-join-command 2>/dev/null";
        self.see("cp1", mint).trim().to_owned()
    }

    /// An inventory of this node alone, as `lonely`, which is not its hostname, and without a control plane.
    pub fn without_control_plane(&self, node: &str) -> PathBuf {
        let text = format!(
            "defaults: {{user: root, identity_file: {}, known_hosts: {}}}\nnodes:\n  - {{name: lonely, host: {}}}\n",
            self.file("id_ed25519").display(),
            self.file("known_hosts").display(),
            self.address(node)
        );
        self.inventory(&format!("lonely-{node}.yaml"), &text)
    }

    /// The bed's inventory with `timeouts:` of its own.
    pub fn with_timeouts(&self, timeouts: &str) -> PathBuf {
        let text = std::fs::read_to_string(self.file("inventory.yaml")).expect("the bed wrote it");
        let name: String = timeouts.chars().filter(char::is_ascii_alphanumeric).collect();
        self.inventory(&format!("with-{name}.yaml"), &format!("timeouts: {{{timeouts}}}\n{text}"))
    }

    /// The Node objects that the API server has, by name.
    pub fn nodes(&self) -> Vec<String> {
        let names = self.see("cp1", "kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes -o name");
        names.lines().map(|l| l.trim_start_matches("node/").to_owned()).collect()
    }

    /// The address of a node, from the bed's inventory.
    pub fn address(&self, node: &str) -> String {
        let text = std::fs::read_to_string(self.file("inventory.yaml")).expect("the bed wrote its inventory");
        let line = text.lines().find(|l| l.contains(&format!("name: {node},"))).expect("the node is in the inventory");
        let rest = line.split("host: ").nth(1).expect("with its host");
        rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect()
    }

    /// Writes an inventory of its own for one test.
    pub fn inventory(&self, name: &str, text: &str) -> PathBuf {
        let path = self.state.join(name);
        std::fs::write(&path, text).expect("the bed's folder is ours");
        path
    }
}

/// What it prints; it must succeed.
fn checked(mut command: Command) -> String {
    let output = command.output().expect("scripts/testbed can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
