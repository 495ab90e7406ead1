//! The join: kubeadm's, with a configuration rebuilt from the typed command.

use super::join_configuration::api_version;
use super::{PhaseScript, Refusal, Step};
use crate::model::{Fact, Facts, JoinCommand, Node, Phase};
use std::time::Duration;

/// Longer than kubeadm's own waits together, which are about 10 minutes.
const LIMIT: Duration = Duration::from_secs(900);

/// The steps of one join attempt of `node`, whose kubeadm decides about the version of its configuration.
pub fn join(node: &Node, run: &str, command: &JoinCommand, facts: &Facts) -> Result<PhaseScript, Refusal> {
    let version = match &facts.kubeadm_version {
        Fact::Known(version) => version,
        Fact::Unknown(why) => return Err(Refusal(format!("`kubeadm version` could not be asked on the node: {why}"))),
    };
    let Some(api_version) = api_version(version) else {
        return Err(Refusal(format!("kubeadm on the node is {version}; kfleet knows v1.15 and later")));
    };
    let steps = vec![
        Step::CheckWorker { allow_control_plane: false },
        Step::ReloadUnits,
        Step::KubeadmJoin { command: Box::new(command.clone()), api_version, limit: LIMIT },
    ];
    Ok(PhaseScript::new(Phase::Join, None, node, run, steps))
}
