//! The only wiring: inventory file, transport, engine, displays, signals.

mod confirm;
mod explain;
mod fleet;
mod join;
mod keeping;
mod listing;
mod load;
mod replay;
mod resume;
mod run_named;
mod runs;
mod saved;
mod script;
mod signals;
mod state;
mod watch;
mod who;

use crate::cli::{Cli, Command, InventoryAction, RunsAction};
use crate::engine::Task;
use crate::error::{Error, ErrorKind};
use crate::inventory::Inventory;
use crate::model::{Allow, Node, Role};
use fleet::Fleet;

/// Carries out a command and says what came in its way; the number is the exit code.
pub fn run(cli: &Cli) -> u8 {
    carry_out(cli).unwrap_or_else(|error| {
        crate::render::tell(&error.text);
        error.exit_code()
    })
}

fn carry_out(cli: &Cli) -> Result<u8, Error> {
    let inventory = || load::inventory(cli);
    match &cli.command {
        Command::Join(args) => join::join(cli, args),
        Command::Reset(args) => {
            let inventory = inventory()?;
            let nodes = to_reset(&inventory, &args.selectors, args.allow())?;
            let (start, ceiling, scope) = args.ladder(inventory.policy.ceiling);
            let task = match &args.restore_config {
                Some(run) => Task::Restore(run_named::id(run)?),
                None => Task::Reset { start, ceiling, scope },
            };
            let fleet = Fleet::new(cli, &inventory, task, nodes, &args.fleet).allow(args.allow());
            fleet.journaled(args.change.options(&args.fleet), None).change("reset", &args.change)
        }
        Command::Status(args) => {
            let inventory = inventory()?;
            let nodes = select(&inventory, &args.selectors)?;
            let fleet = Fleet::new(cli, &inventory, Task::Status, nodes, &args.fleet);
            match args.watch {
                Some(pause) => fleet.watch(pause, args.wide),
                None => fleet.status(args.wide, args.save.as_deref()),
            }
        }
        Command::Diagnose(args) => {
            if let Some(file) = &args.from {
                return saved::diagnose(cli, file);
            }
            let inventory = inventory()?;
            let nodes = select(&inventory, &args.selectors)?;
            Fleet::new(cli, &inventory, Task::Status, nodes, &args.fleet).diagnose()
        }
        Command::Attach(args) => {
            let inventory = inventory()?;
            let nodes = select(&inventory, &args.selectors)?;
            Fleet::new(cli, &inventory, Task::Attach, nodes, &args.fleet).follow("attach")
        }
        Command::Stop(args) => {
            let inventory = inventory()?;
            let nodes = select(&inventory, &args.selectors)?;
            Fleet::new(cli, &inventory, Task::Halt, nodes, &args.fleet).follow("stop")
        }
        Command::Inventory(args) => match &args.action {
            InventoryAction::List { selectors } => listing::list(cli, &select(&inventory()?, selectors)?),
            InventoryAction::Check => listing::check(cli, &inventory()?),
        },
        Command::Runs(args) => match &args.action {
            None => runs::list(cli),
            Some(RunsAction::Show { run, node: None }) => runs::show(cli, run),
            Some(RunsAction::Show { run, node: Some(node) }) => runs::transcript(cli, run, node),
            Some(RunsAction::Replay { run, speed }) => replay::replay(cli, run, *speed),
        },
        Command::Explain(args) => explain::run(cli, args),
        Command::Script(args) => script::script(args),
    }
}

fn select(inventory: &Inventory, selectors: &[String]) -> Result<Vec<Node>, Error> {
    let nodes = crate::inventory::select(&inventory.nodes, selectors);
    nodes.map(|nodes| nodes.into_iter().cloned().collect()).map_err(|e| Error::new(ErrorKind::Usage, e))
}

/// Whether nodes are asked for, and not only left out.
fn names_some(selectors: &[String]) -> bool {
    selectors.iter().any(|selector| !selector.starts_with('!'))
}

/// The selected nodes: workers, and one control-plane node that is named where that is allowed.
fn to_reset(inventory: &Inventory, selectors: &[String], allow: Allow) -> Result<Vec<Node>, Error> {
    if !allow.control_plane || !names_some(selectors) {
        return workers(inventory, selectors);
    }
    let nodes = select(inventory, selectors)?;
    let mut others = nodes.iter().filter(|n| n.role == Role::ControlPlane);
    if let (Some(one), Some(other)) = (others.next(), others.next()) {
        let why = format!(
            "{} and {} are both control-plane nodes, and one run resets one at most: two at once would each count on the other to be left",
            one.name, other.name
        );
        return Err(Error::new(ErrorKind::Refused, why));
    }
    Ok(nodes)
}

/// The selected nodes, all of which must be workers; without selectors, or with nothing but exclusions, of all workers.
fn workers(inventory: &Inventory, selectors: &[String]) -> Result<Vec<Node>, Error> {
    let selected = select(inventory, selectors)?;
    let (workers, others): (Vec<Node>, Vec<Node>) = selected.into_iter().partition(|n| n.role == Role::Worker);
    if let (true, Some(other)) = (names_some(selectors), others.first()) {
        let why = format!(
            "{} is a control-plane node in {}, and kfleet changes workers only (`reset` also such a node with --allow-control-plane); leave it out with `!{}`",
            other.name, inventory.file_name, other.name
        );
        return Err(Error::new(ErrorKind::Refused, why));
    }
    if workers.is_empty() {
        return Err(Error::new(ErrorKind::Usage, format!("{} names no worker", inventory.file_name)));
    }
    Ok(workers)
}
