//! Plain data that every other room speaks in: no IO, no clock, nothing of ours imported.

mod allow;
mod api_view;
mod cause;
mod clean;
mod event;
mod fact;
mod facts;
mod finding;
mod join_command;
mod level;
mod name;
mod node;
mod outcome;
mod path;
mod policy;
mod protected;
mod run_id;
mod status;

pub use allow::Allow;
pub use api_view::{ApiView, Reach};
pub use cause::{Cause, Cure, Diagnosis};
pub use clean::{clean, clean_lines, is_unsafe};
pub use event::{Event, Kind, Phase, StepStatus};
pub use fact::Fact;
pub use facts::{ClientCertificate, Cri, Facts, ImageFilesystem, NodeObject, Unit};
pub use finding::{Code, Finding, Severity};
pub use join_command::{Endpoint, InvalidJoinCommand, JoinCommand, Token};
pub use level::Level;
pub use name::{InvalidName, NodeName};
pub use node::{Access, Become, Node, Role};
pub use outcome::{NodeReport, Outcome};
pub use path::{ALWAYS_PROTECTED, BACKUPS, InvalidPath, ProtectedPath, RemovePath, Root};
pub use policy::{JoinSource, Policy};
pub use protected::{Identity, Presence, ProtectedState};
pub use run_id::{InvalidRunId, RunId};
pub use status::NodeStatus;
