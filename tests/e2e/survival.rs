//! Resets that something happens to, on real nodes. Whatever it is, in the end the node is as after one that nobody
//! disturbed, media are as they were, and what runs on the node was never started twice.

use crate::bed::Bed;
use crate::between::Between;
use crate::faults::CUT;
use crate::interruption::SHAPE;
use crate::items::{ITEMS, difference};
use crate::run::{Run, kfleet, path, start};
use kfleet::model::{Kind, Level, Outcome, Phase};
use std::path::Path;

/// One for each place: in a gentle reset, and in an aggressive one.
pub const GENTLE_NODES: [&str; 2] = ["node3", "node4"];
pub const AGGRESSIVE_NODES: [&str; 2] = ["sid", "bookworm"];

const PLACES: [&str; 2] = ["after", "within"];

/// How a node is after a reset that nobody disturbed.
struct Undisturbed<'a> {
    node: &'a str,
    level: Level,
    items: &'a [&'a str],
    shape: String,
    media: String,
}

impl<'a> Undisturbed<'a> {
    fn new(bed: &Bed, node: &'a str, level: Level, items: &'a [&'a str]) -> Self {
        bed.plant(node, "media");
        bed.items(node, "others", &ITEMS);
        bed.items(node, "ours", items);
        let media = bed.media(node);
        let undisturbed = Self { node, level, items, shape: String::new(), media };
        let run = kfleet(bed, &undisturbed.arguments());
        run.expect(node, Outcome::Reset);
        Self { shape: bed.see(node, SHAPE), ..undisturbed }
    }

    fn plant(&self, bed: &Bed) {
        bed.items(self.node, "ours", self.items);
    }

    fn arguments(&self) -> Vec<&'a str> {
        let level = if self.level == Level::Aggressive { "--aggressive" } else { "--gentle" };
        vec!["reset", self.node, level, "--yes"]
    }

