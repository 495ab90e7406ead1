//! Random machines: the words of the cases by hand in combinations that nobody thought of, each with a whole reset.

mod dice;
mod kinds;
mod layout;
mod verdict;

use crate::as_root;
use crate::sandbox::{MACHINES, in_parallel};
use dice::Dice;
use kinds::{ALIASED, ITEMS, MEDIA, MOVED};
use layout::layout;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use verdict::verdict;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Makes the machine of this seed and resets it; adds it to the counts, and tells what is wrong.
fn try_seed(seed: u64, counts: &Mutex<BTreeMap<String, usize>>) -> Option<String> {
    let layout = layout(&mut Dice(seed));
    let outcome = layout.case.outcomes().pop().expect("this shell is here");
    let verdict = verdict(&layout, &outcome);
    let mut counts = counts.lock().expect("no panic");
    let mut kinds: Vec<_> = layout.kinds.iter().chain(&outcome.planted).map(String::as_str).collect();
    kinds.push(verdict.unwrap_or("= FAILED"));
    kinds.push(if layout.aliased { "unsafe" } else { "safe" });
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    let wrong = verdict.err()?;
    Some(format!("KFLEET_GUARD_SEED={seed} KFLEET_GUARD_LAYOUTS=1: {wrong}: {:?}{outcome}", layout.kinds))
}

/// How often each kind is to be there, as far as a seed tells it.
const EACH: usize = 3;
/// Seeds that are looked at for it.
const LOOKED_AT: u64 = 1000;

/// The machines of a run of tests: of many seeds those that bring a kind of which there are too few yet. Consecutive ones where
/// their number is given, for those who look for more.
fn seeds() -> Vec<u64> {
    // The same each time, so that a change is judged by itself.
    let first = number("KFLEET_GUARD_SEED").unwrap_or(100_000);
    if let Some(count) = number("KFLEET_GUARD_LAYOUTS") {
        return (first..first + count).collect();
    }
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let brings_one = |seed: &u64| {
        let kinds = layout(&mut Dice(*seed)).kinds;
        let wanted = kinds.iter().any(|kind| known.get(kind).copied().unwrap_or(0) < EACH);
        if wanted {
            for kind in kinds {
                *known.entry(kind).or_default() += 1;
            }
        }
        wanted
    };
    (first..first + LOOKED_AT).filter(brings_one).collect()
}

as_root! {
    #[allow(clippy::print_stdout, reason = "the counts are what the reader of a run wants")]
    fn random_machines() {
        let seeds = seeds();
        println!("guard: {} random machines, from KFLEET_GUARD_SEED={}", seeds.len(), seeds[0]);
        let counts = Mutex::default();
        let failures: Vec<_> = in_parallel(seeds.len() as u64, |n| try_seed(seeds[usize::try_from(n).expect("there are not that many")], &counts)).into_iter().flatten().collect();
        let counts = counts.into_inner().expect("no panic");
        for (kind, count) in &counts {
            println!("guard: {count:>5} {kind}");
        }
        println!("guard: {} machines so far in all tests", MACHINES.load(Ordering::Relaxed));
        assert!(failures.is_empty(), "{} of {} failed\n{}", failures.len(), seeds.len(), failures.join("\n"));
        if number("KFLEET_GUARD_LAYOUTS").is_none() {
            for (kind, _) in MEDIA.iter().chain(&MOVED).chain(&ALIASED).chain(&ITEMS) {
                assert!(counts.contains_key(*kind), "no machine had this: {kind}");
            }
        }
    }
}
