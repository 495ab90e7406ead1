//! Why a node did not join, and what can be done about it.

use super::Level;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a node did not join. Its word is stable: it is in JSON and in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The token expired, was deleted, or never was.
    TokenDead,
    /// A Node of that name exists and is Ready.
    NameTaken,
    /// Checks before a join, kubeadm's or ours, that no reset of the node passes.
    Preflight,
    /// What an earlier join left: its files, or its kubelet on port 10250.
    Leftovers,
    /// The runtime does not answer on its CRI socket.
    CriSilent,
    /// The runtime answers, and its CRI plugin is disabled.
    CriDisabled,
    /// kubelet finds no image filesystem, lastingly.
    ImageFilesystem,
    /// kubelet and the runtime, or kubelet and the kernel, do not agree about cgroups.
    KubeletCgroups,
    /// kubelet refuses to run with swap on.
    KubeletSwap,
    /// kubelet's configuration file or flags are missing, unreadable or unknown to it.
    KubeletConfig,
    /// kubelet runs without a kubeconfig, for itself.
    KubeletStandalone,
    /// kubelet is not healthy for another reason, which it says.
    Kubelet,
    /// kubelet's certificate request was made and nobody signed it.
    BootstrapPending,
    /// The API server was not reached: name, route, port or time.
    ApiUnreachable,
    /// Who answered as API server is not of the cluster that the join command names.
    OtherCa,
    /// A certificate is outside of its time by the clock of the node.
    Clock,
    /// kubeadm or kubelet on the node does not fit the cluster's version.
    VersionSkew,
    /// The control plane that mints tokens could not be asked.
    ControlPlane,
    /// Pods of its Node could not be moved elsewhere, which was asked for.
    Undrained,
    /// The node is joined to another cluster, and leaving that was not allowed.
    OtherCluster,
    /// Nothing that was printed says why.
    Unexplained,
}

