//! Smaller things that a probe measures.

use serde::{Deserialize, Serialize};

/// A node's clock beside that of the machine that kfleet runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// Node minus workstation.
    pub seconds: i64,
    /// How far that may be off, since an answer takes time and clocks are read in whole seconds.
    pub uncertainty_seconds: i64,
}

impl ClockOffset {
    /// Of a node's clock, in unix seconds, that was read between two times of the workstation's, in unix milliseconds.
    pub fn between(node: i64, before_ms: i64, after_ms: i64) -> Self {
        let middle = before_ms.midpoint(after_ms).div_euclid(1000);
        let uncertainty_seconds = (after_ms - before_ms).div_euclid(2000) + 1;
        Self { seconds: node.saturating_sub(middle), uncertainty_seconds }
    }
}

/// containerd's settings that matter to Kubernetes; `None` where it has none of that name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerdSetup {
    /// `version` of the config.
    pub version: Option<u64>,
    /// Where images and containers are kept.
    pub root: Option<String>,
    /// Where what runs is kept.
    pub state: Option<String>,
    /// CRI's snapshotter.
    pub snapshotter: Option<String>,
    /// `SystemdCgroup` of CRI's default runtime.
    pub systemd_cgroup: Option<bool>,
    /// The pause image.
    pub sandbox_image: Option<String>,
}

/// A socket's owner and mode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// In octal, as chmod takes it: "660".
    pub mode: String,
    /// "root:root".
    pub owner: String,
}

/// What CNI has to work with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cni {
    /// Files in /etc/cni/net.d that containerd would read, in its order: the first counts.
    pub configs: Vec<String>,
    /// Plugins that the first of them names.
    pub wanted: Vec<String>,
    /// Programs in /opt/cni/bin.
    pub plugins: Vec<String>,
}

impl Cni {
    /// Plugins that the config names and that are not there.
    pub fn missing(&self) -> Vec<&str> {
        self.wanted.iter().filter(|name| !self.plugins.contains(name)).map(String::as_str).collect()
    }
}

/// A protected path that can be seen below a folder which a reset empties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaMount {
    /// The protected path.
    pub protected: String,
    /// Where else it, or a part of it, is mounted.
    pub mounted_at: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_as_uncertain_as_the_answer_took() {
        let offset = ClockOffset::between(1_000, 990_000, 1_000_000);
        assert_eq!(offset, ClockOffset { seconds: 5, uncertainty_seconds: 6 });
        assert_eq!(ClockOffset::between(940, 1_000_000, 1_000_100).seconds, -60);
    }

    #[test]
    fn plugins_that_are_not_there_are_missing() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let cni = Cni {
            configs: names(&["10.conflist"]),
            wanted: names(&["bridge", "flannel"]),
            plugins: names(&["bridge"]),
        };
        assert_eq!(cni.missing(), ["flannel"]);
    }
}
