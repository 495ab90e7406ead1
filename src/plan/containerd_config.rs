//! containerd's config.toml with the systemd cgroup driver, edited as a document: comments, mirrors, NVIDIA runtimes and
//! custom roots stay as they are.

use crate::model::is_cri_plugin;
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

#[cfg(test)]
mod tests;

/// Why no config could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither the node's config nor containerd's default could be used.
    #[error("containerd's config cannot be set: {0}")]
    Unusable(String),
}

/// The text that config.toml should have, made from the present one; from `default` (`containerd config default`) only
/// where that is not there, is no TOML, or has a version that this containerd does not know.
///
/// A config that disables the CRI plugin (Docker's package ships one) loses just these entries of `disabled_plugins`: all
/// else in it is the admin's, and is of use with CRI as well as without.
pub fn with_systemd_cgroup(present: Option<&str>, default: Option<&str>) -> Result<String, ConfigError> {
    let default = default.map(parse_default).transpose()?;
    let newest = default.as_ref().and_then(version);
    let Some(text) = present else { return patch(fallback(default)?, newest) };
    let Ok(config) = text.parse::<DocumentMut>() else {
        if let Some(line) = text.lines().find(|line| names_a_folder(line)) {
            return Err(ConfigError::Unusable(format!(
                "config.toml is no TOML, and giving it up for the default would forget `{}`; mend or remove it first",
                line.trim()
            )));
        }
        return patch(fallback(default)?, newest);
    };
    if version(&config).is_some_and(|version| newest.is_none_or(|newest| version <= newest)) {
        return patch(config, newest);
    }
    let mut replaced = fallback(default)?;
    for key in FOLDERS {
        if let Some(folder) = config.get(key) {
            replaced.insert(key, folder.clone());
        }
    }
    patch(replaced, newest)
}

fn parse_default(text: &str) -> Result<DocumentMut, ConfigError> {
    text.parse().map_err(|error| ConfigError::Unusable(format!("`containerd config default` is no TOML: {error}")))
}

fn fallback(default: Option<DocumentMut>) -> Result<DocumentMut, ConfigError> {
    default.ok_or_else(|| ConfigError::Unusable("`containerd config default` could not be run on the node".to_owned()))
}

/// The keys that say where containerd keeps its data.
const FOLDERS: [&str; 2] = ["root", "state"];

/// Whether a line of a broken config says where containerd keeps its data.
fn names_a_folder(line: &str) -> bool {
    let key = line.split_once('=').map(|(key, _)| key.trim().trim_matches(['"', '\'']));
    key.is_some_and(|key| FOLDERS.contains(&key))
}

/// No `version` line means version 1 (containerd's own rule); `None` where it is no number.
fn version(config: &DocumentMut) -> Option<i64> {
    config.get("version").map_or(Some(1), Item::as_integer)
}

/// Sets `SystemdCgroup` for every runc that CRI may use. The key is absent from the default config of containerd
/// 2.0.0–2.0.6 and 2.1.0–2.1.4, so it is set, not replaced. `newest` is the newest version that this containerd reads.
fn patch(mut config: DocumentMut, newest: Option<i64>) -> Result<String, ConfigError> {
    enable_cri(&mut config);
    if version(&config) == Some(1) && newest.is_some_and(|newest| newest >= 3) {
        raise_to_version_2(&mut config);
    }
    let plugin = match version(&config) {
        Some(1) => "cri",
        Some(2) => "io.containerd.grpc.v1.cri",
        Some(3 | 4) => "io.containerd.cri.v1.runtime",
        other => return Err(ConfigError::Unusable(format!("config version {other:?} is not known"))),
    };
    let cri = table(config.as_table_mut(), &["plugins", plugin])?;
    if cri.get("systemd_cgroup").and_then(Item::as_bool) == Some(true) {
        cri.insert("systemd_cgroup", value(false)); // for runtime.v1 only: with it, containerd 1.4 and newer do not load CRI
    }
    let containerd = table(cri, &["containerd"])?;
    let runtimes = table(containerd, &["runtimes"])?;
    let runc = table(runtimes, &["runc"])?;
    if runc.get("runtime_type").is_none() {
        runc.insert("runtime_type", value(RUNC)); // without it containerd ignores the whole runtime
    }
    use_systemd(runtimes)?;
    use_systemd(containerd)?; // `default_runtime` and `untrusted_workload_runtime` of 1.x
    Ok(config.to_string())
}

