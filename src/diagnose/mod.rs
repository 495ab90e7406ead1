//! Facts to findings and verdicts. Pure; an unknown fact is never good and never bad.

mod rules;
mod verdict;

pub use rules::findings;
pub use verdict::{Clean, Membership, Scope, busy, clean, control_plane_sign, forbidden, membership};
