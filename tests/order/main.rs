//! Many nodes in one run: in which order they are taken, what stops it, and when time is up. The machine that decides is
//! proven beside its code (`engine/order`); here whole runs are made with it, on nodes that only pretend.

#[allow(dead_code, reason = "simulated nodes need more of it")]
#[path = "../support/asked.rs"]
mod asked;
mod away;
mod binary;
#[path = "../support/context.rs"]
mod context;
mod fake;
#[path = "../support/recorded.rs"]
mod recorded;
mod resumed;

use fake::{Seen, context, node, run};
use kfleet::cluster::ControlPlane;
use kfleet::diagnose::Scope;
use kfleet::engine::Task;
use kfleet::model::{Kind, Level, NodeName, NodeReport, Outcome, Patience, Policy, Rejoin, Share};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn outcomes(seen: &Seen) -> Vec<Outcome> {
    seen.reports.iter().map(|report| report.outcome).collect()
}

fn error(report: &NodeReport) -> &str {
    report.error.as_deref().unwrap_or_default()
}

/// `+node1` where a node starts, `-node1` where it ends, `!` where the brake falls, in their order.
fn order(seen: &Seen) -> Vec<String> {
    let told = seen.events.iter().filter_map(|kind| match kind {
        Kind::NodeStarted { node } => Some(format!("+{node}")),
        Kind::NodeFinished { report } => Some(format!("-{}", report.node)),
        Kind::Braked { .. } => Some("!".to_owned()),
        _ => None,
    });
    told.collect()
}

/// What the brake said, once at most.
fn brake(seen: &Seen) -> Option<(&str, Vec<&str>)> {
    let mut told = seen.events.iter().filter_map(|kind| match kind {
        Kind::Braked { why, nodes } => Some((why.as_str(), nodes.iter().map(NodeName::as_str).collect())),
        _ => None,
    });
    let first = told.next();
    assert!(told.next().is_none(), "the brake fell twice");
    first
}

/// Where `what` stands among all that happened.
fn at(order: &[String], what: &str) -> usize {
    order.iter().position(|told| told == what).unwrap_or_else(|| panic!("{what} is not in {order:?}"))
}

#[tokio::test]
async fn a_batch_waits_for_all_of_the_one_before_and_parallel_holds_in_it() {
    let names = ["late1", "b2", "b3", "c4", "late5", "c6", "d7"];
    let policy = Policy { batch: Share::Nodes(3), parallel: 2, ..Policy::default() };
    let seen = run(context(policy), &names).await;
    assert_eq!(outcomes(&seen), [Outcome::Measured; 7]);
    assert_eq!(seen.most_at_work, 2);
    let order = order(&seen);
    for (batch, next) in [(&names[..3], &names[3..6]), (&names[3..6], &names[6..])] {
        let end = batch.iter().map(|name| at(&order, &format!("-{name}"))).max();
        let start = next.iter().map(|name| at(&order, &format!("+{name}"))).min();
        assert!(end < start, "{order:?}");
    }
    assert!(brake(&seen).is_none());

    let free = run(context(Policy::default()), &names).await;
    assert_eq!(free.most_at_work, 7, "without a batch nothing waits");
}

#[tokio::test]
async fn a_canary_that_fails_saves_all_others() {
    let policy = Policy { canary: 2, ..Policy::default() };
    let seen = run(context(policy), &["a1", "away2", "n3", "n4"]).await;
    assert_eq!(outcomes(&seen), [Outcome::Measured, Outcome::Unreachable, Outcome::NotStarted, Outcome::NotStarted]);
    assert!(seen.most_at_work <= 2);
    let (why, held) = brake(&seen).expect("the brake fell");
    assert!(why.starts_with("away2 failed, and canary 2 ") && held == ["n3", "n4"], "{why}");
    let error = error(&seen.reports[2]);
    assert!(error.starts_with(&format!("not started: {why}; ")) && error.contains("run it again"), "{error}");
    let order = order(&seen);
    assert!(at(&order, "-away2") < at(&order, "!") && at(&order, "!") < at(&order, "-n3"), "{order:?}");
    assert!(!order.contains(&"+n3".to_owned()));

    let well = run(context(policy), &["a1", "late2", "n3", "n4"]).await;
    let order = self::order(&well);
    assert_eq!(outcomes(&well), [Outcome::Measured; 4]);
    assert!(at(&order, "-late2") < at(&order, "+n3"), "{order:?}");
}

