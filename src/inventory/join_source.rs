//! The question that only a join asks: where does its join command come from?

use super::Inventory;
use crate::model::{JoinCommand, JoinSource, Role};

/// Neither the inventory nor the command line says how to join. Resets and status need no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a join needs a join command, and {file_name} does not say where it comes from; add either of\n\n  \
     cluster: {{control_plane: {node}}}  # kfleet logs in there and makes a fresh token; needs `role: control-plane`\n  \
     cluster: {{join_command: \"kubeadm join …\"}}\n\nto it, or give --join-command on the command line"
)]
pub struct NoJoinSource {
    file_name: String,
    node: String,
}

impl Inventory {
    /// Where this run's join command comes from: the one `given` on the command line, else what the file says.
    pub fn join_source(&self, given: Option<JoinCommand>) -> Result<JoinSource, NoJoinSource> {
        given.map(JoinSource::Command).or_else(|| self.join.clone()).ok_or_else(|| {
            let control_plane = self.nodes.iter().find(|node| node.role == Role::ControlPlane);
            NoJoinSource {
                file_name: self.file_name.clone(),
                node: control_plane.map_or_else(|| "NAME".to_owned(), |node| node.name.to_string()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::inventory::parse;
    use crate::model::{JoinCommand, JoinSource};
    use std::path::Path;
    use std::time::Duration;

    const COMMAND: &str = "kubeadm join a:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash \
                           sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn source(cluster: &str, given: Option<&str>) -> Result<JoinSource, String> {
        let text = format!("{cluster}\nnodes: [{{name: w1}}, {{name: cp, role: control-plane}}]\n");
        let inventory = parse("nodes.yaml", &text, Path::new("/root")).unwrap();
        inventory.join_source(given.map(|text| JoinCommand::parse(text).unwrap())).map_err(|e| e.to_string())
    }

    #[test]
    fn a_join_has_exactly_one_source() {
        let command = JoinSource::Command(JoinCommand::parse(COMMAND).unwrap());
        let minted = |minutes: u64| {
            let node = "cp".to_owned().try_into().unwrap();
            JoinSource::ControlPlane { node, token_ttl: Duration::from_secs(60 * minutes) }
        };
        assert_eq!(source("cluster: {control_plane: cp}", None), Ok(minted(20)));
        assert_eq!(source("cluster: {control_plane: cp, token_ttl: 1h 5m}", None), Ok(minted(65)));
        assert_eq!(source("cluster: {control_plane: cp}", Some(COMMAND)), Ok(command.clone()));
        assert_eq!(source(&format!("cluster: {{join_command: {COMMAND}}}"), None), Ok(command));
    }

    #[test]
    fn without_one_the_error_can_be_pasted() {
        let error = source("cluster: {token_ttl: 5m}", None).unwrap_err();
        assert!(error.contains("nodes.yaml") && error.contains("cluster: {control_plane: cp}"), "{error}");
        assert!(error.contains("--join-command"), "{error}");
    }
}
