//! What is fuzzed, and what has to hold for any bytes. Compiled twice: for libFuzzer (`target.rs`), and for a test that feeds
//! it fixtures and random bytes (`tests/fuzz_bodies.rs`), so that it cannot rot where nobody fuzzes.

use kfleet::attached::Collect;
use kfleet::diagnose::{Scope, clean as verdict, findings, standing};
use kfleet::journal::{Masking, Story, read_events, read_record};
use kfleet::model::{
    ANSWER_BYTES, Event, Fact, Facts, JoinCommand, Kind, NodeName, PhaseOnNode, STEP_BYTES, clean, clean_lines,
    containerd_setup, disables_cri, is_unsafe, mask_secrets,
};
use kfleet::parse::{
    Lines, Marks, Part, SectionOutput, api_view, cluster_defaults, diagnosis, facts, is_no_such_node, join_progress,
    message, node_object, pending_requests, phase_on_node, reason,
};
use kfleet::plan::{Section, with_systemd_cgroup};
use kfleet::render::{LastSeen, Style, Transcript, run_unfinished, summary};
use kfleet::shell::Nonce;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Panics where something does not hold.
pub type Body = fn(&[u8]);

/// Name and body of each target.
pub const ALL: [(&str, Body); 10] = [
    ("marks", marks),
    ("lines", lines),
    ("facts", measured),
    ("cause", cause),
    ("text", text),
    ("answers", answers),
    ("inventory", inventory),
    ("join_command", join_command),
    ("containerd", containerd),
    ("journal", journal),
];

/// Runs the body called `name`.
#[allow(dead_code, reason = "the test runs all of them")]
pub fn run(name: &str, data: &[u8]) {
    let (_, body) = ALL.iter().find(|(known, _)| *known == name).expect("each target has a body");
    body(data);
}

/// Nothing in it that a terminal would obey.
fn is_safe(what: &str, text: &str) {
    let found = text.chars().find(|c| is_unsafe(*c));
    assert!(found.is_none(), "{found:?} in {what}: {text:?}");
}

/// The same of every text in a value.
fn is_safe_within(what: &str, value: &Value) {
    match value {
        Value::String(text) => is_safe(what, text),
        Value::Array(values) => values.iter().for_each(|value| is_safe_within(what, value)),
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            is_safe(what, key);
            is_safe_within(key, value);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_safe_value(what: &str, value: &impl serde::Serialize) {
    is_safe_within(what, &serde_json::to_value(value).expect("a map has text for keys"));
}

/// In pieces whose sizes come from the bytes themselves.
fn pieces(data: &[u8]) -> Vec<&[u8]> {
    let (mut pieces, mut rest, mut at) = (Vec::new(), data, 0);
    while !rest.is_empty() {
        let size = usize::from(data[at % data.len()] % 61).clamp(1, rest.len());
        let (piece, after) = rest.split_at(size);
        pieces.push(piece);
        (rest, at) = (after, at + 7);
    }
    pieces
}

const STEPS: usize = 3;

fn nonce() -> Nonce {
    Nonce::from_bytes([7; 16])
}

/// Bytes that no mutation finds stand for what it would have to: 0x1e for the beginning of a mark, 0x1d for a quarter of what
/// a step may print.
fn stream(data: &[u8]) -> Vec<u8> {
    let (mut stream, mut floods) = (Vec::new(), 0);
    for byte in data {
        match byte {
            0x1e => stream.extend(format!("\n\x1e{} ", nonce().as_str()).into_bytes()),
            0x1d if floods < 24 => {
                floods += 1;
                stream.resize(stream.len() + STEP_BYTES / 4, b'x');
            }
            byte => stream.push(*byte),
        }
    }
    stream
}

fn marks(data: &[u8]) {
    // The parser alone: whatever the pieces, the same marks between the same bytes.
    let short: Vec<u8> = data.iter().copied().filter(|byte| *byte != 0x1d).collect();
    let short = stream(&short);
    let parts = |pieces: &[&[u8]]| {
        let mut parser = Marks::new(nonce().as_str());
        let mut all: Vec<Part> = Vec::new();
        let fed: Vec<Part> = pieces.iter().flat_map(|piece| parser.feed(piece)).collect();
        for part in fed.into_iter().chain(parser.finish()) {
            match (all.last_mut(), part) {
                (Some(Part::Bytes(last)), Part::Bytes(more)) => last.extend(more),
                (_, part) => all.push(part),
            }
        }
        all
    };
    let whole = parts(&[&short]);
    assert_eq!(parts(&pieces(&short)), whole);
    let given: usize = whole.iter().map(|part| if let Part::Bytes(bytes) = part { bytes.len() } else { 0 }).sum();
    let only_bytes = whole.iter().all(|part| matches!(part, Part::Bytes(_)));
    assert!(given <= short.len() && (!only_bytes || given == short.len()), "bytes are lost");
    // Steps within their bounds.
    let stream = stream(data);
    let steps = |pieces: &[&[u8]]| {
        let mut collect = Collect::new(&nonce(), STEPS);
        assert!(pieces.iter().all(|piece| collect.take(piece)));
        (collect.said_hello(), collect.said_bye(), collect.into_steps())
    };
    let whole = steps(&[&stream]);
    let large: Vec<&[u8]> = stream.chunks(stream.len() / 3 + 1).collect();
    let small = if stream.len() < STEP_BYTES / 4 { pieces(&stream) } else { large };
    assert_eq!(steps(&small), whole);
    let kept: usize = whole.2.values().map(|out| out.bytes.len()).sum();
    assert!(kept <= ANSWER_BYTES && whole.2.keys().all(|step| *step < STEPS));
    for out in whole.2.values() {
        assert!(out.bytes.len() <= STEP_BYTES && (out.too_much.is_none() || out.bytes.is_empty()));
    }
}

fn lines_of(pieces: &[&[u8]]) -> Vec<String> {
    let mut lines = Lines::default();
    let fed: Vec<String> = pieces.iter().flat_map(|piece| lines.feed(piece)).collect();
    fed.into_iter().chain(lines.take()).collect()
}

fn lines(data: &[u8]) {
    let whole = lines_of(&[data]);
    assert_eq!(lines_of(&pieces(data)), whole);
    for line in &whole {
        is_safe("a line", line);
        assert!(!line.trim().is_empty() && line.len() <= 8000);
        join_progress(line);
    }
}

/// The sections of a recorded probe, one of them as often as it is in there.
fn sections(data: &[u8]) -> BTreeMap<&'static str, SectionOutput> {
    let mut sections: BTreeMap<&'static str, SectionOutput> = BTreeMap::new();
    let mut current = None;
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let head = line.strip_prefix(b"== ").and_then(|head| std::str::from_utf8(head).ok());
        let head = head.and_then(|head| head.trim_end().split_once(' '));
        let begins = head.and_then(|(name, status)| {
            let section = Section::ALL.into_iter().find(|section| section.name() == name)?;
            Some((section.name(), status.parse().ok()?))
        });
        if let Some((name, status)) = begins {
            sections.insert(name, SectionOutput { status, ..SectionOutput::default() });
            current = Some(name);
        } else if let Some(out) = current.and_then(|name| sections.get_mut(name)) {
            out.bytes.extend_from_slice(line);
        }
    }
    sections
}

