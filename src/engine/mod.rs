//! Doing it: many nodes at once, each driven along its own ladder. Everything that happens leaves as an event.

mod at_work;
mod attaching;
mod changing;
mod connecting;
mod context;
mod deadline;
mod dry_run;
mod firewall;
mod fleet;
mod held;
mod joining;
mod looking;
mod node;
mod order;
mod owned;
mod probing;
mod rebooting;
mod restoring;
mod status;
mod tail;

pub use at_work::AtWork;
pub use context::{Context, Events, Kept, Task};
pub use fleet::run;
pub use status::judge;
