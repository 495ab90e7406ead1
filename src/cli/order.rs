//! In which order nodes are taken, and for how long.

use crate::model::{Patience, Policy, Share, parse_duration};
use clap::Args;
use std::time::Duration;

/// Options of everything that changes many nodes. What is not given is the inventory's.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OrderArgs {
    /// Take nodes in batches of N or P percent of them; the next batch starts when all of the one before have ended
    /// [default: the inventory's policy]
    #[arg(long, value_name = "N|P%", value_parser = batch)]
    pub batch: Option<Share>,

    /// Begin with the first N nodes alone; if one of them does not succeed, no other is started
    #[arg(long, value_name = "N")]
    pub canary: Option<u16>,

    /// Start no further node once more than N nodes, or P percent of them, have not succeeded; 0 stops at the first
    #[arg(long, value_name = "N|P%", value_parser = share)]
    pub max_failures: Option<Share>,

    /// Follow no node for longer than this (20m, 1h); what has begun on it goes on by itself
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub node_deadline: Option<Duration>,

    /// End the whole run after this time; nodes that wait by then are not started
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub deadline: Option<Duration>,
}

impl OrderArgs {
    /// The inventory's policy, where the command line does not say otherwise.
    pub fn policy(&self, inventory: Policy) -> Policy {
        Policy {
            batch: self.batch.unwrap_or(inventory.batch),
            canary: self.canary.map_or(inventory.canary, usize::from),
            max_failures: self.max_failures.unwrap_or(inventory.max_failures),
            ..inventory
        }
    }

    /// The same of how long is waited for what.
    pub fn patience(&self, inventory: Patience) -> Patience {
        Patience { node: self.node_deadline.or(inventory.node), run: self.deadline.or(inventory.run), ..inventory }
    }
}

fn share(text: &str) -> Result<Share, String> {
    Share::parse(text).ok_or_else(|| "expected a number of nodes, or 1% to 100% of them".to_owned())
}

fn batch(text: &str) -> Result<Share, String> {
    let share = Share::parse(text).filter(|share| *share != Share::Nodes(0));
    share.ok_or_else(|| "expected a number of nodes from 1, or 1% to 100% of them".to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .filter(|time| *time >= Duration::from_secs(1))
        .ok_or_else(|| "expected a number with a unit, of a second or more, like `20m` or `1h 30m`".to_owned())
}
