//! The join: kubeadm's, with a configuration rebuilt from the typed command.

use super::containerd_config::with_systemd_cgroup;
use super::join_configuration::api_version;
use super::{PhaseScript, Refusal, Step};
use crate::model::{Allow, Fact, Facts, JoinCommand, Node, Phase, disables_cri};
use std::time::Duration;

/// What a join is made of.
#[derive(Clone, Copy, Debug)]
pub struct JoinRequest<'a> {
    /// The run's id.
    pub run: &'a str,
    /// What to join.
    pub command: &'a JoinCommand,
    /// The node as it is.
    pub facts: &'a Facts,
    /// What the user allows.
    pub allow: Allow,
    /// How long kubeadm may take.
    pub limit: Duration,
}

/// The steps of one join attempt of `node`, whose kubeadm decides about the version of its configuration.
pub fn join(node: &Node, request: &JoinRequest<'_>) -> Result<PhaseScript, Refusal> {
    let version = match &request.facts.kubeadm_version {
        Fact::Known(version) => version,
        Fact::Unknown(why) => return Err(Refusal(format!("`kubeadm version` could not be asked on the node: {why}"))),
    };
    let Some(api_version) = api_version(version) else {
        return Err(Refusal(format!("kubeadm on the node is {version}; kfleet knows v1.15 and later")));
    };
    let kubeadm = Step::KubeadmJoin { command: Box::new(request.command.clone()), api_version, limit: request.limit };
    Ok(PhaseScript::new(Phase::Join, None, node, request.run, steps(repair(request)?, kubeadm)))
}

/// What an attempt takes around kubeadm's own part.
pub(super) fn steps(repair: Vec<Step>, join: Step) -> Vec<Step> {
    let mut steps = vec![Step::CheckWorker { allow_control_plane: false }];
    steps.extend(repair);
    steps.extend([Step::ReloadUnits, join]);
    steps
}

/// A kubelet that is started anew: it registers its Node where the API server has none.
pub fn restart_kubelet(node: &Node, run: &str) -> PhaseScript {
    PhaseScript::new(Phase::Restart, None, node, run, restart_steps())
}

pub(super) fn restart_steps() -> Vec<Step> {
    vec![Step::CheckWorker { allow_control_plane: false }, Step::ReloadUnits, Step::RestartUnit("kubelet.service")]
}

/// What in containerd's config keeps a kubelet from working with it, and that only the config has to be changed for: a
/// disabled CRI plugin, and runc without systemd's cgroups where the cluster's kubelets use them.
fn repair(request: &JoinRequest<'_>) -> Result<Vec<Step>, Refusal> {
    let facts = request.facts;
    let Fact::Known(present) = &facts.containerd_config else { return Ok(Vec::new()) };
    let disabled = present.as_deref().is_some_and(disables_cri);
    let cluster_uses_systemd =
        facts.cluster_defaults.is_known_and(|cluster| cluster.cgroup_driver.as_deref() == Some("systemd"));
    let differs = cluster_uses_systemd && facts.cgroupfs_runtimes.is_known_and(|names| !names.is_empty());
    if !(disabled || differs) {
        return Ok(Vec::new());
    }
    let ours = facts.containerd_sharers.is_known_and(Vec::is_empty);
    if !ours && !request.allow.shared_runtime {
        if !disabled {
            return Ok(Vec::new()); // a join works all the same, and a finding tells of it
        }
        let others = match &facts.containerd_sharers {
            Fact::Known(others) => others.join(", "),
            Fact::Unknown(why) => format!("who could not be told: {why}"),
        };
        return Err(Refusal(format!(
            "containerd's CRI plugin is disabled in its config.toml, and others use this containerd ({others}); with \
             --allow-shared-runtime kfleet enables it and restarts containerd, in which their containers go on running"
        )));
    }
    let default = facts.containerd_default_config.known().map(String::as_str);
    let text = with_systemd_cgroup(present.as_deref(), default).map_err(|error| Refusal(error.to_string()))?;
    Ok(vec![
        Step::CheckContainerdConfig { text: text.clone() },
        Step::ApplyContainerdConfig { text, run: request.run.to_owned(), shared: !ours },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClusterDefaults;

    fn steps(facts: &Facts, shared_runtime: bool) -> Result<usize, String> {
        let hash = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let text = format!("kubeadm join a:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash {hash}");
        let request = JoinRequest {
            run: "run",
            command: &JoinCommand::parse(&text).unwrap(),
            facts,
            allow: Allow { shared_runtime, ..Allow::default() },
            limit: Duration::from_secs(1),
        };
        repair(&request).map(|steps| steps.len()).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn containerd_s_config_is_changed_only_where_the_join_needs_it() {
        let systemd = ClusterDefaults { cgroup_driver: Some("systemd".to_owned()), fail_swap_on: None };
        let facts = |config: &str, cgroupfs: &[&str], sharers: &[&str]| Facts {
            containerd_config: Fact::Known(Some(config.to_owned())),
            cgroupfs_runtimes: Fact::Known(cgroupfs.iter().map(|name| (*name).to_owned()).collect()),
            containerd_sharers: Fact::Known(sharers.iter().map(|name| (*name).to_owned()).collect()),
            containerd_default_config: Fact::Known("version = 2\n".to_owned()),
            cluster_defaults: Fact::Known(systemd.clone()),
            ..Facts::default()
        };
        let disabled = "version = 2\ndisabled_plugins = [\"cri\"]\n";
        assert_eq!(steps(&facts("version = 2\n", &[], &[]), false), Ok(0));
        assert_eq!(steps(&facts("version = 2\n", &["runc"], &[]), false), Ok(2));
        assert_eq!(steps(&facts(disabled, &[], &[]), false), Ok(2));
        let unasked = Facts { cluster_defaults: Fact::default(), ..facts("version = 2\n", &["runc"], &[]) };
        assert_eq!(steps(&unasked, false), Ok(0), "cgroupfs may be what the cluster uses");
        assert_eq!(steps(&Facts::default(), false), Ok(0));
        // Others would see their containerd restarted.
        assert_eq!(steps(&facts("version = 2\n", &["runc"], &["moby"]), false), Ok(0));
        assert!(steps(&facts(disabled, &[], &["moby"]), false).unwrap_err().contains("--allow-shared-runtime"));
        assert_eq!(steps(&facts(disabled, &[], &["moby"]), true), Ok(2));
    }
}