fn measured(data: &[u8]) {
    let seen = facts(&sections(data));
    let json = serde_json::to_string(&seen).expect("a map has text for keys");
    is_safe_value("facts", &seen);
    // Each line is at most made into a few texts; keys and reasons come to it.
    assert!(json.len() <= 16 * data.len() + (32 << 10), "{} bytes of {}", json.len(), data.len());
    let kept = Facts { containerd_config: Fact::default(), containerd_default_config: Fact::default(), ..seen.clone() };
    assert_eq!(serde_json::from_str::<Facts>(&json).expect("what is written can be read"), kept);
    is_safe_value("findings", &findings(&seen));
    is_safe("standing", &standing(&seen, None, None).why());
    is_safe("verdict", &format!("{:?}", verdict(&seen, Scope::Everything)));
}

fn cause(data: &[u8]) {
    let lines = lines_of(&[data]);
    let found = diagnosis(&lines);
    is_safe("a diagnosis", &found.to_string());
    assert!(found.to_string().len() <= 8000, "a sentence, and no dump");
    let why = reason(&lines);
    is_safe("a reason", &why);
    assert!(!why.trim().is_empty() && why.len() <= 64 + lines.iter().map(|line| line.len() + 2).sum::<usize>());
    for line in &lines {
        assert!(message(line).len() <= line.len());
    }
}

fn text(data: &[u8]) {
    let shown = clean(data);
    is_safe("clean text", &shown);
    assert!(shown.chars().count() <= 1000);
    assert_eq!(clean(&shown), shown);
    let text = String::from_utf8_lossy(data);
    clean_lines(&text).for_each(|line| is_safe("a clean line", &line));
    for text in [&*text, &shown] {
        let masked = mask_secrets(text);
        assert_eq!(mask_secrets(&masked), masked, "a second look finds more in {text:?}");
        assert!(masked.len() <= 4 * text.len());
    }
    let secret = "q7q7z9z9k3k3m1m1";
    if !text.contains(secret) {
        let masked = mask_secrets(&format!("{text}\ntoken abcdef.{secret}\n{text}"));
        assert!(!masked.contains(secret), "{masked:?}");
    }
}

