//! Facts to findings and verdicts. Pure; an unknown fact is never good and never bad.

mod explain;
mod protected;
mod rules;
mod standing;
mod verdict;

pub use explain::{explain, explanations};
pub use protected::lost;
pub use rules::{OTHER_MACHINE, blockers, cause, codes, findings};
pub use standing::{Standing, standing};
pub use verdict::{Clean, Scope, busy, clean, control_plane_sign, forbidden};
