//! In which order nodes are taken, and for how long.

use crate::model::{RunOrder, Share, parse_duration};
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
    #[arg(long, value_name = "N", value_parser = canary)]
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
    /// As it is written down of a run.
    pub fn options(&self) -> RunOrder {
        let ms = |time: Option<Duration>| time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        RunOrder {
            batch: self.batch,
            canary: self.canary,
            max_failures: self.max_failures,
            node_deadline_ms: ms(self.node_deadline),
            deadline_ms: ms(self.deadline),
        }
    }
}

fn share(text: &str) -> Result<Share, String> {
    Share::parse(text).ok_or_else(|| "expected a number of nodes, or 1% to 100% of them".to_owned())
}

fn batch(text: &str) -> Result<Share, String> {
    let share = Share::parse(text).filter(|share| *share != Share::Nodes(0));
    share.ok_or_else(|| "expected a number of nodes from 1, or 1% to 100% of them".to_owned())
}

fn canary(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "expected a number of nodes, like 1; 0 is none".to_owned())
}

fn time(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .filter(|time| *time >= Duration::from_secs(1))
        .ok_or_else(|| "expected a number with a unit, of a second or more, like `20m` or `1h 30m`".to_owned())
}
