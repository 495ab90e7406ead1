//! What a machine left behind.

use crate::sandbox::roots;
use crate::steps::Run;
use kfleet::parse::{Mark, Marks, Part};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// One run's traces.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) title: String,
    /// Title and exit status of each step that began; -1 where it did not end.
    pub(crate) steps: Vec<(String, i32)>,
    /// The step at which the phase ended early.
    pub(crate) stopped: Option<String>,
    pub(crate) bye: bool,
    /// What the steps printed.
    pub(crate) said: String,
    /// What is left in kubelet's folder and in /etc/kubernetes.
    pub(crate) left: Vec<String>,
    /// What is left in the other folders that a reset empties.
    pub(crate) left_elsewhere: Vec<String>,
    /// The folders that a reset empties, below which something was mounted when it began.
    pub(crate) mounted: Vec<&'static str>,
    /// Whether anything in the folders that a reset empties changed, or any mount.
    pub(crate) touched: bool,
    pub(crate) kubeadm_ran: bool,
    /// Each call of a fake.
    pub(crate) calls: Vec<String>,
    /// The whole machine after the first whole run and after the next one, where a case takes that down.
    pub(crate) states: [BTreeSet<String>; 2],
    /// Calls that no fake knows.
    pub(crate) unknown: String,
    /// Kinds of things that a random machine really has.
    pub(crate) planted: Vec<String>,
    /// mountinfo at the end.
    pub(crate) mounts: String,
    /// What a case's own way to run wrote down.
    pub(crate) notes: String,
    before: BTreeSet<String>,
    after: BTreeSet<String>,
}

impl Outcome {
    pub(crate) fn read(folder: &Path, titles: &[String], nonce: &str) -> Self {
        let text = |name: &str| String::from_utf8_lossy(&fs::read(folder.join(name)).unwrap_or_default()).into_owned();
        let calls = if folder.join("calls-first").exists() { text("calls-first") } else { text("calls") };
        let calls: Vec<String> = calls.lines().map(str::to_owned).collect();
        let before = text("reach-before");
        let points: Vec<String> = mount_points(&before).collect();
        let reals = text("real-roots");
        let roots = roots().into_iter().zip(reals.split('\0'));
        let below =
            |real: &str| points.iter().any(|point| point.strip_prefix(real).is_some_and(|rest| rest.starts_with('/')));
        let mounted = roots.filter(|(_, real)| below(real)).map(|(root, _)| root).collect();
        let reach = text("reach-after");
        let files = reach.split('\0').step_by(2).take_while(|path| *path != "mounts").map(str::to_owned);
        let (left, left_elsewhere) =
            files.partition(|path| ["/var/lib/kubelet/", "/etc/kubernetes/"].iter().any(|root| path.starts_with(root)));
        let mut outcome = Self {
            left,
            left_elsewhere,
            mounted,
            touched: before != reach,
            kubeadm_ran: calls
                .iter()
                .any(|call| call.trim() == "kubeadm reset" || call.starts_with("kubeadm reset --force")),
            calls,
            states: ["state", "state-again"].map(|name| text(name).split(['\0', '\n']).map(str::to_owned).collect()),
            unknown: text("unknown"),
            planted: text("planted").lines().map(str::to_owned).collect(),
            notes: text("notes"),
            mounts: text("mounts"),
            before: text("before").split('\0').map(str::to_owned).collect(),
            after: text("after").split('\0').map(str::to_owned).collect(),
            ..Self::default()
        };
        let mut marks = Marks::new(nonce);
        let mut parts = marks.feed(&fs::read(folder.join("out")).unwrap_or_default());
        parts.extend(marks.finish());
        for part in parts {
            match part {
                Part::Bytes(bytes) => outcome.said.push_str(&String::from_utf8_lossy(&bytes)),
                Part::Mark(Mark::Begin(step)) => outcome.steps.push((titles[step].clone(), -1)),
                Part::Mark(Mark::End(_, status)) => {
                    outcome.steps.last_mut().expect("a begin before the end").1 = status;
                }
                Part::Mark(Mark::Stop(step)) => outcome.stopped = Some(titles[step].clone()),
                Part::Mark(Mark::Bye) => outcome.bye = true,
                Part::Mark(Mark::Hello | Mark::Halt(_)) => {}
            }
        }
        outcome
    }