#[tokio::test]
async fn too_many_failures_stop_what_has_not_begun_and_nothing_else() {
    let policy = Policy { parallel: 3, max_failures: Share::Nodes(1), ..Policy::default() };
    let seen = run(context(policy), &["away1", "away2", "late3", "late4", "n5", "n6"]).await;
    let expected = [Outcome::Unreachable, Outcome::Unreachable, Outcome::Measured, Outcome::Measured];
    assert_eq!(outcomes(&seen)[..4], expected);
    let (why, _) = brake(&seen).expect("the brake fell");
    let rule = "2 of 6 nodes failed, and max-failures 1 allows no more (away1, away2)";
    assert_eq!(why, format!("{rule}; those at work are followed to their end"));
    let order = order(&seen);
    assert!(at(&order, "!") < at(&order, "-late3"), "who is at work is let finish: {order:?}");
    for report in seen.reports.iter().filter(|report| report.outcome == Outcome::NotStarted) {
        let error = error(report);
        assert!(error.starts_with(&format!("not started: {rule}; look at what they report, ")), "{error}");
    }
    assert_eq!(seen.reports[5].outcome, Outcome::NotStarted);

    let first = Policy { parallel: 1, max_failures: Share::Nodes(0), ..Policy::default() };
    let seen = run(context(first), &["n1", "away2", "n3"]).await;
    assert_eq!(outcomes(&seen), [Outcome::Measured, Outcome::Unreachable, Outcome::NotStarted]);
    let third = Policy { parallel: 1, max_failures: Share::Percent(34), ..Policy::default() };
    let seen = run(context(third), &["n1", "away2", "n3"]).await;
    assert_eq!(outcomes(&seen)[2], Outcome::Measured, "one of three is within 34%");
}

#[tokio::test]
async fn a_bug_on_one_node_is_a_failure_and_no_end_of_the_run() {
    let policy = Policy { parallel: 1, ..Policy::default() };
    let seen = run(context(policy), &["bug1", "n2"]).await;
    assert_eq!(outcomes(&seen), [Outcome::Failed, Outcome::Measured]);
    assert!(error(&seen.reports[0]).contains("kfleet itself failed"));
    let policy = Policy { max_failures: Share::Nodes(0), ..policy };
    assert_eq!(outcomes(&run(context(policy), &["bug1", "n2"]).await), [Outcome::Failed, Outcome::NotStarted]);
}

#[tokio::test]
async fn who_waits_when_the_user_stops_is_interrupted() {
    let made = context(Policy { parallel: 1, batch: Share::Nodes(1), ..Policy::default() });
    made.0.stop.cancel();
    let seen = run(made, &["n1", "n2"]).await;
    assert_eq!(outcomes(&seen)[1], Outcome::Interrupted);
    assert!(error(&seen.reports[1]).contains("before it was its turn") && brake(&seen).is_none());
}

/// So many that a place which becomes free at the wrong moment would be taken.
const MANY: usize = 40;

