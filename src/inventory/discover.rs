//! Which file is the inventory.

use std::path::{Path, PathBuf};

/// What may name an inventory, in the order in which it is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Places<'a> {
    /// `--inventory FILE`.
    pub flag: Option<&'a Path>,
    /// `$KFLEET_INVENTORY`; empty counts as not set.
    pub variable: Option<&'a Path>,
    /// The user's folder for configuration (`~/.config` or what XDG says), where there is one.
    pub config_folder: Option<&'a Path>,
}

/// There is no inventory to read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InventoryNotFound {
    /// The user named a file. Another one that happens to exist may list other machines, so none is looked for.
    #[error("no inventory at `{}`, which {said_by} names", path.display())]
    Named {
        /// `--inventory` or `$KFLEET_INVENTORY`.
        said_by: &'static str,
        /// The file that is not there.
        path: PathBuf,
    },
    /// The user named none and none is in its place.
    #[error(
        "no inventory found: $KFLEET_INVENTORY is not set, and there is no ./{}, ./{} or {}; \
         write one (inventory.example.yaml shows how) or name one with --inventory FILE",
        HERE[0], HERE[1], in_config.display()
    )]
    Nowhere {
        /// The last place.
        in_config: PathBuf,
    },
}

const HERE: [&str; 2] = ["inventory.yaml", "nodes.yaml"];
const IN_CONFIG: &str = "kfleet/inventory.yaml";

/// The first of the places that holds a file. `exists` asks the file system.
pub fn discover(places: Places<'_>, exists: impl Fn(&Path) -> bool) -> Result<PathBuf, InventoryNotFound> {
    let variable = places.variable.filter(|path| !path.as_os_str().is_empty());
    let named = places.flag.map(|path| ("--inventory", path)).or(variable.map(|path| ("$KFLEET_INVENTORY", path)));
    if let Some((said_by, path)) = named {
        let path = path.to_owned();
        return if exists(&path) { Ok(path) } else { Err(InventoryNotFound::Named { said_by, path }) };
    }
    let in_config = places.config_folder.map(|folder| folder.join(IN_CONFIG));
    HERE.iter().map(PathBuf::from).chain(in_config.clone()).find(|path| exists(path)).ok_or_else(|| {
        InventoryNotFound::Nowhere { in_config: in_config.unwrap_or_else(|| Path::new("~/.config").join(IN_CONFIG)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(flag: Option<&str>, variable: Option<&str>, files: &[&str]) -> Result<String, String> {
        let places = Places {
            flag: flag.map(Path::new),
            variable: variable.map(Path::new),
            config_folder: Some(Path::new("/home/u/.config")),
        };
        discover(places, |path| files.iter().any(|file| Path::new(file) == path))
            .map(|path| path.display().to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn places_are_asked_in_order() {
        let all = ["f.yaml", "v.yaml", "inventory.yaml", "nodes.yaml", "/home/u/.config/kfleet/inventory.yaml"];
        for (flag, variable, missing, want) in [
            (Some("f.yaml"), Some("v.yaml"), 0, "f.yaml"),
            (None, Some("v.yaml"), 0, "v.yaml"),
            (None, Some(""), 0, "inventory.yaml"),
            (None, None, 2, "inventory.yaml"),
            (None, None, 3, "nodes.yaml"),
            (None, None, 4, "/home/u/.config/kfleet/inventory.yaml"),
        ] {
            assert_eq!(found(flag, variable, &all[missing..]).as_deref(), Ok(want));
        }
    }

    #[test]
    fn a_named_file_that_is_missing_is_never_replaced_by_another() {
        let files = ["inventory.yaml", "v.yaml"];
        let error = found(Some("prod.yaml"), Some("v.yaml"), &files).unwrap_err();
        assert_eq!(error, "no inventory at `prod.yaml`, which --inventory names");
        let error = found(None, Some("prod.yaml"), &files).unwrap_err();
        assert_eq!(error, "no inventory at `prod.yaml`, which $KFLEET_INVENTORY names");
    }

    #[test]
    fn where_there_is_none_all_four_places_are_named() {
        let error = found(None, None, &[]).unwrap_err();
        for place in ["$KFLEET_INVENTORY", "./inventory.yaml", "./nodes.yaml", "/home/u/.config/kfleet/inventory.yaml"]
        {
            assert!(error.contains(place), "{error}");
        }
        let homeless = discover(Places::default(), |_| false).unwrap_err().to_string();
        assert!(homeless.contains("~/.config/kfleet/inventory.yaml"), "{homeless}");
    }
}