/// What else is asked of nodes and of the control plane.
fn answers(data: &[u8]) {
    let (first, bytes) = data.split_first().unwrap_or((&0, &[]));
    let status = [0, 0, 1, 64][usize::from(first % 4)];
    let output = SectionOutput { bytes: bytes.to_vec(), status, too_much: None };
    is_safe_value("an API view", &api_view("10.0.0.1:6443", &output));
    match phase_on_node(&output) {
        Ok(Some(PhaseOnNode { id, what, since, boot_id, note, .. })) => {
            for text in [id, what, since, boot_id] {
                is_safe("a phase", &text);
            }
            match note {
                Ok(note) => is_safe_value("a note", &note),
                Err(why) => is_safe("a note", &why),
            }
        }
        Ok(None) => {}
        Err(why) => is_safe("a phase", &why),
    }
    let text = String::from_utf8_lossy(bytes);
    is_safe_value("a Node", &node_object(&text, status));
    assert!(!is_no_such_node(&text) || text.contains("(NotFound)"));
    is_safe_value("defaults", &cluster_defaults(&text));
    for request in pending_requests(&text, "node1") {
        is_safe("a request", &request);
    }
}

fn inventory(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match kfleet::inventory::parse("inventory.yaml", &text, Path::new("/root")) {
        Ok(inventory) => {
            let names: BTreeSet<&str> = inventory.nodes.iter().map(|node| node.name.as_str()).collect();
            assert!(!names.is_empty() && names.len() == inventory.nodes.len(), "names are there, and each once");
        }
        Err(error) => error.to_string().lines().for_each(|line| is_safe("a drawing", line)),
    }
}

fn join_command(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match JoinCommand::parse(&text) {
        Ok(command) => {
            let again = format!(
                "kubeadm join {} --token {} --discovery-token-ca-cert-hash {}",
                command.endpoint.as_str(),
                command.token.reveal(),
                command.ca_hashes.join(",")
            );
            let again = JoinCommand::parse(&again).expect("what was read can be written");
            assert_eq!(
                (&again.endpoint, &again.token, &again.ca_hashes),
                (&command.endpoint, &command.token, &command.ca_hashes)
            );
            assert!(!format!("{command:?}").contains(command.token.reveal()), "it hides itself");
        }
        Err(error) => {
            let said = error.to_string();
            is_safe("a refusal", &said);
            let is_part = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_alphanumeric());
            let words = said.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '.');
            for (id, secret) in words.filter_map(|word| word.split_once('.')) {
                assert!(!is_part(id, 6) || !is_part(secret, 16), "a token is repeated: {said}");
            }
        }
    }
}

/// containerd's config, present and default, with a line `==` between them.
fn containerd(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (present, default) =
        text.split_once("\n==\n").map_or((&*text, None), |(present, default)| (present, Some(default)));
    if let Some(setup) = containerd_setup(present) {
        is_safe_value("a setup", &setup);
    }
    disables_cri(present);
    match with_systemd_cgroup(Some(present), default) {
        Ok(config) => {
            assert!(!disables_cri(&config), "CRI is disabled still");
            assert!(containerd_setup(&config).is_some(), "it is no TOML any more");
            assert_eq!(with_systemd_cgroup(Some(&config), default).as_deref(), Ok(&*config), "once more changes it");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A journal as it lies on a disk: `events.ndjson`, or a `run.json`.
fn journal(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let run = "20260131t235959z-0a1b2c".parse().expect("a run id");
    if let Err(why) = read_record(&text, &run) {
        is_safe("why a record cannot be read", &why.to_string());
    }
    let mut events = Vec::new();
    let unread = read_events(&mut &*data, |event| events.push(event)).expect("bytes can be read");
    let mut names: Vec<NodeName> = events.iter().filter_map(|event| event.kind.node().cloned()).collect();
    names.extend(events.iter().flat_map(|event| match &event.kind {
        Kind::RunStarted { nodes, .. } | Kind::Braked { nodes, .. } => nodes.clone(),
        _ => Vec::new(),
    }));
    let story = Story::read(&mut &*data, &names).expect("bytes can be read");
    assert!(story.unread <= unread, "the story cannot read more than there is");
    let last = events.iter().map(|event| event.at_ms).max().unwrap_or_default();
    assert!(story.last_ms >= last);
    let changed = |event: &Event| match &event.kind {
        Kind::PhaseStarted { node, phase, .. } => phase.changes() && !story.begun.contains(node),
        _ => false,
    };
    assert!(!events.iter().any(changed), "what was begun is known");
    let (mut masking, mut transcript, mut seen) = (Masking::new(&names), Transcript::default(), LastSeen::default());
    for event in &events {
        let masked = masking.mask(event);
        let kept = masked.kind != Kind::Unknown || event.kind == Kind::Unknown;
        assert!(kept && masked.at_ms == event.at_ms, "nothing is lost by its mask: {event:?}");
        for (_, line) in transcript.lines(&masked) {
            is_safe("a transcript", &line);
        }
        seen.event(event);
    }
    run_unfinished(&seen.unfinished(), None).lines().for_each(|line| is_safe("a list", line));
    summary(&story.reports, None, Style::default()).lines().for_each(|line| is_safe("a summary", line));
}
