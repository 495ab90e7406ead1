//! Whether the protected paths are what they were.

use crate::model::{Fact, ProtectedState};

/// What was lost in protected paths since they looked like `before`; empty where nothing was. What cannot be looked at any
/// more counts as lost, as nobody can say that it is not.
pub fn lost(before: &[ProtectedState], now: &Fact<Vec<ProtectedState>>) -> Vec<String> {
    let states = match now {
        Fact::Known(states) => states.as_slice(),
        Fact::Unknown(_) => &[],
    };
    let later = |path: &str| states.iter().find(|state| state.path == path).map(|state| &state.seen);
    before.iter().filter_map(|state| state.loss(later(&state.path))).collect()
}
