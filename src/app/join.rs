//! `kfleet join`: checks that everything needed is there before any node is touched.

use super::fleet::Fleet;
use super::resume::Resumed;
use super::{fleet, load, names_some, workers};
use crate::cli::{Cli, JoinArgs};
use crate::engine::Task;
use crate::error::{Error, ErrorKind};
use crate::model::{Allow, CRI_SOCKET, JoinCommand, JoinSource, Node, is_containerd};

/// Joins the nodes that are asked for, or those that a run has left.
pub(super) fn join(cli: &Cli, args: &JoinArgs) -> Result<u8, Error> {
    let resumed = args.resume.as_deref().map(Resumed::new).transpose()?;
    if let Some(resumed) = resumed.as_ref().filter(|resumed| resumed.left.is_empty()) {
        return fleet::say(cli, &resumed.nothing_left());
    }
    let inventory = match &resumed {
        Some(resumed) => load::inventory_of(cli, &resumed.record)?,
        None => load::inventory(cli)?,
    };
    let given = args.join_command.as_deref().map(JoinCommand::parse).transpose();
    let given = given.map_err(|e| Error::new(ErrorKind::Usage, format!("--join-command: {e}")))?;
    let source = inventory.join_source(given.clone()).map_err(|e| match &resumed {
        Some(resumed) if resumed.record.join_command_given => resumed.without_command(),
        _ => Error::new(ErrorKind::Usage, e),
    })?;
    let nodes = match &resumed {
        Some(resumed) => resumed.nodes(&inventory)?,
        None => workers(&inventory, &args.selectors)?,
    };
    if let JoinSource::Command(command) = &source {
        fits(command, &nodes)?;
    }
    let options = args.options();
    let options = resumed.as_ref().map_or(options.clone(), |resumed| options.or(&resumed.record.options));
    let rejoins = options.replace || options.drain || options.force_rejoin;
    if rejoins && resumed.is_none() && !names_some(&args.selectors) {
        let why = "--replace, --drain and --force-rejoin want the nodes by name, group or pattern, and not only who is left out";
        return Err(Error::new(ErrorKind::Usage, why));
    }
    if (options.replace || options.drain) && inventory.control_plane.is_none() {
        let why = "--replace and --drain are done through a control plane, and the inventory names none: add `cluster: {control_plane: NAME}`";
        return Err(Error::new(ErrorKind::Usage, why));
    }
    let allow = Allow { shared_runtime: options.allow_shared_runtime, control_plane: false };
    let fleet = Fleet::new(cli, &inventory, Task::Join, nodes, &args.fleet).given(given).allow(allow);
    fleet.journaled(options, resumed).change("join", &args.change)
}

/// Whether a join command that somebody wrote can be used for these nodes as it is.
fn fits(command: &JoinCommand, nodes: &[Node]) -> Result<(), Error> {
    let usage = |why: String| Err(Error::new(ErrorKind::Usage, why));
    if let (Some(name), [_, _, ..]) = (&command.node_name, nodes) {
        return usage(format!(
            "the join command has --node-name {name}, which serves one node and not {}; leave it out, or name one node",
            nodes.len()
        ));
    }
    match &command.cri_socket {
        Some(socket) if !is_containerd(socket) => usage(format!(
            "the join command has --cri-socket {socket}; kfleet knows how to reset and repair the containerd behind {CRI_SOCKET} only"
        )),
        _ => Ok(()),
    }
}
