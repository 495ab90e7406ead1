//! What containerd's config.toml says of its CRI plugin.

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
}