const RUNC: &str = "io.containerd.runc.v2";

/// Sets the key in the options of every runtime in `runtimes` that is runc, whatever it is called: NVIDIA's is.
fn use_systemd(runtimes: &mut dyn TableLike) -> Result<(), ConfigError> {
    let is_runc = |item: &Item| {
        let kind = item.get("runtime_type").and_then(Item::as_str);
        matches!(kind, Some(RUNC | "io.containerd.runc.v1"))
    };
    let names: Vec<String> =
        runtimes.iter().filter(|(_, item)| is_runc(item)).map(|(name, _)| name.to_owned()).collect();
    for name in names {
        set_true(table(runtimes, &[&name, "options"])?, "SystemdCgroup");
    }
    Ok(())
}

/// Sets a key where it is not set already, without touching how it is indented.
fn set_true(table: &mut dyn TableLike, key: &str) {
    match table.get_mut(key) {
        Some(item) if item.as_bool() == Some(true) => {}
        Some(item) => *item = value(true),
        None => {
            table.insert(key, value(true));
        }
    }
}

/// The table at `path` below `table`, in whatever form it is written; made where it is missing.
fn table<'a>(mut table: &'a mut dyn TableLike, path: &[&str]) -> Result<&'a mut dyn TableLike, ConfigError> {
    for key in path {
        if !table.contains_key(key) {
            let mut implicit = Table::new();
            implicit.set_implicit(true);
            table.insert(key, Item::Table(implicit));
        }
        let below = table.get_mut(key).and_then(Item::as_table_like_mut);
        table = below.ok_or_else(|| ConfigError::Unusable(format!("`{key}` in config.toml is no table")))?;
    }
    Ok(table)
}

/// Takes the CRI plugin out of `disabled_plugins`.
fn enable_cri(config: &mut DocumentMut) {
    if let Some(disabled) = config.get_mut("disabled_plugins").and_then(Item::as_array_mut) {
        disabled.retain(|plugin| !plugin.as_str().is_some_and(is_cri_plugin));
    }
}

/// containerd 2 reads version 1, but drops all that such a file says of CRI (seen with 2.1.9): so for it, plugins get the
/// names that they have in version 2, which it migrates in full.
fn raise_to_version_2(config: &mut DocumentMut) {
    if let Some(plugins) = config.get_mut("plugins").and_then(Item::as_table_like_mut) {
        for (short, long) in NAMES_OF_VERSION_1 {
            if let Some(item) = plugins.remove(short) {
                plugins.insert(long, item);
            }
        }
    }
    if let Some(disabled) = config.get_mut("disabled_plugins").and_then(Item::as_array_mut) {
        for plugin in disabled.iter_mut() {
            let long = NAMES_OF_VERSION_1.iter().find(|(short, _)| plugin.as_str() == Some(short));
            if let Some((_, long)) = long {
                *plugin = (*long).into();
            }
        }
    }
    config.insert("version", value(2));
}

/// The plugins that a file of version 1 may name, and what version 2 calls them.
const NAMES_OF_VERSION_1: [(&str, &str); 14] = [
    ("cri", "io.containerd.grpc.v1.cri"),
    ("cgroups", "io.containerd.monitor.v1.cgroups"),
    ("scheduler", "io.containerd.gc.v1.scheduler"),
    ("opt", "io.containerd.internal.v1.opt"),
    ("restart", "io.containerd.internal.v1.restart"),
    ("bolt", "io.containerd.metadata.v1.bolt"),
    ("linux", "io.containerd.runtime.v1.linux"),
    ("diff-service", "io.containerd.service.v1.diff-service"),
    ("aufs", "io.containerd.snapshotter.v1.aufs"),
    ("btrfs", "io.containerd.snapshotter.v1.btrfs"),
    ("devmapper", "io.containerd.snapshotter.v1.devmapper"),
    ("native", "io.containerd.snapshotter.v1.native"),
    ("overlayfs", "io.containerd.snapshotter.v1.overlayfs"),
    ("zfs", "io.containerd.snapshotter.v1.zfs"),
];
