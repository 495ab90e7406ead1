//! containerd: what CRI says, how it is configured, what CNI has to work with.

use super::reader::{Reader, last_line};
use crate::model::{Cni, ContainerdSetup, Cri, Fact, Socket, clean, containerd_setup};
use serde_json::Value;

/// `crictl info`: conditions `RuntimeReady` and `NetworkReady`.
pub(super) fn cri(section: &Reader<'_>) -> Fact<Cri> {
    section.whole(|out| match out.status {
        0 => match section.document(|text| Some(answer(text))) {
            Fact::Known(answer) => answer,
            Fact::Unknown(why) => Fact::Unknown(why),
        },
        64 => Fact::Unknown("neither crictl nor ctr is on the node".to_owned()),
        _ => Fact::Known(Cri::NoAnswer(last_line(&out.bytes))),
    })
}

fn answer(text: &str) -> Fact<Cri> {
    if let Some(state) = text.trim().strip_prefix("cri plugin") {
        return Fact::Known(match state.trim() {
            "ok" => Cri::Loaded,
            "" => Cri::NotReady("containerd has no CRI plugin".to_owned()),
            state => Cri::NotReady(format!("containerd's CRI plugin is in state {}", clean(state))),
        });
    }
    let Some(json) = json(text) else {
        return Fact::Unknown(format!("crictl info printed no JSON: {}", last_line(text.as_bytes())));
    };
    let condition = |kind: &str| json["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind);
    let message = |c: &Value| clean(c["message"].as_str().unwrap_or("no reason given"));
    match condition("RuntimeReady") {
        None => Fact::Unknown("crictl info names no RuntimeReady condition".to_owned()),
        Some(c) if c["status"] == true => {
            let network = condition("NetworkReady").is_some_and(|c| c["status"] == true);
            // The condition says only that there is none; containerd's own words say which file it could not read.
            let load = json["lastCNILoadStatus"].as_str().filter(|status| !network && *status != "OK").map(clean);
            let network_message = load.or_else(|| condition("NetworkReady").map(message)).unwrap_or_default();
            Fact::Known(Cri::Ready { network, network_message })
        }
        Some(c) => Fact::Known(Cri::NotReady(message(c))),
    }
}

/// JSON, with warnings in front of it.
fn json(text: &str) -> Option<Value> {
    text.find('{').and_then(|at| serde_json::from_str(&text[at..]).ok())
}

/// `.config` of `crictl info`: the configuration that the running containerd has. containerd 2 keeps the pause image with
/// its image service, which this does not show.
pub(super) fn running(text: &str) -> Option<ContainerdSetup> {
    let json = json(text)?;
    let config = &json["config"];
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(clean);
    let containerd = &config["containerd"];
    let default = containerd["defaultRuntimeName"].as_str().unwrap_or("runc");
    Some(ContainerdSetup {
        version: None,
        root: text(&config["containerdRootDir"]),
        state: None,
        snapshotter: text(&containerd["snapshotter"]),
        systemd_cgroup: containerd["runtimes"][default]["options"]["SystemdCgroup"].as_bool(),
        sandbox_image: text(&config["sandboxImage"]),
    })
}

/// `containerd config dump`.
pub(super) fn configured(text: &str) -> Option<ContainerdSetup> {
    containerd_setup(text)
}

/// Mode and owner.
pub(super) fn socket(text: &str) -> Option<Socket> {
    let (mode, owner) = text.trim().split_once(' ')?;
    mode.chars().all(|c| c.is_digit(8)).then(|| Socket { mode: mode.to_owned(), owner: clean(owner) })
}

/// `config NAME` and `plugin NAME`, then the first config as it is behind a line `first`.
pub(super) fn cni(text: &str) -> Option<Cni> {
    let (listed, first) = text.split_once("first\n")?;
    let all =
        |word: &str| listed.lines().filter_map(|line| Some(clean(line.strip_prefix(word)?.trim_start()))).collect();
    let config: Value = serde_json::from_str(first).unwrap_or_default();
    let chained = config["plugins"].as_array().map_or(std::slice::from_ref(&config), Vec::as_slice);
    let types = chained.iter().flat_map(|plugin| [&plugin["type"], &plugin["ipam"]["type"]]);
    let mut wanted: Vec<String> =
        types.filter_map(|name| name.as_str().filter(|name| !name.is_empty()).map(clean)).collect();
    wanted.sort();
    wanted.dedup();
    Some(Cni { configs: all("config "), plugins: all("plugin "), wanted })
}
