//! Asks before nodes are changed.

use crate::engine::Task;
use crate::error::{Error, ErrorKind};
use crate::model::{Allow, Level, Node, Rejoin, Role};
use std::io::{BufRead, IsTerminal, Write};

/// `Ok` once the user said yes, here or with `--yes`, or where nothing is changed. Without a terminal there is nobody to ask.
///
/// `before` is what is to be known of the nodes first; it is told also where nothing is asked.
pub(super) fn confirm(
    task: &Task,
    allow: Allow,
    rejoin: Rejoin,
    nodes: &[Node],
    before: &str,
    unasked: bool,
) -> Result<(), Error> {
    if unasked {
        let _ = write!(std::io::stderr(), "{before}"); // no reason to stop
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Error::new(
            ErrorKind::Refused,
            "this changes nodes and there is no terminal to ask on; say --yes if it is meant",
        ));
    }
    let question = format!(
        "{before}{} on {}?\n{}\n{}{}{}\n[y/N] ",
        what(task),
        names(nodes),
        match task {
            Task::Restore(_) => "containerd is restarted; containers go on. What is there now is copied first.",
            _ if rejoin.drain =>
                "Nodes are drained first; a reset removes what is left of pods, emptyDir volumes and logs.",
            _ => "A reset removes pods with their emptyDir volumes and logs; nothing is drained first.",
        },
        control_plane(allow, nodes),
        members(rejoin),
        kept(nodes)
    );
    let mut answer = String::new();
    let asked = write!(std::io::stderr(), "{question}")
        .and_then(|()| std::io::stderr().flush())
        .and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    asked.map_err(|e| Error::new(ErrorKind::Local, format!("the answer could not be read: {e}")))?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "not confirmed; nothing was done"))
}

fn what(task: &Task) -> String {
    match task {
        Task::Join => {
            "join, and where it fails reset: gently, then aggressively (containerd's images and containers go),"
                .to_owned()
        }
        Task::Status | Task::Attach | Task::Halt => "look".to_owned(),
        Task::Restore(run) => {
            format!("put containerd's config and the firewall back to what they were before run {run}")
        }
        Task::Reset { start, ceiling: Level::Aggressive, .. } if *start == Level::Gentle => {
            "gentle reset, and aggressive (containerd's images and containers go) where that is not enough,".to_owned()
        }
        Task::Reset { start: Level::Aggressive, .. } => {
            "aggressive reset (containerd's images and containers go)".to_owned()
        }
        Task::Reset { .. } => "gentle reset".to_owned(),
    }
}

/// "alpha, beta and 5 other nodes"
fn names(nodes: &[Node]) -> String {
    let name = |n: &Node| n.name.to_string();
    match nodes {
        [] => "no node".to_owned(),
        [only] => name(only),
        [first, last] => format!("{} and {}", name(first), name(last)),
        [first, second, rest @ ..] if rest.len() > 4 => {
            format!("{}, {} and {} other nodes", name(first), name(second), rest.len())
        }
        [init @ .., last] => format!("{} and {}", init.iter().map(name).collect::<Vec<_>>().join(", "), name(last)),
    }
}

/// What the permission means for the nodes at hand.
fn control_plane(allow: Allow, nodes: &[Node]) -> String {
    let of_inventory = nodes.iter().find(|n| n.role == Role::ControlPlane);
    match (allow.control_plane, of_inventory) {
        (false, _) => String::new(),
        (true, Some(node)) => {
            format!("{} is a control-plane node: its etcd member and that member's data go.\n", node.name)
        }
        (true, None) => {
            "One of them may be a control-plane node: then its etcd member and that member's data go.\n".to_owned()
        }
    }
}

/// What becomes of those that are members already.
fn members(rejoin: Rejoin) -> String {
    let mut text = String::new();
    if rejoin.replace {
        text.push_str("Healthy members among them are reset too, and Nodes that have these names are deleted.\n");
    }
    if rejoin.other_cluster {
        text.push_str("Members of other clusters among them leave these.\n");
    }
    text
}

fn kept(nodes: &[Node]) -> String {
    let mut paths: Vec<&str> = nodes.iter().flat_map(|n| &n.protect).map(crate::model::ProtectedPath::as_str).collect();
    paths.sort_unstable();
    paths.dedup();
    format!("Never touched: {}.", paths.join(", "))
}
