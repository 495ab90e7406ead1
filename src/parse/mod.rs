//! Remote bytes to values, in any chunking. Parsers never fail: what cannot be read becomes an unknown with its reason.

mod api_view;
mod cause;
mod certificate;
mod cluster;
mod facts;
mod key_value;
mod lines;
mod marks;
mod node_object;
mod phase_on_node;
mod progress;
mod reason;

pub use api_view::api_view;
pub use cause::diagnosis;
pub use cluster::{cluster_defaults, pending_requests};
pub use facts::{SectionOutput, facts};
pub use lines::Lines;
pub use marks::{Mark, Marks, Part};
pub use node_object::{is_no_such_node, node_object};
pub use phase_on_node::phase_on_node;
pub use progress::join_progress;
pub use reason::{message, reason};
