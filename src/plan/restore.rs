//! Putting back what a reset kept copies of.

use super::{PhaseScript, Step};
use crate::model::{Node, Phase, RunId};

/// The steps that put containerd's config and the firewall back to what they were before run `from` changed them. What is
/// there now is copied to the backup folder of `run` first, so this can be taken back in the same way.
pub fn restore(node: &Node, run: &str, from: &RunId) -> PhaseScript {
    let steps = vec![
        Step::CheckBackup(from.clone()),
        Step::Backup { run: run.to_owned() },
        Step::RestoreContainerdConfig { from: from.clone(), run: run.to_owned() },
        Step::ArmFirewall { run: run.to_owned(), from: Some(from.clone()) },
        Step::RestoreFirewall(from.clone()),
    ];
    PhaseScript::new(Phase::Restore, None, node, run, steps)
}
