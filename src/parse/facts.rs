//! The probe's sections to [`Facts`].

use super::node_object;
use crate::model::{Cri, Fact, Facts, Identity, ImageFilesystem, Presence, ProtectedState, Unit};
use std::collections::BTreeMap;

/// What one section of the probe printed, and how it ended. `None` in the map: the probe did not come to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionOutput {
    /// Everything between its marks.
    pub bytes: Vec<u8>,
    /// From its end mark.
    pub status: i32,
}

/// Reads all sections, given under the names of `plan::Section` in its order.
pub fn facts(sections: &BTreeMap<&'static str, SectionOutput>) -> Facts {
    let read = |name: &str| Reader { name: name.to_owned(), output: sections.get(name) };
    let system = read("System").key_values();
    let units = read("Units").units();
    let versions = read("Versions").key_values();
    Facts {
        hostname: value(&system, "hostname").map(|h| h.to_ascii_lowercase()),
        machine_id: value(&system, "machine_id"),
        boot_id: value(&system, "boot_id"),
        os: value(&system, "os"),
        running: read("Running").optional_text().map(|t| t.map(|t| crate::model::clean(t.trim()))),
        kubelet: unit(&units, "kubelet.service"),
        containerd: unit(&units, "containerd.service"),
        kubeadm_version: value(&versions, "kubeadm"),
        kubelet_version: value(&versions, "kubelet").map(|v| last_word(&v)),
        containerd_version: value(&versions, "containerd").map(|v| third_word(&v)),
        files: read("Files").lines(),
        api_server: read("ApiServer").optional_text().map(|t| t.map(|t| t.trim().to_owned())),
        cri: read("CriInfo").cri(),
        image_filesystem: read("ImageFilesystem").image_filesystem(),
        pod_links: read("PodLinks").lines(),
        chains: read("Chains").pairs(),
        kubelet_mounts: read("KubeletMounts").lines_or_none(),
        gentle_leftovers: read("GentleLeftovers").lines(),
        aggressive_leftovers: read("AggressiveLeftovers").lines(),
        residue: read("Residue").lines(),
        protected: read("Protected").protected(),
        containerd_sharers: read("ContainerdSharers").lines(),
        containerd_items: read("ContainerdItems").number(),
        cgroupfs_runtimes: read("Cgroupfs").lines(),
        containerd_config: read("ContainerdConfig").optional_text(),
        containerd_default_config: read("ContainerdDefaultConfig").text(),
        cluster_node_object: Fact::Unknown("the control plane was not asked".to_owned()),
        own_node_object: match sections.get("NodeObject") {
            Some(out) => node_object(&String::from_utf8_lossy(&out.bytes), out.status),
            None => Fact::default(),
        },
        ..Facts::default()
    }
}

struct Reader<'a> {
    name: String,
    output: Option<&'a SectionOutput>,
}

