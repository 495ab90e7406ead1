//! How the API server of a join looks from the node.

use super::Fact;
use serde::{Deserialize, Serialize};

/// What a node without any credentials can tell of the API server that it is to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiView {
    /// `host:port`, as the join command has it.
    pub endpoint: String,
    /// Whether it answers.
    pub reach: Reach,
    /// The proxy by which systemd's services (and so kubeadm, in a phase) reach it, without its user and password.
    pub proxy: Option<String>,
    /// `gitVersion` of /version ("v1.31.2").
    pub version: Fact<String>,
    /// Whether cluster-info is signed with the token: that it exists and has not expired. Its secret half is never sent.
    pub token_alive: Fact<bool>,
    /// The node's clock minus the API server's, in seconds. The server gives whole seconds, and an answer takes time:
    /// a few seconds mean nothing.
    pub clock_skew: Fact<i64>,
}

/// Whether an API server answers, or what stands in between. The texts are what the asking tool said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It answered over HTTPS, be it with an error.
    Answers,
    /// The host's name cannot be looked up.
    NoName(String),
    /// The host is there, and nothing listens on the port.
    Refused(String),
    /// No answer in time, or no way there.
    NoRoute(String),
    /// Something listens, and does not speak TLS as an API server does.
    Tls(String),
    /// The proxy is in the way.
    Proxy(String),
}
