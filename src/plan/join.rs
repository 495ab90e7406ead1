//! The join: kubeadm's, with its arguments rebuilt from the typed command.

use super::{CRI_SOCKET, PhaseScript, Step};
use crate::model::{JoinCommand, Node, Phase};
use crate::shell::Word;

/// The steps of one join attempt of `node`.
pub fn join(node: &Node, run: &str, command: &JoinCommand) -> PhaseScript {
    PhaseScript::new(
        Phase::Join,
        None,
        node,
        run,
        vec![
            Step::CheckWorker { allow_control_plane: false },
            Step::ReloadUnits,
            Step::KubeadmJoin(Box::new(command.clone())),
        ],
    )
}

/// kubeadm's arguments, in a fixed order.
pub(super) fn arguments(command: &JoinCommand) -> Vec<Word> {
    let mut words =
        vec![Word::new(command.endpoint.as_str()), Word::new("--token"), Word::secret(command.token.reveal())];
    for hash in &command.ca_hashes {
        words.extend([Word::new("--discovery-token-ca-cert-hash"), Word::new(hash.as_str())]);
    }
    let socket = command.cri_socket.as_deref().unwrap_or(CRI_SOCKET);
    words.extend([Word::new("--cri-socket"), Word::new(socket)]);
    if let Some(name) = &command.node_name {
        words.extend([Word::new("--node-name"), Word::new(name.as_str())]);
    }
    if !command.ignore_preflight_errors.is_empty() {
        let names = command.ignore_preflight_errors.join(",");
        words.extend([Word::new("--ignore-preflight-errors"), Word::new(names)]);
    }
    words
}
