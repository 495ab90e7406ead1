//! Remote bytes to values, in any chunking. Parsers never fail: what cannot be read becomes an unknown with its reason.

mod cluster;
mod facts;
mod lines;
mod marks;
mod node_object;
mod reason;

pub use cluster::{cluster_defaults, pending_requests};
pub use facts::{SectionOutput, facts};
pub use lines::Lines;
pub use marks::{Mark, Marks, Part};
pub use node_object::node_object;
pub use reason::{message, no_reset_cures, reason};