impl Reader<'_> {
    /// The text of a section that ended with 0; anything else is unknown, with what it said last.
    fn text(&self) -> Fact<String> {
        match self.output {
            None => Fact::Unknown("the probe did not come to it".to_owned()),
            Some(out) if out.status == 0 => Fact::Known(String::from_utf8_lossy(&out.bytes).into_owned()),
            Some(out) if out.status == 64 => Fact::Unknown("the tool for it is not on the node".to_owned()),
            Some(out) => {
                Fact::Unknown(format!("{} ended with status {}: {}", self.name, out.status, last_line(&out.bytes)))
            }
        }
    }

    /// Like `text`, where status 64 means that the thing looked for is not there.
    fn optional_text(&self) -> Fact<Option<String>> {
        match self.output {
            Some(out) if out.status == 64 => Fact::Known(None),
            _ => self.text().map(Some),
        }
    }

    fn lines(&self) -> Fact<Vec<String>> {
        self.text().map(|t| t.lines().map(str::to_owned).collect())
    }

    fn lines_or_none(&self) -> Fact<Vec<String>> {
        self.optional_text().map(|t| t.unwrap_or_default().lines().map(str::to_owned).collect())
    }

    fn number(&self) -> Fact<u64> {
        self.parsed(|t| t.trim().parse().ok())
    }

    fn pairs(&self) -> Fact<Vec<(String, u64)>> {
        self.parsed(|t| {
            t.lines().map(|l| l.split_once(' ').and_then(|(k, v)| Some((k.to_owned(), v.parse().ok()?)))).collect()
        })
    }

    fn key_values(&self) -> Fact<BTreeMap<String, String>> {
        self.text().map(|t| {
            t.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.to_owned(), crate::model::clean(v))).collect()
        })
    }

    fn units(&self) -> Fact<BTreeMap<String, Unit>> {
        self.text().map(|t| {
            let blocks = t.split("\n\n").map(|block| {
                let get = |key: &str| {
                    let found = block.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('='));
                    found.unwrap_or_default().to_owned()
                };
                let restarts = get("NRestarts").parse().unwrap_or(0);
                (get("Id"), Unit { load: get("LoadState"), active: get("ActiveState"), sub: get("SubState"), restarts })
            });
            blocks.collect()
        })
    }

    /// `crictl info`: conditions `RuntimeReady` and `NetworkReady`.
    fn cri(&self) -> Fact<Cri> {
        let Some(out) = self.output else { return Fact::Unknown("the probe did not come to it".to_owned()) };
        match out.status {
            0 => {}
            64 => return Fact::Unknown("neither crictl nor ctr is on the node".to_owned()),
            _ => return Fact::Known(Cri::NoAnswer(last_line(&out.bytes))),
        }
        let text = String::from_utf8_lossy(&out.bytes);
        if let Some(state) = text.trim().strip_prefix("cri plugin") {
            return Fact::Known(match state.trim() {
                "ok" => Cri::Loaded,
                "" => Cri::NotReady("containerd has no CRI plugin".to_owned()),
                state => Cri::NotReady(format!("containerd's CRI plugin is in state {}", crate::model::clean(state))),
            });
        }
        let json = text.find('{').and_then(|at| serde_json::from_str::<serde_json::Value>(&text[at..]).ok());
        let Some(json) = json else {
            return Fact::Unknown(format!("crictl info printed no JSON: {}", last_line(&out.bytes)));
        };
        let condition = |kind: &str| json["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind);
        match condition("RuntimeReady") {
            None => Fact::Unknown("crictl info names no RuntimeReady condition".to_owned()),
            Some(c) if c["status"] == true => {
                Fact::Known(Cri::Ready { network: condition("NetworkReady").is_some_and(|c| c["status"] == true) })
            }
            Some(c) => {
                Fact::Known(Cri::NotReady(crate::model::clean(c["message"].as_str().unwrap_or("no reason given"))))
            }
        }
    }

    /// Mount point; `stat -f`'s block size, blocks and blocks available to users; who named the mount point.
    fn image_filesystem(&self) -> Fact<ImageFilesystem> {
        self.parsed(|t| {
            let mut lines = t.lines();
            let mountpoint = crate::model::clean(lines.next().filter(|p| p.starts_with('/'))?);
            let mut numbers = lines.next()?.split(' ').map(str::parse::<u64>);
            let mut number = || numbers.next()?.ok();
            let (size, blocks, available) = (number()?, number()?, number()?);
            Some(ImageFilesystem {
                mountpoint,
                named_by: lines.next()?.to_owned(),
                capacity: size.checked_mul(blocks)?,
                available: size.checked_mul(available)?,
            })
        })
    }

    /// Per line: inode, entries, all entries, mounts, and the path, which may hold spaces.
    fn protected(&self) -> Fact<Vec<ProtectedState>> {
        self.parsed(|t| {
            let line = |line: &str| {
                let mut words = line.splitn(5, ' ');
                let mut word = || words.next();
                let (inode, entries, all, mounts, path) = (word()?, word()?, word()?, word()?, word()?);
                let seen = match inode {
                    "absent" => Presence::Absent,
                    "silent" => Presence::Silent,
                    inode => Presence::Present(Identity {
                        inode: inode.to_owned(),
                        entries: entries.parse().ok(),
                        all_entries: all.parse().ok(),
                        mounts: mounts.to_owned(),
                    }),
                };
                Some(ProtectedState { path: path.to_owned(), seen })
            };
            t.lines().map(line).collect()
        })
    }

    fn parsed<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Fact<T> {
        match self.text() {
            Fact::Unknown(why) => Fact::Unknown(why),
            Fact::Known(text) => parse(&text).map_or_else(
                || Fact::Unknown(format!("{} printed something else: {}", self.name, last_line(text.as_bytes()))),
                Fact::Known,
            ),
        }
    }
}

fn value(map: &Fact<BTreeMap<String, String>>, key: &str) -> Fact<String> {
    match map {
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
        Fact::Known(map) => match map.get(key).filter(|v| !v.is_empty()) {
            Some(value) => Fact::Known(value.clone()),
            None => Fact::Unknown(format!("the node did not say its {}", key.replace('_', " "))),
        },
    }
}

fn unit(units: &Fact<BTreeMap<String, Unit>>, id: &str) -> Fact<Unit> {
    match units {
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
        Fact::Known(map) => {
            map.get(id).cloned().map_or_else(|| Fact::Unknown(format!("systemctl did not show {id}")), Fact::Known)
        }
    }
}

fn last_word(text: &str) -> String {
    text.split_whitespace().last().unwrap_or(text).to_owned()
}

/// `containerd github.com/containerd/containerd 1.7.24~ds1 1.7.24~ds1-6+deb13u1`
fn third_word(text: &str) -> String {
    text.split_whitespace().nth(2).unwrap_or(text).to_owned()
}

fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it printed nothing");
    crate::model::clean(super::message(line))
}
