//! Finds and reads the inventory.

use crate::cli::Cli;
use crate::error::{Error, ErrorKind};
use crate::inventory::{Inventory, Places, discover, parse};
use crate::model::RunRecord;
use etcetera::BaseStrategy;
use std::path::Path;

/// The inventory that this command line means.
pub(super) fn inventory(cli: &Cli) -> Result<Inventory, Error> {
    let config = strategy()?.config_dir();
    let places = Places {
        flag: cli.inventory.as_deref(),
        variable: cli.inventory_from_environment.as_deref(),
        config_folder: Some(&config),
    };
    let path = discover(places, Path::exists).map_err(|e| Error::new(ErrorKind::Usage, e))?;
    read(&path, "")
}

/// The inventory of a run that is gone on with; one that `--inventory` names goes before it.
pub(super) fn inventory_of(cli: &Cli, run: &RunRecord) -> Result<Inventory, Error> {
    if cli.inventory.is_some() {
        return inventory(cli);
    }
    let hint = format!("; run {} had it: say with --inventory where it is now", run.run);
    read(Path::new(&run.inventory), &hint)
}

fn read(path: &Path, hint: &str) -> Result<Inventory, Error> {
    let unread =
        |e| Error::new(ErrorKind::Usage, format!("the inventory {} cannot be read: {e}{hint}", path.display()));
    let text = std::fs::read_to_string(path).map_err(unread)?;
    parse(&path.display().to_string(), &text, strategy()?.home_dir()).map_err(|e| Error::drawn(ErrorKind::Usage, e))
}

fn strategy() -> Result<impl BaseStrategy, Error> {
    etcetera::choose_base_strategy()
        .map_err(|e| Error::new(ErrorKind::Local, format!("your home folder cannot be found: {e}")))
}
