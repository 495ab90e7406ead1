//! The whole file: text in, inventory out.

use super::cluster::{Cluster, cluster};
use super::error::InventoryError;
use super::journal::journal;
use super::nodes::Nodes;
use super::parser_error;
use super::policy::policy;
use super::problem::{Place, Problem, Problems};
use super::schema::{Document, Entry};
use super::settings::Checked;
use super::timeouts::timeouts;
use crate::model::{JoinSource, Node, NodeName, Patience, Policy};
use serde_yaml::Spanned;
use std::path::Path;
use std::time::Duration;

/// A file without a mistake, all defaults resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// How messages call the file.
    pub file_name: String,
    /// Every node, ranges spelled out, in the file's order. Never empty.
    pub nodes: Vec<Node>,
    /// The bounds of a run.
    pub policy: Policy,
    /// How long a run waits for what.
    pub patience: Patience,
    /// Where the join command comes from, where the file says so; see [`Inventory::join_source`].
    pub join: Option<JoinSource>,
    /// The control-plane node to ask about Node objects, also where the join command is given by hand.
    pub control_plane: Option<NodeName>,
    /// How long a token made for a run lives.
    pub token_ttl: Duration,
    /// Names for `--ignore-preflight-errors`.
    pub ignore_preflight_errors: Vec<String>,
    /// How many runs the journal keeps.
    pub keep_runs: usize,
}

/// Reads an inventory. `file_name` is for messages; `home` is what `~/` means.
pub fn parse(file_name: &str, text: &str, home: &Path) -> Result<Inventory, InventoryError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text); // or every byte offset would be three off
    let mut problems = Problems::default();
    let options = serde_yaml::options! { with_snippet: false };
    let document = serde_yaml::from_str_with_options::<Spanned<Document>>(text, options)
        .map_err(|error| parser_error::problem(text, &error));
    let inventory = problems.note(document).map(|document| resolve(file_name, document, home, &mut problems));
    match inventory {
        Some(inventory) if problems.0.is_empty() => Ok(inventory),
        _ => Err(InventoryError::new(file_name, text, problems)),
    }
}

/// Goes on past every problem, so that all are found; the result counts only where there are none.
fn resolve(file_name: &str, document: Spanned<Document>, home: &Path, problems: &mut Problems) -> Inventory {
    let whole_file = Place::of(&document);
    let mut document = document.value;
    let entries = problems.note(entries(&mut document, whole_file)).unwrap_or_default();
    let defaults = Checked::new(document.defaults.unwrap_or_default(), home, problems);
    let nodes = Nodes::new(entries, &defaults, home, problems);
    let Cluster { control_plane, join, token_ttl, ignore_preflight_errors } =
        cluster(document.cluster, &nodes, problems);
    Inventory {
        file_name: file_name.to_owned(),
        policy: policy(document.policy, problems),
        patience: timeouts(document.timeouts, problems),
        nodes: nodes.all,
        join,
        control_plane,
        token_ttl,
        ignore_preflight_errors,
        keep_runs: journal(document.journal, problems),
    }
}

/// What stands under `nodes:`, at least one entry.
fn entries(document: &mut Document, whole_file: Place) -> Result<Vec<Spanned<Entry>>, Problem> {
    let is_empty = document.is_empty();
    let problem = match document.nodes.take() {
        Some(list) if !list.value.is_empty() => return Ok(list.value),
        Some(list) => Problem::new(Place::of(&list), "there is no node in the list"),
        None if is_empty => Problem::new(whole_file, "the inventory is empty"),
        None => Problem::new(whole_file, "the inventory has no nodes"),
    };
    Err(problem.help("the least is\nnodes:\n  - name: node1\n    host: 192.168.4.61"))
}
