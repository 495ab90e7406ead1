//! Who has which node: cases that take different ones run at once.

use crate::bed::Bed;
use std::sync::{Condvar, Mutex, MutexGuard};

/// The workers: six with containerd 1.7, which can join, one with 2 and one with 1.6. Cases that name theirs take the first
/// ones.
pub const NODES: [&str; 8] = ["node1", "node2", "node3", "node4", "node5", "node6", "sid", "bookworm"];

/// How many of them can join.
pub const JOINING: usize = 6;

/// What a case is to the cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cluster {
    /// It neither asks nor changes it, and does not mind if it is away.
    Unused,
    /// Others may use it too.
    Used,
    /// It stops the API server, or compares all that is in it: nobody else uses it meanwhile.
    Alone,
}

/// A case, and the nodes it runs on.
pub enum Case {
    /// On one that can join.
    One(fn(&Bed, &str)),
    These(&'static [&'static str], fn(&Bed)),
}

impl Case {
    pub fn run(&self, bed: &Bed, nodes: &[&str]) {
        match self {
            Self::One(case) => case(bed, nodes[0]),
            Self::These(_, case) => case(bed),
        }
    }
}

/// What is taken now.
#[derive(Default)]
struct Taken {
    nodes: Vec<&'static str>,
    /// By how many cases the cluster is used.
    users: usize,
    alone: bool,
    /// Cases that wait to have the cluster for themselves. Others of it let them go first, or they would wait to the end, and
    /// one after the other then.
    waiting_alone: usize,
}

impl Taken {
    /// The nodes that this case gets, if all that it needs is free.
    fn free_for(&self, case: &Case, cluster: Cluster) -> Option<Vec<&'static str>> {
        let free = |node: &&&'static str| !self.nodes.contains(*node);
        let nodes = match case {
            Case::One(_) => NODES[..JOINING].iter().rev().filter(free).take(1).copied().collect(),
            Case::These(nodes, _) => nodes.iter().filter(free).copied().collect::<Vec<_>>(),
        };
        let wanted = if let Case::These(nodes, _) = case { nodes.len() } else { 1 };
        let cluster_is_free = match cluster {
            Cluster::Unused => true,
            Cluster::Used => !self.alone,
            Cluster::Alone => !self.alone && self.users == 0,
        };
        (cluster_is_free && nodes.len() == wanted).then_some(nodes)
    }
}

pub struct Leases {
    taken: Mutex<Taken>,
    returned: Condvar,
}

/// What one case has; it goes back when this is dropped, also where the case failed.
pub struct Lease<'a> {
    from: &'a Leases,
    nodes: Vec<&'static str>,
    cluster: Cluster,
}

impl Leases {
    pub fn new() -> Self {
        Self { taken: Mutex::default(), returned: Condvar::new() }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().expect("nothing panics while it is held")
    }

    /// Waits until all that this case needs is free, and takes it at once, so that no two wait for each other.
    pub fn take(&self, case: &Case, cluster: Cluster) -> Lease<'_> {
        let mut taken = self.taken();
        taken.waiting_alone += usize::from(cluster == Cluster::Alone);
        // One that names its nodes and needs no cluster is in nobody's way.
        let apart = cluster == Cluster::Unused && matches!(case, Case::These(..));
        let nodes = loop {
            let goes_first = cluster == Cluster::Alone || apart || taken.waiting_alone == 0;
            if let Some(nodes) = taken.free_for(case, cluster).filter(|_| goes_first) {
                break nodes;
            }
            taken = self.returned.wait(taken).expect("nothing panics while it is held");
        };
        taken.nodes.extend(&nodes);
        taken.users += usize::from(cluster == Cluster::Used);
        taken.alone |= cluster == Cluster::Alone;
        taken.waiting_alone -= usize::from(cluster == Cluster::Alone);
        self.returned.notify_all();
        Lease { from: self, nodes, cluster }
    }
}

impl Lease<'_> {
    pub fn nodes(&self) -> &[&'static str] {
        &self.nodes
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut taken = self.from.taken();
        taken.nodes.retain(|node| !self.nodes.contains(node));
        taken.users -= usize::from(self.cluster == Cluster::Used);
        taken.alone &= self.cluster != Cluster::Alone;
        self.from.returned.notify_all();
    }
}
