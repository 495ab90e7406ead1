//! The question how the API server of a join looks from a node.

use crate::model::{Endpoint, Node, Token};
use crate::shell::{Fragment, Need, Script, Word};

/// Asks the API server at `endpoint` from `node` for its version and, in its public cluster-info, whether `token` is alive.
/// An answering script of one step; of the token only the public half leaves this machine, and nothing is authenticated:
/// what it tells is a help in finding causes and no ground for trust.
pub fn ask_api(node: &Node, endpoint: &Endpoint, token: &Token) -> Script {
    let ask =
        Fragment::new("api_view").var("ENDPOINT", Word::new(endpoint.as_str())).var("TOKEN", Word::new(token.id()));
    Script::new(&format!("kfleet {} api-view node={}", env!("CARGO_PKG_VERSION"), node.name))
        .answers()
        .library(include_str!("sh/common.sh"))
        .library(include_str!("sh/api_view.sh"))
        .step(Need::Optional, ask)
}