/// Half of `MANY` are at work and hang, the other half waits.
fn hanging() -> (Policy, Vec<String>) {
    let names = (0..MANY).map(|i| if i < MANY / 2 { format!("deaf{i}") } else { format!("n{i}") }).collect();
    (Policy { parallel: MANY / 2, ..Policy::default() }, names)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_gives_no_place_that_it_frees_to_another() {
    let (policy, names) = hanging();
    let made = context(policy);
    let (stop, fleet) = (made.0.stop.clone(), Arc::clone(&made.0.transport));
    let user = tokio::spawn(async move {
        while fleet.most_at_work() < MANY / 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
    });
    let seen = run(made, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    user.await.unwrap();
    assert_eq!(outcomes(&seen), [Outcome::Interrupted; MANY]);
    let waited = |report: &&NodeReport| error(report).contains("before it was its turn");
    assert_eq!(seen.reports.iter().filter(waited).count(), MANY / 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_the_end_of_the_run_s_time() {
    let (policy, names) = hanging();
    let (mut context, receiver) = context(policy);
    context.patience.run = Some(Duration::from_secs(1));
    let seen = run((context, receiver), &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let count = |outcome| outcomes(&seen).into_iter().filter(|o| *o == outcome).count();
    assert_eq!((count(Outcome::OutOfTime), count(Outcome::NotStarted)), (MANY / 2, MANY / 2));
}

/// Far below the hour that a hanging probe has, and the eternity of a connection; far above what a busy machine needs.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_node_that_hangs_costs_its_own_time_and_no_other_s() {
    let start = Instant::now();
    let (mut context, receiver) = context(Policy { parallel: 1, ..Policy::default() });
    context.patience.node = Some(Duration::from_secs(1));
    let seen = run((context, receiver), &["deaf1", "mute2", "n3"]).await;
    assert_eq!(outcomes(&seen), [Outcome::OutOfTime, Outcome::OutOfTime, Outcome::Measured]);
    for (report, at) in seen.reports.iter().zip(["while connecting to 192.0.2.1:22", "during the probe"]) {
        let error = error(report);
        assert!(error.starts_with(&format!("the node's time (node-deadline 1s) is up {at}")), "{error}");
        assert!(error.contains("nothing was changed on the node") && !error.contains("kfleet attach"), "{error}");
        assert!(report.elapsed_ms >= 1000, "{report:?}");
    }
    let rows = seen.events.iter().filter(|kind| matches!(kind, Kind::Measured { .. })).count();
    assert_eq!(rows, 3, "every node has its row");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_run_ends_when_its_time_is_up_whatever_hangs() {
    let start = Instant::now();
    let (mut context, receiver) = context(Policy { parallel: 3, ..Policy::default() });
    context.patience.run = Some(Duration::from_secs(2));
    let seen = run((context, receiver), &["n1", "deaf2", "mute3", "deaf4", "n5"]).await;
    assert_eq!(
        outcomes(&seen),
        [Outcome::Measured, Outcome::OutOfTime, Outcome::OutOfTime, Outcome::OutOfTime, Outcome::NotStarted]
    );
    assert!(error(&seen.reports[1]).starts_with("the run's time (deadline 2s) is up while connecting"));
    assert!(error(&seen.reports[4]).starts_with("not started: the run's time (deadline 2s) is up; run it again"));
    assert_eq!(brake(&seen), Some(("the run's time (deadline 2s) is up", vec!["n5"])));
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_phase_that_runs_when_time_is_up_is_left_to_the_node_and_told() {
    for (level, firewall) in [(Level::Gentle, false), (Level::Aggressive, true)] {
        let (mut context, receiver) = context(Policy::default());
        context.task = Task::Reset { start: level, ceiling: level, scope: Scope::Everything };
        context.patience.node = Some(Duration::from_secs(1));
        let seen = run((context, receiver), &["n1"]).await;
        let report = &seen.reports[0];
        let error = error(report);
        assert_eq!((report.outcome, report.level, report.attempts), (Outcome::OutOfTime, Some(level), 0), "{error}");
        assert!(!report.findings.is_empty(), "what was known is kept");
        assert_eq!(report.tail, ["removing what is left"]);
        for part in [
            format!("during the reset ({level})"),
            "goes on by itself, as kfleet.service".to_owned(),
            "`kfleet attach n1`".to_owned(),
            "`kfleet stop n1`".to_owned(),
            "whether protected paths are as they were was not looked at".to_owned(),
        ] {
            assert!(error.contains(&part), "{part}: {error}");
        }
        assert_eq!(error.contains("firewall"), firewall, "{error}");
    }
}

#[tokio::test]
async fn a_node_that_is_being_drained_when_time_is_up_stays_cordoned_and_that_is_told() {
    let start = Instant::now();
    let (mut context, receiver) = context(Policy::default());
    let (transport, cp) = (Arc::clone(&context.transport), node("cp"));
    context.task = Task::Join;
    context.control_plane = Some(ControlPlane::new(transport, cp, "run1".to_owned(), Duration::from_secs(1200)));
    context.rejoin = Rejoin { replace: true, drain: true, other_cluster: false };
    context.patience = Patience { node: Some(Duration::from_secs(2)), ..context.patience };
    let seen = run((context, receiver), &["n1"]).await;
    let report = &seen.reports[0];
    let error = error(report);
    assert!(error.contains("is up while draining "), "{error}");
    assert!(error.contains("nothing was changed on the node"), "{error}");
    assert!(error.contains("stays cordoned") && error.contains("`kubectl uncordon "), "{error}");
    assert_eq!((report.outcome, report.level), (Outcome::OutOfTime, None), "no reset has begun");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}