    /// Whether all that is protected is the same as before.
    pub(crate) fn kept(&self) -> bool {
        self.before.len() > 10 && self.before == self.after
    }

    pub(crate) fn assert_kept(&self) {
        assert!(self.kept(), "protected things changed{self}");
        assert!(self.unknown.is_empty(), "a fake was asked what it does not know{self}");
    }

    /// The exit status of the step with this title, in its last run.
    pub(crate) fn status(&self, title: &str) -> Option<i32> {
        self.steps.iter().rev().find(|step| step.0 == title).map(|step| step.1)
    }

    /// Whether a guard said no.
    pub(crate) fn refused(&self) -> bool {
        self.steps.iter().any(|step| step.1 == 76)
    }

    /// Whether nothing is left that this reset removes.
    pub(crate) fn is_empty(&self, run: Run) -> bool {
        let gone = |root: &str| !self.left_elsewhere.iter().any(|path| path.starts_with(root));
        let logs = || gone("/var/log/pods/") && gone("/var/log/containers/") && gone("/run/flannel/");
        let kubeadm = self.left.iter().any(|path| path == "/etc/kubernetes/pki" || path.ends_with("/kubelet.conf"));
        self.kubelet_is_empty() && !kubeadm && (run != Run::Aggressive || logs())
    }

    /// Whether kubelet's folder is empty.
    pub(crate) fn kubelet_is_empty(&self) -> bool {
        !self.left.iter().any(|path| path.starts_with("/var/lib/kubelet"))
    }

    /// The phase ran to its end, each step did its work or had none, and nothing of kubelet's is left.
    pub(crate) fn assert_complete(&self) {
        self.assert_complete_but("");
    }

    /// The same, though the optional step with this title failed.
    pub(crate) fn assert_complete_but(&self, title: &str) {
        let fine = |step: &(String, i32)| step.1 == 0 || step.1 == 64 || step.0 == title;
        assert!(self.bye && self.steps.iter().all(fine), "not complete{self}");
        assert!(self.kubelet_is_empty(), "kubelet's folder is not empty{self}");
    }

    /// The phase ended at `title` with `status`, having said `why`, and kubelet's own files are all still there.
    pub(crate) fn assert_refused(&self, title: &str, status: i32, why: &str) {
        assert_eq!(self.stopped.as_deref(), Some(title), "{self}");
        assert_eq!(self.status(title), Some(status), "{self}");
        assert!(self.said.contains(why), "does not say `{why}`{self}");
        assert!(!self.kubeadm_ran, "kubeadm ran{self}");
    }

    /// Nothing in kubelet's folder went.
    pub(crate) fn assert_nothing_deleted(&self) {
        for file in ["/var/lib/kubelet/config.yaml", "/var/lib/kubelet/pods/0a1b2c3d/volumes/v/file"] {
            assert!(self.left.iter().any(|path| path == file), "{file} went{self}");
        }
    }
}

/// From what the driver's `reach` printed. mountinfo writes space, tab, newline and backslash as octal.
fn mount_points(reach: &str) -> impl Iterator<Item = String> {
    let lines = reach.rsplit('\0').next().unwrap_or_default().lines();
    lines.filter_map(|line| line.split(' ').nth(1)).map(|point| {
        let codes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
        codes.iter().fold(point.to_owned(), |point, (code, text)| point.replace(code, text))
    })
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "\n--- {}", self.title)?;
        for (title, status) in &self.steps {
            writeln!(f, "{status:>4} {title}")?;
        }
        writeln!(f, "--- stopped at {:?}; kubeadm ran: {}", self.stopped, self.kubeadm_ran)?;
        for gone in self.before.difference(&self.after) {
            writeln!(f, "- {gone:?}")?;
        }
        for new in self.after.difference(&self.before) {
            writeln!(f, "+ {new:?}")?;
        }
        for call in self.unknown.lines() {
            writeln!(f, "--- no fake knows: {call}")?;
        }
        let said: Vec<&str> = self.said.lines().filter(|line| !line.is_empty()).collect();
        let (said, left) = (said.join("\n"), self.left.join("\n"));
        writeln!(f, "--- said\n{said}\n--- left\n{left}\n--- notes\n{}", self.notes)
    }
}
