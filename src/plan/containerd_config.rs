//! containerd's config.toml with the systemd cgroup driver, edited as a document: comments, mirrors, NVIDIA runtimes and
//! custom roots stay as they are.

use toml_edit::{DocumentMut, Item, Table, value};

/// Why no config could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither the node's config nor containerd's default could be used.
    #[error("containerd's config cannot be set: {0}")]
    Unusable(String),
}

/// The text that config.toml should have, made from the present one; from `default` (`containerd config default`) where
/// that does not parse, disables the CRI plugin, or is not there.
///
/// `SystemdCgroup` is absent from the default config of containerd 2.0.0–2.0.6 and 2.1.0–2.1.4, so the key is set, not
/// replaced.
pub fn with_systemd_cgroup(present: Option<&str>, default: Option<&str>) -> Result<String, ConfigError> {
    if let Some(config) = present.and_then(|text| text.parse::<DocumentMut>().ok()).filter(usable) {
        return patch(config);
    }
    let Some(default) = default else {
        return Err(ConfigError::Unusable("`containerd config default` could not be run on the node".to_owned()));
    };
    match default.parse::<DocumentMut>() {
        Ok(config) => patch(config),
        Err(error) => Err(ConfigError::Unusable(format!("`containerd config default` is no TOML: {error}"))),
    }
}

/// Whether the config loads a CRI plugin at all; Docker's package ships one that does not.
fn usable(config: &DocumentMut) -> bool {
    let disabled = config.get("disabled_plugins").and_then(Item::as_array);
    let names_cri = |plugin: &str| {
        plugin == "cri" || plugin.starts_with("io.containerd.grpc.v1.cri") || plugin.starts_with("io.containerd.cri.v1")
    };
    !disabled.is_some_and(|list| list.iter().filter_map(toml_edit::Value::as_str).any(names_cri))
        && version(config) >= 2
}

/// No `version` line means version 1 (containerd's own rule), which 2.x no longer reads.
fn version(config: &DocumentMut) -> i64 {
    config.get("version").and_then(Item::as_integer).unwrap_or(1)
}

fn patch(mut config: DocumentMut) -> Result<String, ConfigError> {
    let plugin = match version(&config) {
        2 => "io.containerd.grpc.v1.cri",
        3 | 4 => "io.containerd.cri.v1.runtime",
        other => return Err(ConfigError::Unusable(format!("config version {other} is not known"))),
    };
    let mut table = config.as_table_mut();
    for key in ["plugins", plugin, "containerd", "runtimes", "runc", "options"] {
        let item = table.entry(key).or_insert_with(|| {
            let mut implicit = Table::new();
            implicit.set_implicit(true);
            Item::Table(implicit)
        });
        if let Some(inline) = item.as_inline_table() {
            *item = Item::Table(inline.clone().into_table());
        }
        table =
            item.as_table_mut().ok_or_else(|| ConfigError::Unusable(format!("`{key}` in config.toml is no table")))?;
    }
    table.insert("SystemdCgroup", value(true));
    let runc = &mut config["plugins"][plugin]["containerd"]["runtimes"]["runc"];
    if runc.get("runtime_type").is_none() {
        runc["runtime_type"] = value("io.containerd.runc.v2"); // without it containerd ignores the whole runtime
    }
    Ok(config.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cgroup(text: &str, plugin: &str) -> Option<bool> {
        let config: DocumentMut = text.parse().unwrap();
        config["plugins"][plugin]["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"].as_bool()
    }

    #[test]
    fn the_key_is_set_and_everything_else_stays() {
        let config = "# mine\nversion = 2\nroot = \"/data/containerd\"\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\" # mirrors\n";
        let out = with_systemd_cgroup(Some(config), None).unwrap();
        assert_eq!(cgroup(&out, "io.containerd.grpc.v1.cri"), Some(true));
        for kept in ["# mine", "root = \"/data/containerd\"", "certs.d\" # mirrors"] {
            assert!(out.contains(kept), "{out}");
        }
        assert_eq!(with_systemd_cgroup(Some(&out), None).unwrap(), out, "a second time changes nothing");
    }

    #[test]
    fn a_default_without_the_key_gets_it_under_the_name_of_its_version() {
        for version in [3, 4] {
            let default = format!(
                "version = {version}\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n"
            );
            let out = with_systemd_cgroup(None, Some(&default)).unwrap();
            assert_eq!(cgroup(&out, "io.containerd.cri.v1.runtime"), Some(true));
        }
    }

    #[test]
    fn a_config_that_cannot_serve_gives_way_to_the_default() {
        let default = "version = 2\n";
        for broken in ["disabled_plugins = [\"cri\"]\nversion = 2\nroot = \"/x\"", "not toml", "root = \"/x\""] {
            assert!(!with_systemd_cgroup(Some(broken), Some(default)).unwrap().contains("/x"), "{broken}");
        }
        assert!(with_systemd_cgroup(Some("not toml"), None).is_err());
        assert!(with_systemd_cgroup(None, Some("version = 9\n")).is_err());
    }
}