    /// The same through what `inventory` leads to.
    fn through(&self, inventory: &'a Path) -> Vec<&'a str> {
        [self.arguments(), vec!["--inventory", path(inventory)]].concat()
    }

    fn compare(&self, bed: &Bed, what: &str) {
        let shape = bed.see(self.node, SHAPE);
        assert!(shape == self.shape, "{what}: another state:\n{}", difference(&self.shape, &shape));
        let media = bed.media(self.node);
        assert!(media == self.media, "{what}: media changed:\n{}", difference(&self.media, &media));
    }

    /// A run that did it all: the same state, one reset, each step once and in order.
    fn expect(&self, bed: &Bed, run: &Run, what: &str) {
        run.expect(self.node, Outcome::Reset);
        let resets: Vec<usize> = run.events.iter().filter_map(|e| steps_of_reset(&e.kind)).collect();
        assert_eq!(resets.len(), 1, "{what}: the reset ran more than once");
        let begun = run.events.iter().filter_map(|e| match e.kind {
            Kind::StepStarted { step, .. } => Some(step),
            _ => None,
        });
        assert_eq!(begun.collect::<Vec<_>>(), (0..resets[0]).collect::<Vec<_>>(), "{what}: steps");
        self.compare(bed, what);
    }
}

fn steps_of_reset(kind: &Kind) -> Option<usize> {
    match kind {
        Kind::PhaseStarted { phase: Phase::Reset, steps, .. } => Some(steps.len()),
        _ => None,
    }
}

/// How often a connection was lost.
fn losses(run: &Run) -> usize {
    let lost = |kind: &Kind| matches!(kind, Kind::Waiting { what, .. } if what.starts_with("connection lost"));
    run.events.iter().filter(|e| lost(&e.kind)).count()
}

pub fn gentle_cut(bed: &Bed) {
    cut_at_every_mark(bed, GENTLE_NODES, Level::Gentle, STATE, "1.0");
}

/// Slower, as kfleet must not be far behind when the firewall's timer starts.
pub fn aggressive_cut(bed: &Bed) {
    cut_at_every_mark(bed, AGGRESSIVE_NODES, Level::Aggressive, &ITEMS, "2.5");
}

/// Each step takes `seconds` longer, so that connections are cut and made again while the phase runs.
#[expect(clippy::print_stdout, reason = "the counts are the result")]
fn cut_at_every_mark(bed: &Bed, nodes: [&'static str; 2], level: Level, items: &[&str], seconds: &str) {
    bed.fresh(&nodes);
    std::thread::scope(|scope| {
        for (node, place) in nodes.into_iter().zip(PLACES) {
            scope.spawn(move || println!("{}", cut(bed, node, level, items, place, seconds)));
        }
    });
}

fn cut(bed: &Bed, node: &str, level: Level, items: &[&str], place: &str, seconds: &str) -> String {
    let undisturbed = Undisturbed::new(bed, node, level, items);
    undisturbed.plant(bed);
    bed.slow_down(node, seconds);
    let (between, inventory) = Between::ssh(bed, node, place);
    let run = kfleet(bed, &undisturbed.through(&inventory));
    let what = format!("{level}, cut {place} each mark");
    undisturbed.expect(bed, &run, &what);
    let (launched, cuts, followed) = (between.said("launched"), between.said("cut"), between.said("followed"));
    assert_eq!(launched.len(), 1, "{what}: launched {launched:?}");
    let steps: usize = launched[0].rsplit(' ').next().and_then(|n| n.parse().ok()).expect("it tells how many");
    // hello, the begin and the end of each step, bye
    let marks = cuts.iter().filter(|cut| cut.starts_with(place)).count();
    assert_eq!(marks, 2 * steps + 2, "{what}: {cuts:?}");
    // With its last mark a phase is over, and nobody follows it any more: within it somebody has to.
    let beyond = usize::from(place == "after");
    assert_eq!(followed.len() + beyond, cuts.len(), "{what}: {cuts:?}\n{followed:?}");
    format!(
        "{what}: {} cuts in {steps} steps, {} of them before a mark; {:.1} s",
        cuts.len(),
        cuts.len() - marks,
        elapsed(&run)
    )
}

fn elapsed(run: &Run) -> f64 {
    let ms = run.events.last().map_or(0, |event| event.at_ms);
    std::time::Duration::from_millis(ms).as_secs_f64()
}

const STATE: &[&str] = &["state"];

/// One packet of a hundred is lost, either way. A table of its own: the node's own rules are what is compared.
const LOSSY: &str = "nft -f - <<'RULES'
table inet lossy {
  chain in { type filter hook input priority -300; iifname \"eth0\" numgen random mod 100 == 0 drop; }
  chain out { type filter hook output priority -300; oifname \"eth0\" numgen random mod 100 == 0 drop; }
}
RULES";
const LOSSLESS: &str = "nft delete table inet lossy";

/// Milliseconds each way.
const LATENCY: u64 = 150;

/// sshd ends with all that it started, and is back some seconds later.
const SSHD_AWAY: &str = "systemd-run --quiet --collect --on-active=6 systemctl start ssh.service && systemctl stop ssh.socket ssh.service 2>/dev/null;";

#[expect(clippy::print_stdout, reason = "the counts are the result")]
pub fn bad_line(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    let undisturbed = Undisturbed::new(bed, node, Level::Aggressive, STATE);

    // This kernel may have no netem: the proxy keeps bytes for a while, and the node's own firewall drops packets.
    undisturbed.plant(bed);
    let (mut between, inventory) = Between::tcp(bed, node);
    between.order(&format!("delay {LATENCY}"));
    bed.see(node, LOSSY);
    let run = kfleet(bed, &undisturbed.through(&inventory));
    bed.see(node, LOSSLESS);
    undisturbed.expect(bed, &run, "slow and lossy");
    println!(
        "a round trip of {} ms by the proxy, 1 % loss by nft on the node, as no netem is asked for: {} connections, {:.1} s",
        2 * LATENCY,
        between.said("connected").len(),
        elapsed(&run)
    );
    between.order("delay 0");

    undisturbed.plant(bed);
    let held = bed.hold(node, 6);
    let mut running = start(bed, &undisturbed.through(&inventory));
    held.reached_by(&mut running);
    between.order("stick");
    between.until_said("stuck");
    held.release();
    let run = running.finish();
    undisturbed.expect(bed, &run, "half-open");
    assert!(losses(&run) > 0, "the connection was never lost: {}", run.text);
    println!("half-open: noticed {} times, {:.1} s", losses(&run), elapsed(&run));
    drop(between);

    undisturbed.plant(bed);
    let held = bed.hold(node, 6);
    let mut running = start(bed, &undisturbed.arguments());
    held.reached_by(&mut running);
    bed.see(node, &format!("{SSHD_AWAY} {CUT}"));
    held.release();
    let run = running.finish();
    undisturbed.expect(bed, &run, "sshd away");
    assert!(losses(&run) > 0, "the connection was never lost: {}", run.text);
    println!("sshd killed: {} connections lost, {:.1} s", losses(&run), elapsed(&run));
}

/// /run gets small and full.
const FILL_RUN: &str = "mount -o remount,size=32M /run && head -c 64M /dev/zero >/run/filling; true";
const EMPTY_RUN: &str = "rm -f /run/filling && mount -o remount,size=20% /run";

#[expect(clippy::print_stdout, reason = "what came of it is the result")]
pub fn full(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    let undisturbed = Undisturbed::new(bed, node, Level::Aggressive, STATE);

    undisturbed.plant(bed);
    let before = bed.see(node, SHAPE);
    bed.see(node, FILL_RUN);
    let run = kfleet(bed, &undisturbed.arguments());
    bed.see(node, EMPTY_RUN);
    let report = run.expect(node, Outcome::Failed);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("nothing was started") && error.contains("/run/kfleet"), "{error}");
    let after = bed.see(node, SHAPE);
    assert!(before == after, "something was done:\n{}", difference(&before, &after));
    println!("/run full before: {error}");

    let held = bed.hold(node, 8);
    let mut running = start(bed, &undisturbed.arguments());
    held.reached_by(&mut running);
    bed.see(node, FILL_RUN);
    held.release();
    let run = running.finish();
    bed.see(node, EMPTY_RUN);
    again(bed, &undisturbed, &run, "/run full within");

    // Copies have no room: a file system of their own, which is full.
    undisturbed.plant(bed);
    bed.see(node, "mkdir -p /var/lib/kfleet && mount -t tmpfs -o size=64k tmpfs /var/lib/kfleet && head -c 1M /dev/zero >/var/lib/kfleet/filling; true");
    let before = bed.see(node, SHAPE);
    let run = kfleet(bed, &undisturbed.arguments());
    let after = bed.see(node, SHAPE);
    bed.see(node, "umount /var/lib/kfleet");
    let report = run.expect(node, Outcome::Failed);
    let error = report.error.as_deref().unwrap_or_default();
    assert!(error.contains("No space left"), "{error}");
    assert!(before == after, "something was removed without a copy:\n{}", difference(&before, &after));
    println!("disk full: {error}");
    let run = kfleet(bed, &undisturbed.arguments());
    undisturbed.expect(bed, &run, "disk full, and then not");
}

/// Where a run did not come to its end it says so, and the same command does the rest.
#[expect(clippy::print_stdout, reason = "what came of it is the result")]
fn again(bed: &Bed, undisturbed: &Undisturbed<'_>, run: &Run, what: &str) {
    let report = run.report(undisturbed.node);
    println!("{what}: {:?}: {:?}", report.outcome, report.error);
    if !report.outcome.is_success() {
        assert!(report.error.is_some(), "{what}: {report:?}");
        let again = kfleet(bed, &undisturbed.arguments());
        let outcome = again.report(undisturbed.node).outcome;
        assert!(outcome.is_success(), "{what}, again: {:?}", again.report(undisturbed.node));
    }
    undisturbed.compare(bed, what);
}

#[expect(clippy::print_stdout, reason = "what came of it is the result")]
pub fn ends(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    let undisturbed = Undisturbed::new(bed, node, Level::Gentle, STATE);

    undisturbed.plant(bed);
    let held = bed.hold(node, 8);
    let mut running = start(bed, &undisturbed.arguments());
    held.reached_by(&mut running);
    running.kill();
    let cut_short = running.finish();
    assert!(!cut_short.events.iter().any(|e| matches!(e.kind, Kind::RunFinished)), "kfleet lives");
    let mut attached = start(bed, &["attach", node]);
    held.reached_by(&mut attached);
    held.release();
    let attached = attached.finish();
    attached.expect(node, Outcome::Followed);
    let seen = attached.events.iter().filter(|e| matches!(e.kind, Kind::StepStarted { .. })).count();
    println!("kfleet killed in step 8 of a reset: attached to it afterwards, {seen} steps seen");
    let run = kfleet(bed, &undisturbed.arguments());
    run.expect(node, Outcome::AlreadyClean);
    undisturbed.compare(bed, "kfleet killed");

    // What is in the network's namespace goes with a boot, whoever's it is: compared with a reset after one.
    bed.power_cycle(node);
    undisturbed.plant(bed);
    kfleet(bed, &undisturbed.arguments()).expect(node, Outcome::Reset);
    let booted = Undisturbed { shape: bed.see(node, SHAPE), ..undisturbed };
    booted.plant(bed);
    let held = bed.hold(node, 8);
    let mut running = start(bed, &booted.arguments());
    held.reached_by(&mut running);
    bed.power_cycle(node); // which forgets that it was held
    drop(held);
    let run = running.finish();
    let report = run.expect(node, Outcome::Reset);
    let resets = run.events.iter().filter(|e| steps_of_reset(&e.kind).is_some()).count();
    println!("rebooted within a reset: {resets} resets, {:.1} s", elapsed(&run));
    assert_eq!(resets, 2, "{report:?}");
    booted.compare(bed, "rebooted");
}
