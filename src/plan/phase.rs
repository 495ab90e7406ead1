//! A phase: the steps a node gets in one go, and the script that they render to.

use super::reset::CNI_CONFIG_NAMES;
use super::{CRI_SOCKET, Step};
use crate::model::{Level, Node, Phase, PhaseNote, ProtectedPath, Root, StepKind, StepNote};
use crate::shell::{Need, Nonce, Rendered, Script, Word};

/// Steps, and whose they are. Rendered once for the node and, with secrets masked, once for people.
#[derive(Clone, Debug)]
pub struct PhaseScript {
    /// Reset or join.
    pub phase: Phase,
    /// The reset level.
    pub level: Option<Level>,
    /// What is done, in order; the script numbers its steps alike.
    pub steps: Vec<Step>,
    script: Script,
}

/// Kept on every node besides the inventory's paths: `kubeadm reset` empties it on workers too when it finds no etcd
/// manifest (kubeadm#3225), and a worker may well carry somebody's external etcd. Only a phase that has just taken the
/// node's own member out of etcd removes what is in it.
pub(super) const ALSO_PROTECTED: &str = "/var/lib/etcd";

/// The library that every changing script carries: all of it, so that a reader of one script knows them all.
pub(super) const LIBRARY: &[&str] = &[
    include_str!("sh/common.sh"),
    include_str!("sh/guard.sh"),
    include_str!("sh/backing.sh"),
    include_str!("sh/roots.sh"),
    include_str!("sh/remove.sh"),
    include_str!("sh/units.sh"),
    include_str!("sh/control_plane.sh"),
    include_str!("sh/leftovers.sh"),
    include_str!("sh/network.sh"),
    include_str!("sh/netns.sh"),
    include_str!("sh/firewall.sh"),
    include_str!("sh/runtime.sh"),
    include_str!("sh/share.sh"),
    include_str!("sh/nft.sh"),
    include_str!("sh/ipset.sh"),
    include_str!("sh/ipvs.sh"),
    include_str!("sh/disarm.sh"),
    include_str!("sh/rollback.sh"),
    include_str!("sh/containerd.sh"),
    include_str!("sh/restore.sh"),
    include_str!("sh/reboot.sh"),
    include_str!("sh/journal.sh"),
    include_str!("sh/join.sh"),
];

impl PhaseScript {
    /// Puts `steps` into a script for `node`. Whatever the steps, the script protects what the node protects.
    pub fn new(phase: Phase, level: Option<Level>, node: &Node, run: &str, steps: Vec<Step>) -> Self {
        let mut title = format!("kfleet {} {phase}", env!("CARGO_PKG_VERSION"));
        if let Some(level) = level {
            title.push_str(&format!(" level={level}"));
        }
        title.push_str(&format!(" node={} run={run}", node.name));
        let of_etcd = |step: &Step| matches!(step, Step::Remove(path) if path.root() == Root::Etcd);
        let also = (!steps.iter().any(of_etcd)).then_some(ALSO_PROTECTED);
        let protect = node.protect.iter().map(ProtectedPath::as_str).chain(also);
        let mut script = Script::new(&title)
            .global("PROTECT", Word::lines(protect))
            .global("CRI_SOCKET", Word::new(CRI_SOCKET))
            .global("CNI_CONFIGS", Word::new(CNI_CONFIG_NAMES.join(" ")));
        for text in LIBRARY {
            script = script.library(text);
        }
        for step in &steps {
            script = script.step(step.need(), step.fragment());
        }
        Self { phase, level, steps, script }
    }

    /// The text for the node and for people.
    pub fn render(&self, nonce: &Nonce) -> Rendered {
        self.script.render(nonce)
    }

    /// What the node keeps of it while it runs, for whoever follows.
    pub fn note(&self, id: &str, run: &str, who: &str, node: &Node, nonce: &Nonce) -> PhaseNote {
        let step = |step: &Step| StepNote {
            title: step.to_string(),
            required: step.need() == Need::Required,
            kind: match step {
                Step::ArmFirewall { .. } => StepKind::ArmsFirewall,
                Step::KubeadmJoin { .. } => StepKind::Joins,
                _ => StepKind::Plain,
            },
        };
        PhaseNote {
            schema: PhaseNote::SCHEMA,
            id: id.to_owned(),
            run: run.to_owned(),
            node: node.name.clone(),
            who: who.to_owned(),
            phase: self.phase,
            level: self.level,
            nonce: nonce.as_str().to_owned(),
            steps: self.steps.iter().map(step).collect(),
        }
    }

    /// One title per step.
    pub fn titles(&self) -> Vec<String> {
        self.steps.iter().map(ToString::to_string).collect()
    }
}
