//! The probe's sections to [`Facts`].

mod containerd;
mod kubelet;
mod reader;
mod storage;

use super::{certificate, node_object};
use crate::model::{ClientCertificate, Fact, Facts, TooMuch, Unit, clean, disables_cri, mask_secrets};
use reader::{Reader, flag, last_word, number, third_word, unit, value};
use std::collections::BTreeMap;

/// What one section of the probe printed, and how it ended. `None` in the map: the probe did not come to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectionOutput {
    /// Everything between its marks; nothing where that was too much.
    pub bytes: Vec<u8>,
    /// From its end mark.
    pub status: i32,
    /// Why its bytes were not kept, where they were not.
    pub too_much: Option<TooMuch>,
}

impl SectionOutput {
    /// Whether it says that there is nothing to tell of.
    fn is_nothing(&self) -> bool {
        self.status == 64 && self.too_much.is_none()
    }
}

/// Reads all sections, given under the names of `plan::Section` in its order.
pub fn facts(sections: &BTreeMap<&'static str, SectionOutput>) -> Facts {
    let read = |name: &str| Reader { output: sections.get(name) };
    let facts = machine(&read, &read("System").key_values(), &read("Preflight").key_values());
    let facts = member(&read, &read("Units").units(), &read("Versions").key_values(), facts);
    runtime(&read, &read("Units").units(), &read("Versions").key_values(), facts)
}

type Read<'a> = dyn Fn(&str) -> Reader<'a> + 'a;
type Map = Fact<BTreeMap<String, String>>;
type Units = Fact<BTreeMap<String, Unit>>;

/// What the machine is, and what kubeadm asks of it.
fn machine(read: &Read<'_>, system: &Map, preflight: &Map) -> Facts {
    Facts {
        hostname: value(system, "hostname").map(|h| h.to_ascii_lowercase()),
        machine_id: value(system, "machine_id"),
        boot_id: value(system, "boot_id"),
        stamp: value(system, "stamp"),
        os: value(system, "os"),
        kernel: value(system, "kernel"),
        uptime_seconds: number(system, "uptime"),
        running: read("Running").optional_text().map(|t| t.map(|t| clean(t.trim()))),
        protected: read("Protected").parsed(storage::protected),
        media_mounts: read("MediaMounts").parsed(storage::media_mounts),
        swap: match preflight {
            Fact::Known(map) if map.contains_key("swap") => {
                Fact::Known(map["swap"].split_whitespace().map(str::to_owned).collect())
            }
            Fact::Known(_) => Fact::Unknown("the kernel has no /proc/swaps".to_owned()),
            Fact::Unknown(why) => Fact::Unknown(why.clone()),
        },
        ip_forward: flag(preflight, "ip_forward"),
        bridge_filter: match value(preflight, "bridge_filter") {
            Fact::Known(absent) if absent == "absent" => Fact::Known(None),
            _ => flag(preflight, "bridge_filter").map(Some),
        },
        missing_tools: read("Tools").lines(),
        hostname_resolves: flag(preflight, "resolves"),
        cgroup_version: number(preflight, "cgroup"),
        memory_cgroup: flag(preflight, "memory"),
        clock: number(preflight, "clock"),
        clock_offset: Fact::Unknown("the node's clock was not compared".to_owned()),
        modules: read("Modules").pairs(),
        ..Facts::default()
    }
}

/// What of a cluster's member it is, and its kubelet.
fn member(read: &Read<'_>, units: &Units, versions: &Map, facts: Facts) -> Facts {
    let settings = read("KubeletSettings").key_values();
    let client_certificate = read("ClientCertificate").optional(certificate::client_certificate);
    Facts {
        node_name: node_name(&settings, &client_certificate, &facts.hostname),
        kubelet: unit(units, "kubelet.service"),
        kubeadm_version: value(versions, "kubeadm"),
        kubelet_version: value(versions, "kubelet").map(|v| last_word(&v)),
        files: read("Files").lines(),
        api_server: read("ApiServer").optional_text().map(|t| t.map(|t| clean(t.trim()))),
        kubelet_filesystem: read("KubeletFilesystem").parsed(storage::filesystem),
        cluster_node_object: Fact::Unknown("the control plane was not asked".to_owned()),
        own_node_object: read("NodeObject").whole(|out| node_object(&String::from_utf8_lossy(&out.bytes), out.status)),
        cluster_pins: Fact::Unknown("the control plane was not asked".to_owned()),
        cluster_ca: read("ClusterCa").optional(certificate::pin),
        client_certificate,
        kubelet_cgroup_driver: settings.clone().map(|s| s.get("cgroup_driver").filter(|d| !d.is_empty()).cloned()),
        kubelet_arguments: read("KubeletArguments").lines().map(|words| kubelet::without_secrets(&words)),
        kubelet_log: read("KubeletLog").parsed(kubelet::log),
        kubelet_bootstraps: flag(&settings, "bootstraps"),
        kubelet_port: read("KubeletPort").optional(|t| Some(clean(t.trim()))),
        api: Fact::Unknown("the API server was not asked from the node".to_owned()),
        cluster_defaults: Fact::Unknown("the control plane was not asked".to_owned()),
        ..facts
    }
}

/// Its containerd, and what is left of pods.
fn runtime(read: &Read<'_>, units: &Units, versions: &Map, facts: Facts) -> Facts {
    let config = read("ContainerdConfig").optional_document(|text| Some(text.to_owned()));
    Facts {
        containerd: unit(units, "containerd.service"),
        containerd_version: value(versions, "containerd").map(|v| third_word(&v)),
        cri: containerd::cri(&read("CriInfo")),
        pods: read("Pods").pairs(),
        containers: read("Containers").pairs(),
        image_filesystem: read("ImageFilesystem").parsed(storage::image_filesystem),
        cni: read("Cni").document(containerd::cni),
        pod_links: read("PodLinks").lines(),
        chains: read("Chains").pairs(),
        kubelet_mounts: read("KubeletMounts").lines_or_none(),
        gentle_leftovers: read("GentleLeftovers").lines(),
        aggressive_leftovers: read("AggressiveLeftovers").lines(),
        residue: read("Residue").lines(),
        containerd_sharers: read("ContainerdSharers").lines(),
        containerd_items: read("ContainerdItems").number(),
        cgroupfs_runtimes: read("Cgroupfs").lines(),
        cri_disabled: config.clone().map(|config| config.as_deref().is_some_and(disables_cri)),
        containerd_configured: read("ContainerdDump").document(containerd::configured),
        containerd_running: read("CriInfo").document(containerd::running),
        containerd_socket: read("ContainerdSocket").optional(containerd::socket),
        containerd_log: read("ContainerdLog")
            .lines()
            .map(|lines| lines.iter().map(|line| mask_secrets(line)).collect()),
        containerd_namespaces: read("ContainerdNamespaces").lines(),
        containerd_config: config,
        containerd_default_config: read("ContainerdDefaultConfig").document(|text| Some(text.to_owned())),
        ..facts
    }
}

/// kubeadm gives the kubelet its Node's name where that is not the hostname, and the kubelet's certificate is made out to it.
fn node_name(
    settings: &Fact<BTreeMap<String, String>>,
    certificate: &Fact<Option<ClientCertificate>>,
    hostname: &Fact<String>,
) -> Fact<String> {
    match (value(settings, "override"), certificate) {
        (Fact::Known(name), _) => Fact::Known(name.to_ascii_lowercase()),
        (_, Fact::Known(Some(certificate))) => Fact::Known(certificate.node_name.clone()),
        _ => hostname.clone(),
    }
}