/// What kfleet does about a cause by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cure {
    /// Mints a token and joins again, without a reset.
    NewToken,
    /// Deletes the Node that has the name, where that is this machine's or `--replace` is given, and joins again.
    FreeName,
    /// Resets the node, one level up, and joins again.
    Reset,
    /// Ends: the cause lies where no reset of the node reaches.
    Nothing,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 21] = [
        Self::TokenDead,
        Self::NameTaken,
        Self::Preflight,
        Self::Leftovers,
        Self::CriSilent,
        Self::CriDisabled,
        Self::ImageFilesystem,
        Self::KubeletCgroups,
        Self::KubeletSwap,
        Self::KubeletConfig,
        Self::KubeletStandalone,
        Self::Kubelet,
        Self::BootstrapPending,
        Self::ApiUnreachable,
        Self::OtherCa,
        Self::Clock,
        Self::VersionSkew,
        Self::ControlPlane,
        Self::Undrained,
        Self::OtherCluster,
        Self::Unexplained,
    ];

    /// The stable word in JSON and in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::TokenDead => "token_dead",
            Self::NameTaken => "name_taken",
            Self::Preflight => "preflight",
            Self::Leftovers => "leftovers",
            Self::CriSilent => "cri_silent",
            Self::CriDisabled => "cri_disabled",
            Self::ImageFilesystem => "image_filesystem",
            Self::KubeletCgroups => "kubelet_cgroups",
            Self::KubeletSwap => "kubelet_swap",
            Self::KubeletConfig => "kubelet_config",
            Self::KubeletStandalone => "kubelet_standalone",
            Self::Kubelet => "kubelet",
            Self::BootstrapPending => "bootstrap_pending",
            Self::ApiUnreachable => "api_unreachable",
            Self::OtherCa => "other_ca",
            Self::Clock => "clock",
            Self::VersionSkew => "version_skew",
            Self::ControlPlane => "control_plane",
            Self::Undrained => "undrained",
            Self::OtherCluster => "other_cluster",
            Self::Unexplained => "unexplained",
        }
    }

    /// What kfleet does about it by itself.
    pub fn cure(self) -> Cure {
        match self {
            Self::TokenDead => Cure::NewToken,
            Self::NameTaken => Cure::FreeName,
            Self::Leftovers
            | Self::CriSilent
            | Self::CriDisabled
            | Self::ImageFilesystem
            | Self::KubeletCgroups
            | Self::KubeletConfig
            | Self::KubeletStandalone
            | Self::Kubelet
            | Self::Unexplained => Cure::Reset,
            Self::Preflight
            | Self::KubeletSwap
            | Self::BootstrapPending
            | Self::ApiUnreachable
            | Self::OtherCa
            | Self::Clock
            | Self::VersionSkew
            | Self::ControlPlane
            | Self::Undrained
            | Self::OtherCluster => Cure::Nothing,
        }
    }

    /// The highest level that is of use against it. Where a cause is the same after this, one more reset would only take
    /// more away.
    pub fn cured_at_most_by(self) -> Level {
        match self {
            Self::Leftovers | Self::KubeletConfig | Self::KubeletStandalone => Level::Gentle,
            _ => Level::Aggressive,
        }
    }

    /// What to do next, a sentence for people: where kfleet cures the cause by itself, for when that did not help.
    pub fn advice(self) -> &'static str {
        match self {
            Self::TokenDead => {
                "mint a token on the control plane with `kubeadm token create --print-join-command`, or give kfleet a \
                 control plane to mint it on"
            }
            Self::NameTaken => {
                "give this machine another hostname, or `kubectl delete node` the one that has the name (kfleet join \
                 --replace)"
            }
            Self::Preflight => "change this on the node; no reset does",
            Self::Leftovers => "reset the node, or stop what holds the port",
            Self::CriSilent => "read `journalctl -u containerd` on the node",
            Self::CriDisabled => {
                "take cri out of disabled_plugins in /etc/containerd/config.toml and restart containerd"
            }
            Self::ImageFilesystem => {
                "look whether containerd's root folder is there, and its disk mounted and not full"
            }
            Self::KubeletCgroups => {
                "have kubelet (cgroupDriver) and containerd (SystemdCgroup) use the same cgroup driver, which is systemd \
                 on a systemd host"
            }
            Self::KubeletSwap => {
                "turn swap off (`swapoff -a`, and in /etc/fstab), or set failSwapOn: false for kubelet"
            }
            Self::KubeletConfig => {
                "look into kubelet's flags (`systemctl cat kubelet`, /etc/default/kubelet, \
                 /var/lib/kubelet/kubeadm-flags.env) and /var/lib/kubelet/config.yaml"
            }
            Self::KubeletStandalone => {
                "have kubelet's unit use kubeadm's drop-in (10-kubeadm.conf), which gives it a kubeconfig"
            }
            Self::Kubelet => "read `journalctl -u kubelet` on the node",
            Self::BootstrapPending => {
                "see `kubectl get csr`: what kubelet asked for is neither approved nor signed; is \
                 kube-controller-manager running, and is the clusterrolebinding \
                 kubeadm:node-autoapprove-bootstrap there?"
            }
            Self::ApiUnreachable => {
                "check name, route, firewall and port from this node to the API server, and that it runs"
            }
            Self::OtherCa => {
                "get a new join command from the cluster's control plane, and check which machine has that address"
            }
            Self::Clock => "set the clock of the node, or renew the certificate (`kubeadm certs check-expiration`)",
            Self::VersionSkew => "install kubeadm and kubelet of a version that fits the cluster's",
            Self::ControlPlane => "check that the control plane of the inventory can be reached and its kubeadm works",
            Self::Undrained => "see to the pods that kubectl names, or leave out --drain",
            Self::OtherCluster => "give --force-rejoin to take the node out of that cluster",
            Self::Unexplained => "read `journalctl -u kubelet` and `journalctl -u containerd` on the node",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A cause with the words that it was known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Why.
    pub cause: Cause,
    /// What kubeadm, kubelet or kfleet said, as one sentence without their log prefixes.
    pub said: String,
}

impl Diagnosis {
    /// `said` is shown to people as it is.
    pub fn new(cause: Cause, said: impl Into<String>) -> Self {
        Self { cause, said: said.into() }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.said, self.cause.advice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_cause_has_a_word_of_its_own_which_is_its_json_and_an_advice() {
        let words: HashSet<&str> = Cause::ALL.iter().map(|cause| cause.word()).collect();
        let advice: HashSet<&str> = Cause::ALL.iter().map(|cause| cause.advice()).collect();
        assert_eq!((words.len(), advice.len()), (Cause::ALL.len(), Cause::ALL.len()));
        for cause in Cause::ALL {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.word());
            assert!(cause.advice().len() > 20 && !cause.advice().ends_with('.'), "{cause}");
            assert!(serde_json::from_value::<Cause>(cause.word().into()).is_ok_and(|read| read == cause));
        }
    }

    #[test]
    fn a_reset_is_only_for_what_is_on_the_node() {
        for outside in [Cause::ApiUnreachable, Cause::OtherCa, Cause::VersionSkew, Cause::Preflight, Cause::Clock] {
            assert_eq!(outside.cure(), Cure::Nothing, "{outside}");
        }
        assert_eq!(Cause::TokenDead.cure(), Cure::NewToken);
        assert_eq!(Cause::Unexplained.cure(), Cure::Reset);
    }

    #[test]
    fn a_diagnosis_reads_as_one_sentence() {
        let shown = Diagnosis::new(Cause::VersionSkew, "kubelet is v1.30.1").to_string();
        assert_eq!(shown, "kubelet is v1.30.1; install kubeadm and kubelet of a version that fits the cluster's");
    }
}
