//! Finds and reads the inventory.

use crate::cli::Cli;
use crate::error::{Error, ErrorKind};
use crate::inventory::{Inventory, Places, discover, parse};
use etcetera::BaseStrategy;
use std::path::Path;

/// The inventory that this command line means.
pub(super) fn inventory(cli: &Cli) -> Result<Inventory, Error> {
    let strategy = etcetera::choose_base_strategy();
    let strategy =
        strategy.map_err(|e| Error::new(ErrorKind::Local, format!("your home folder cannot be found: {e}")))?;
    let config = strategy.config_dir();
    let places = Places {
        flag: cli.inventory.as_deref(),
        variable: cli.inventory_from_environment.as_deref(),
        config_folder: Some(&config),
    };
    let path = discover(places, Path::exists).map_err(|e| Error::new(ErrorKind::Usage, e))?;
    let text = std::fs::read_to_string(&path)
        .map_err(|e| Error::new(ErrorKind::Usage, format!("the inventory {} cannot be read: {e}", path.display())))?;
    parse(&path.display().to_string(), &text, strategy.home_dir()).map_err(|e| Error::drawn(ErrorKind::Usage, e))
}
