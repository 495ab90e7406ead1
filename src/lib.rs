//! kfleet: rescues kubeadm worker nodes that refuse to join, many at once, over plain SSH, without touching their data.
//!
//! Data flows one way: `cli → inventory → plan → engine → transport`, and events from the engine to `render`.
//! ARCHITECTURE.md says what each room is for and what it may import; a test holds the code to that table.

pub mod app;
pub mod attached;
pub mod cli;
pub mod cluster;
pub mod diagnose;
pub mod engine;
pub mod error;
pub mod escalate;
pub mod inventory;
pub mod journal;
pub mod model;
pub mod parse;
pub mod plan;
pub mod render;
pub mod shell;
pub mod transport;
