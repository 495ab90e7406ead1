//! What containerd's config.toml says of its CRI plugin.

use super::ContainerdSetup;
use super::clean;
use toml_edit::{DocumentMut, Item};

/// Whether this is the CRI plugin, under any of its names: version 1 of the config has a short one, containerd 2 split it.
pub fn is_cri_plugin(name: &str) -> bool {
    name == "cri"
        || ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.", "io.containerd.podsandbox.controller.v1."]
            .iter()
            .any(|long| name.starts_with(long))
}

/// Whether a config keeps containerd from serving CRI. What is no TOML keeps it from starting at all.
pub fn disables_cri(config: &str) -> bool {
    let Ok(config) = config.parse::<DocumentMut>() else { return false };
    let disabled = config.get("disabled_plugins").and_then(Item::as_array);
    disabled.is_some_and(|plugins| plugins.iter().filter_map(|plugin| plugin.as_str()).any(is_cri_plugin))
}

/// What `containerd config dump` says of what matters to Kubernetes. In version 3 of the config CRI has two plugins, one for
/// what runs and one for images.
pub fn containerd_setup(dump: &str) -> Option<ContainerdSetup> {
    let dump: DocumentMut = dump.parse().ok()?;
    let text = |item: Option<&Item>| item.and_then(Item::as_str).filter(|text| !text.is_empty()).map(clean);
    let plugin = |name: &str| dump.get("plugins").and_then(|plugins| plugins.get(name));
    let whole = plugin("io.containerd.grpc.v1.cri");
    let runtime = plugin("io.containerd.cri.v1.runtime").or(whole);
    let images = plugin("io.containerd.cri.v1.images");
    let containerd = runtime.and_then(|cri| cri.get("containerd"));
    let default = text(containerd.and_then(|c| c.get("default_runtime_name"))).unwrap_or_else(|| "runc".to_owned());
    let options = containerd.and_then(|c| c.get("runtimes")?.get(&default)?.get("options"));
    let snapshotter = images.or(containerd).and_then(|owner| owner.get("snapshotter"));
    let pinned = images.and_then(|images| images.get("pinned_images")?.get("sandbox"));
    Some(ContainerdSetup {
        version: dump.get("version").and_then(Item::as_integer).and_then(|version| version.try_into().ok()),
        root: text(dump.get("root")),
        state: text(dump.get("state")),
        snapshotter: text(snapshotter),
        systemd_cgroup: options.and_then(|options| options.get("SystemdCgroup")?.as_bool()),
        sandbox_image: text(pinned.or_else(|| whole?.get("sandbox_image"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cri_is_disabled_under_each_of_its_names_and_only_by_the_list() {
        for name in ["cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"] {
            assert!(
                disables_cri(&format!("disabled_plugins = [\n  'aufs', # a comment\n  \"{name}\",\n]\n")),
                "{name}"
            );
        }
        for config in
            ["", "disabled_plugins = []", "# disabled_plugins = ['cri']", "disabled_plugins = ['critical']", "["]
        {
            assert!(!disables_cri(config), "{config}");
        }
    }

    #[test]
    fn each_generation_of_containerd_says_how_it_is_set_up() {
        let of = |dump: &str| {
            let setup = containerd_setup(dump).unwrap();
            assert_eq!(setup.root.as_deref(), Some("/var/lib/containerd"));
            assert_eq!(setup.state.as_deref(), Some("/run/containerd"));
            assert_eq!(setup.snapshotter.as_deref(), Some("overlayfs"));
            (setup.version, setup.systemd_cgroup, setup.sandbox_image)
        };
        let image = |name: &str| Some(name.to_owned());
        let dump = include_str!("../../tests/fixtures/containerd-1.6.20/config-dump.toml");
        assert_eq!(of(dump), (Some(2), Some(true), image("registry.k8s.io/pause:3.6")));
        let dump = include_str!("../../tests/fixtures/containerd-1.7.24/config-dump.toml");
        assert_eq!(of(dump), (Some(2), Some(true), image("registry.k8s.io/pause:3.8")));
        let dump = include_str!("../../tests/fixtures/containerd-2.1.9/config-dump.toml");
        assert_eq!(of(dump), (Some(3), Some(true), image("registry.k8s.io/pause:3.10")));
        assert_eq!(containerd_setup("["), None);
    }
}
