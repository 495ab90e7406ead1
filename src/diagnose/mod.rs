//! Facts to findings and verdicts. Pure; an unknown fact is never good and never bad.

mod protected;
mod rules;
mod verdict;

pub use protected::lost;
pub use rules::{blockers, findings};
pub use verdict::{Clean, Membership, Scope, busy, clean, control_plane_sign, forbidden, membership};
