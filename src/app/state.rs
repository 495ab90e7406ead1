//! Where this user's state is.

use etcetera::BaseStrategy;
use std::path::PathBuf;

/// The folder of the journals of runs: `$XDG_STATE_HOME/kfleet/runs` where that is an absolute path, else below
/// ~/.local/state.
pub(super) fn runs_folder() -> Result<PathBuf, String> {
    let strategy = etcetera::choose_base_strategy().map_err(|e| format!("your home folder cannot be found: {e}"))?;
    let state = strategy.state_dir().unwrap_or_else(|| strategy.home_dir().join(".local/state"));
    Ok(state.join("kfleet/runs"))
}
