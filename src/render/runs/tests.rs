//! Runs in the list, and one that was cut off.

use super::*;
use crate::render::samples::{name, reports, story};

fn row(run: &str, ended: &str) -> RunRow {
    RunRow {
        run: run.to_owned(),
        command: Some("join".to_owned()),
        began: Some("2026-02-01 00:00:00".to_owned()),
        took_ms: Some(63_000),
        nodes: Some(3),
        ended: ended.to_owned(),
    }
}

#[test]
fn runs_are_listed_with_their_ends() {
    let newer =
        RunRow { command: None, began: None, took_ms: None, nodes: None, ..row("d", "of a \u{1b}[2Jnewer form") };
    let rows = [row("a", "running"), row("b", "cut off"), row("c", "2 failed"), newer];
    insta::assert_snapshot!("runs", runs_table(&rows, None, Style::default()));
    assert_eq!(runs_json(&rows).lines().count(), 4);
    assert_eq!(runs_table(&[], None, Style::default()), "no run was kept yet\n");
}

#[test]
fn nodes_that_were_left_are_told_with_what_was_seen_last() {
    let mut seen = LastSeen::default();
    for event in story().iter().take(16) {
        seen.event(event);
    }
    let record = RunRecord {
        schema: 1,
        kfleet: "0.1.0".to_owned(),
        run: "20260201t000000z-0a1b2c".parse().unwrap(),
        command: "join".to_owned(),
        who: Some("ops@desk".to_owned()),
        began_unix_ms: 0,
        began: String::new(),
        inventory: "/home/ops/inventory.yaml".to_owned(),
        nodes: ["node1", "node2", "node3"].map(name).into(),
        options: crate::model::RunOptions { replace: true, parallel: Some(4), ..Default::default() },
        order: None,
        join_command_given: true,
        resumes: Some("20260131t235959z-0a1b2c".parse().unwrap()),
        begun: Vec::new(),
    };
    let story = RunStory {
        row: row("20260201t000000z-0a1b2c", "cut off"),
        record,
        whole: false,
        unread: 1,
        reports: reports(),
        unfinished: seen.unfinished(),
    };
    let shown = format!("{}{}", run_heading(&story, None), run_unfinished(&story.unfinished, None));
    insta::assert_snapshot!("cut_off", shown);
    assert!(run_heading(&story, Some(60)).lines().all(|line| line.chars().count() <= 60));
    let json: serde_json::Value = serde_json::from_str(&run_json(&story)).unwrap();
    assert_eq!((&json["run"], &json["record"]["who"]), (&"20260201t000000z-0a1b2c".into(), &"ops@desk".into()));
}
