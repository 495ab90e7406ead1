//! Every script that a node may get: what it says (snapshots), whether shells and shellcheck accept it, and whether any
//! part of it that arrives alone runs anything.

mod alone;
mod alone_ready;
mod firewall;
mod forms;
mod join;
mod journal;
mod network;
mod preflight;
mod protected;
mod quoting;
mod runtime;
mod shells;
mod support;
