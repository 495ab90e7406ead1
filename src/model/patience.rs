//! How long a run waits for what.

use std::time::Duration;

/// Every wait is for a condition; these are its deadlines. The inventory's `timeouts:` may set each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a probe, from its start to its last mark.
    pub probe: Duration,
    /// For a phase that changes the node without joining it.
    pub reset: Duration,
    /// For `kubeadm join`. Its own waits add up to about 10 minutes: discovery 5, TLS bootstrap 5 (kubeadm constants).
    pub join: Duration,
    /// For the Node to be there and Ready after a join.
    pub ready: Duration,
    /// For the pod network to be there, where a Node waits for nothing else. It is not the node's to bring, so by default
    /// a Node that only waits for it counts as joined at once.
    pub cni: Duration,
    /// For a node whose kubelet runs and that the API server knows to show up healthy before it counts as sick: after a
    /// boot or under load the kubelet's first report takes its time. Also for a Node whose kubelet was stopped to stop
    /// being Ready (the controller manager's node-monitor-grace-period, 40 to 50 s).
    pub settle: Duration,
    /// For an answer about a node that has joined where there is none at first: a busy or restarting API server.
    pub answer: Duration,
    /// For a Node's pods to be moved elsewhere.
    pub drain: Duration,
    /// For a lost connection to come back.
    pub reconnect: Duration,
    /// For a machine that was booted anew to be there again.
    pub reboot: Duration,
    /// For all of one node, from its start; then it is followed no more.
    pub node: Option<Duration>,
    /// For the whole run, from its start.
    pub run: Option<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            probe: Duration::from_secs(180),
            reset: Duration::from_secs(1800),
            join: Duration::from_secs(900),
            ready: Duration::from_secs(300),
            cni: Duration::ZERO,
            settle: Duration::from_secs(120),
            answer: Duration::from_secs(30),
            drain: Duration::from_secs(300),
            reconnect: Duration::from_secs(120),
            reboot: Duration::from_secs(600),
            node: None,
            run: None,
        }
    }
}
