//! `cluster:`: where the join command comes from.

use super::near::did_you_mean;
use super::nodes::Nodes;
use super::problem::{Place, Problem, Problems};
use super::schema::{self, Text, words};
use super::value::{duration, identifier};
use crate::model::{JoinCommand, JoinSource, NodeName, Role};
use std::time::Duration;

/// One join may need its token for 10 minutes; a run that goes on for longer than 10 makes another.
const TOKEN_TTL: Duration = Duration::from_secs(20 * 60);

pub(super) struct Cluster {
    pub(super) control_plane: Option<NodeName>,
    pub(super) join: Option<JoinSource>,
    pub(super) token_ttl: Duration,
    pub(super) ignore_preflight_errors: Vec<String>,
}

pub(super) fn cluster(written: Option<schema::Cluster>, nodes: &Nodes, problems: &mut Problems) -> Cluster {
    let schema::Cluster { control_plane, join_command, token_ttl, ignore_preflight_errors } =
        written.unwrap_or_default();
    if let (Some(node), Some(command)) = (&control_plane, &join_command) {
        problems.add(both(Place::of(node), Place::of(command)));
    }
    let token_ttl = problems.check(token_ttl, |text| duration(&text, Duration::from_secs(60))).unwrap_or(TOKEN_TTL);
    let command = problems.check(join_command, |text| join(&text));
    let control_plane = control_plane.filter(|_| !nodes.places.is_empty()); // an empty list is complaint enough
    let control_plane = problems.check(control_plane, |text| control_plane_node(&text, nodes));
    let minted = control_plane.clone().map(|node| JoinSource::ControlPlane { node, token_ttl });
    Cluster {
        control_plane,
        join: command.map(JoinSource::Command).or(minted),
        token_ttl,
        ignore_preflight_errors: words(ignore_preflight_errors)
            .iter()
            .filter_map(|text| problems.note(identifier(text, "preflight error's name")))
            .collect(),
    }
}

/// Reported at whichever comes second in the file.
fn both(node: Place, command: Place) -> Problem {
    let (first, second) = if node.span.start < command.span.start { (node, command) } else { (command, node) };
    Problem::new(second, "`control_plane` and `join_command` cannot both be given")
        .label("second source of a join command")
        .other(first, "first")
        .help(
            "keep `control_plane`: kfleet then makes a fresh token for each run; `join_command` is for a control plane \
             that it cannot log in to",
        )
}

fn join(text: &Text) -> Result<JoinCommand, Problem> {
    JoinCommand::parse(&text.value).map_err(|invalid| {
        Problem::new(Place::of(text), "not a worker's join command")
            .label(invalid.0)
            .help("`kubeadm token create --print-join-command` on the control plane prints one")
    })
}

fn control_plane_node(text: &Text, nodes: &Nodes) -> Result<NodeName, Problem> {
    let place = Place::of(text);
    let Some((name, written)) = nodes.places.iter().find(|(name, _)| name.as_str() == text.value) else {
        let names = nodes.all.iter().map(|node| node.name.as_str());
        let label = did_you_mean(&text.value, names).unwrap_or_else(|| "expected the name of a node below".to_owned());
        return Err(Problem::new(place, format!("no node is named `{}`", text.value)).label(label));
    };
    match nodes.all.iter().find(|node| node.name == *name) {
        Some(node) if node.role == Role::Worker => Err(Problem::new(place, format!("`{name}` is a worker"))
            .label("not a control-plane node")
            .other(written.clone(), "add `role: control-plane` here")),
        _ => Ok(name.clone()),
    }
}
