//! The command line: one file per subcommand, options in, a request out.

mod attach;
mod diagnose;
mod explain;
mod inventory;
mod join;
mod order;
mod reset;
mod runs;
mod script;
mod status;
mod stop;

pub use attach::AttachArgs;
pub use diagnose::DiagnoseArgs;
pub use explain::ExplainArgs;
pub use inventory::{InventoryAction, InventoryArgs};
pub use join::JoinArgs;
pub use order::OrderArgs;
pub use reset::ResetArgs;
pub use runs::{RunsAction, RunsArgs};
pub use script::{ScriptAction, ScriptArgs};
pub use status::StatusArgs;
pub use stop::StopArgs;

use crate::model::RunOptions;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Rescues kubeadm worker nodes that refuse to join, many at once, over plain SSH, without touching their data.
#[derive(Debug, Parser)]
#[command(name = "kfleet", version, max_term_width = 110, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// The inventory file [default: ./inventory.yaml, ./nodes.yaml, or kfleet/inventory.yaml in your config folder]
    #[arg(long, short, global = true, value_name = "FILE")]
    pub inventory: Option<PathBuf>,

    /// Like --inventory, from the environment.
    #[arg(long, env = "KFLEET_INVENTORY", hide = true, global = true)]
    pub inventory_from_environment: Option<PathBuf>,

    /// How the result is printed
    #[arg(long, global = true, value_enum, default_value_t = Output::Table)]
    pub output: Output,

    /// Plain lines instead of moving progress, on a terminal too
    #[arg(long, global = true)]
    pub no_progress: bool,

    /// Tell more: -v each step, -vv each line that the nodes print
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

const EXIT_CODES: &str = "\
Exit codes: 0 all well, 1 some node failed, 2 usage or inventory, 3 refused or not confirmed, 130 interrupted.

SELECTOR is a node's name, a glob (node*), a range (node[01-20]), @group, or any of these behind ! to leave it out.";

/// Forms of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Tables for people.
    Table,
    /// One JSON object per line, for programs: every event of the run, the reports among them.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Join workers to their cluster, resetting where a join fails: gently first, then aggressively
    Join(JoinArgs),
    /// Remove Kubernetes from workers, keeping everybody's data
    Reset(ResetArgs),
    /// Measure nodes and say what is wrong; changes nothing
    Status(StatusArgs),
    /// Say of a few nodes all that was found, what it was told from and what to do about it; changes nothing
    Diagnose(DiagnoseArgs),
    /// Follow what nodes run to its end, whoever started it: after a closed laptop, from another workstation
    Attach(AttachArgs),
    /// End what nodes run at its next step; what has been done until then stays done
    Stop(StopArgs),
    /// Tell more about a finding: what it means, how it was told, what to do; connects to nothing
    Explain(ExplainArgs),
    /// List the runs that changed nodes, tell how one ended, or show it once more; connects to nothing
    Runs(RunsArgs),
    /// Look at the inventory itself; connects to nothing
    Inventory(InventoryArgs),
    /// Print a script that does the same on a node that is reached by its console only; connects to nothing
    Script(ScriptArgs),
}

/// Options of everything that changes nodes.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// Do not ask before changing nodes
    #[arg(long, short)]
    pub yes: bool,

    /// Look, say what would be done with each node and in which steps, and change nothing; with -v also the scripts,
    /// secrets masked
    #[arg(long)]
    pub dry_run: bool,

    /// Reset aggressively also where containerd serves others (Docker, nerdctl); only Kubernetes' share of it is removed
    #[arg(long)]
    pub allow_shared_runtime: bool,

    /// In which order, and for how long.
    #[command(flatten)]
    pub order: OrderArgs,
}

impl ChangeArgs {
    /// What holds again where the run is resumed.
    pub fn options(&self, fleet: &FleetArgs) -> RunOptions {
        RunOptions {
            allow_shared_runtime: self.allow_shared_runtime,
            parallel: fleet.parallel,
            order: self.order.options(),
            ..RunOptions::default()
        }
    }
}

/// Options of everything that connects to nodes.
#[derive(Debug, Args)]
pub struct FleetArgs {
    /// How many nodes to work on at once [default: the inventory's policy]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallel: Option<u16>,
}
