//! The join: kubeadm's, with a configuration rebuilt from the typed command.

use super::join_configuration::api_version;
use super::{PhaseScript, Refusal, Step};
use crate::model::{Fact, Facts, JoinCommand, Node, Phase};

/// The steps of one join attempt of `node`, whose kubeadm decides about the version of its configuration.
pub fn join(node: &Node, run: &str, command: &JoinCommand, facts: &Facts) -> Result<PhaseScript, Refusal> {
    let version = match &facts.kubeadm_version {
        Fact::Known(version) => version,
        Fact::Unknown(why) => return Err(Refusal(format!("`kubeadm version` could not be asked on the node: {why}"))),
    };
    let Some(api_version) = api_version(version) else {
        return Err(Refusal(format!("kubeadm on the node is {version}; kfleet knows v1.15 and later")));
    };
    let steps = steps(Step::KubeadmJoin { command: Box::new(command.clone()), api_version });
    Ok(PhaseScript::new(Phase::Join, None, node, run, steps))
}

/// What an attempt takes around kubeadm's own part.
pub(super) fn steps(join: Step) -> Vec<Step> {
    vec![Step::CheckWorker { allow_control_plane: false }, Step::ReloadUnits, join]
}
