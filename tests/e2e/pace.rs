//! How fast phases go on a node. What happens at a step is done while that step is held: however fast the node and however
//! busy this machine, it happens there.

use crate::bed::Bed;
use crate::run::Running;
use kfleet::model::Kind;

/// The phase's unit starts what kills, slows and holds it (`tests/testbed/rootfs/usr/local/lib/testbed/phase`).
pub const HOOK: &str = "mkdir -p /run/testbed /run/systemd/system/kfleet.service.d && \
    printf '[Service]\\nExecStart=\\nExecStart=/usr/local/lib/testbed/phase\\n' >/run/systemd/system/kfleet.service.d/testbed.conf && \
    systemctl daemon-reload";

impl Bed {
    /// Each step of a phase takes so many seconds longer, until the node boots.
    pub fn slow_down(&self, node: &str, seconds: &str) {
        self.see(node, &format!("{HOOK} && echo {seconds} >/run/testbed/pace"));
    }

    /// A phase stops before the work of this step, until it is let go on.
    pub fn hold(&self, node: &str, step: usize) -> Held<'_> {
        self.see(node, &format!("{HOOK} && echo {step} >/run/testbed/hold"));
        Held { bed: self, node: node.to_owned(), step }
    }
}

/// A step that is held.
#[must_use]
pub struct Held<'a> {
    bed: &'a Bed,
    node: String,
    step: usize,
}

impl Held<'_> {
    /// Reads a run's events until the step has begun.
    pub fn reached_by(&self, running: &mut Running) {
        running.until(|kind| matches!(kind, Kind::StepStarted { step, .. } if *step == self.step));
    }

    /// The phase goes on.
    pub fn release(self) {
        self.bed.see(&self.node, "rm /run/testbed/hold");
    }
}
