//! What is found in probes that were recorded on real nodes (`tests/fixtures/probes`), and what is not.

mod cases;
mod fixture;
#[path = "../support/recorded.rs"]
mod recorded;

use cases::{CASES, Case};
use kfleet::diagnose::{codes, findings};
use kfleet::model::{Fact, Finding};
use std::collections::BTreeSet;

fn found(name: &str) -> Vec<Finding> {
    findings(&fixture::load(name))
}

/// Each finding with what it was told from, as `kfleet diagnose` has it.
fn told(name: &str) -> String {
    let mut text = String::new();
    for finding in found(name) {
        let Finding { code, severity, cause, evidence, remedy, .. } = finding;
        text.push_str(&format!("{code} {severity:?}: {cause}\n"));
        text.extend(evidence.iter().map(|line| format!("  seen {line}\n")));
        let cure = finding.cured_by.map_or_else(|| "-".to_owned(), |level| level.to_string());
        text.push_str(&format!("  do   {remedy}\n  cure {cure}, blocks a join: {}\n", finding.blocks_join));
    }
    text
}

#[test]
fn each_recorded_node_is_told_what_is_wrong_with_it_and_by_which_lines() {
    for name in fixture::names() {
        insta::assert_snapshot!(name.clone(), told(&name));
    }
}

#[test]
fn each_rule_is_seen_where_it_holds_and_not_where_it_nearly_does() {
    for Case { code, seen, unseen } in CASES {
        let has = |name: &&&str| found(name).iter().any(|finding| finding.code.0 == *code);
        let not_seen: Vec<_> = seen.iter().filter(|name| !has(name)).collect();
        let seen_wrongly: Vec<_> = unseen.iter().filter(has).collect();
        assert!(not_seen.is_empty(), "KF{code:03} is not seen in {not_seen:?}");
        assert!(seen_wrongly.is_empty(), "KF{code:03} is seen in {seen_wrongly:?}");
        assert!(!seen.is_empty() && !unseen.is_empty(), "KF{code:03} wants both");
    }
    let tried: BTreeSet<u16> = CASES.iter().map(|case| case.code).collect();
    let all: BTreeSet<u16> = codes().map(|code| code.0).collect();
    assert_eq!(tried, all, "every rule has its cases");
}

#[test]
fn every_finding_says_what_it_was_told_from_and_what_to_do() {
    for name in fixture::names() {
        for finding in found(&name) {
            let told = !finding.evidence.is_empty() && !finding.remedy.is_empty();
            assert!(told && !finding.cause.ends_with('.'), "{name}: {finding:?}");
        }
    }
}

/// A node from which nothing came is not sick: no rule speaks where nothing is known.
#[test]
fn what_was_not_measured_is_no_finding() {
    let nothing = kfleet::model::Facts::default();
    assert_eq!(findings(&nothing), []);
    for name in fixture::names() {
        let facts = serde_json::to_value(fixture::load(&name)).unwrap();
        // one fact after the other is taken away: that may silence a rule, and make no new one speak
        let before: BTreeSet<u16> = found(&name).iter().map(|finding| finding.code.0).collect();
        for key in facts.as_object().unwrap().keys() {
            let mut less = facts.clone();
            less[key] = serde_json::to_value(Fact::<()>::Unknown("taken away".to_owned())).unwrap();
            let less: kfleet::model::Facts = serde_json::from_value(less).unwrap();
            let now: BTreeSet<u16> = findings(&less).iter().map(|finding| finding.code.0).collect();
            let new: Vec<_> =
                now.difference(&before).filter(|code| !cases::TELL_LESS.contains(&(**code, key))).collect();
            assert!(new.is_empty(), "{name}: without {key}, KF{new:03?} appear");
        }
    }
}
