//! The README keeps its word: every command in it is one that kfleet takes, every script is there, every inventory is
//! right, and its table of exit codes is that of `--help`.

#[path = "support/markdown.rs"]
mod markdown;

use assert_cmd::Command;
use clap::Parser;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const README: &str = include_str!("../README.md");
const EXAMPLE: &str = "inventory.example.yaml";

/// The code blocks marked with `language`, indented ones too.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<(bool, String)> = None;
    for line in README.lines() {
        match (line.trim_start().strip_prefix("```"), &mut block) {
            (Some(mark), None) => block = Some((mark == language, String::new())),
            (Some(_), Some(_)) => blocks.extend(block.take().filter(|(wanted, _)| *wanted).map(|(_, text)| text)),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(!blocks.is_empty(), "the README shows no {language}");
    blocks
}

/// Each command line shown, as a shell would split it; comments dropped.
fn commands() -> Vec<Vec<String>> {
    let lines = blocks("sh").join("");
    let words = lines.lines().map(|line| shlex::split(line).unwrap_or_else(|| panic!("no shell reads this: {line}")));
    words.filter(|words| !words.is_empty()).collect()
}

fn kfleet() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kfleet"));
    command.env_remove("KFLEET_INVENTORY").env_remove("KFLEET_JOIN_COMMAND");
    command
}

#[test]
fn every_kfleet_command_is_understood() {
    let commands: Vec<_> = commands().into_iter().filter(|words| words[0] == "kfleet").collect();
    assert!(commands.len() >= 10, "the README's commands cannot be read: {commands:?}");
    for words in &commands {
        let cli = kfleet::cli::Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        if let kfleet::cli::Command::Join(join) = &cli.command
            && let Some(command) = &join.join_command
        {
            kfleet::model::JoinCommand::parse(command).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        }
    }
    for subcommand in
        ["join", "reset", "status", "diagnose", "explain", "inventory", "runs", "script", "attach", "stop"]
    {
        assert!(commands.iter().any(|words| words[1] == subcommand), "the README never shows `kfleet {subcommand}`");
    }
}

#[test]
fn commands_that_need_no_node_run() {
    let is_local = |words: &Vec<String>| {
        words[0] == "kfleet" && matches!(words[1].as_str(), "explain" | "inventory" | "runs" | "script")
    };
    let local: Vec<_> = commands().into_iter().filter(is_local).collect();
    assert!(local.len() >= 6);
    let state = tempfile::tempdir().unwrap(); // with the run that the README speaks of
    std::fs::create_dir(state.path().join("kfleet")).unwrap();
    let runs = Path::new("tests/fixtures/journal/schema-1").canonicalize().unwrap();
    std::os::unix::fs::symlink(runs, state.path().join("kfleet/runs")).unwrap();
    for words in local {
        let mut command = kfleet();
        command.env("XDG_STATE_HOME", state.path());
        command.args(&words[1..]).args(["--inventory", EXAMPLE]).assert().success();
    }
}

#[test]
fn everything_else_that_is_shown_is_there() {
    for words in commands().iter().filter(|words| words[0] != "kfleet") {
        let script = words.iter().map(|word| word.trim_start_matches("./")).find(|word| word.starts_with("scripts/"));
        match (words[0].as_str(), script) {
            ("cargo", None) => assert_eq!(words[1..], ["install", "--locked", "--path", "."]),
            (_, Some(script)) => {
                let mode = std::fs::metadata(script).unwrap_or_else(|e| panic!("{script}: {e}")).permissions().mode();
                assert_eq!(mode & 0o111, 0o111, "{script} cannot be executed");
            }
            _ => panic!("what does the README show here? {words:?}"),
        }
    }
    for link in README.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        match link.strip_prefix('#') {
            Some(anchor) => {
                let there = README.to_lowercase().replace(' ', "-").contains(&format!("#-{anchor}\n"));
                assert!(there, "no heading for {link}");
            }
            None => assert!(Path::new(link).exists(), "{link} is not there"),
        }
    }
    assert!(Path::new(EXAMPLE).exists() && README.contains(EXAMPLE));
}

#[test]
fn every_cause_is_told() {
    for cause in kfleet::model::Cause::ALL {
        assert!(README.contains(&format!("`{cause}`")), "{cause} is not in README.md");
    }
}

#[test]
fn every_outcome_is_told() {
    for outcome in kfleet::model::Outcome::ALL.into_iter().filter(|o| *o != kfleet::model::Outcome::Unknown) {
        let word = serde_json::to_value(outcome).unwrap();
        let word = word.as_str().unwrap();
        assert!(markdown::section(README, "JSON").contains(&format!("`{word}`")), "{word} is not in README.md");
    }
}

#[test]
fn every_inventory_is_right() {
    for text in blocks("yaml") {
        let inventory = kfleet::inventory::parse("README.md", &text, Path::new("/root"));
        let inventory = inventory.unwrap_or_else(|error| panic!("{error}"));
        // those who copy the short one are not told other addresses by the long one
        let example = std::fs::read_to_string(EXAMPLE).unwrap();
        let example = kfleet::inventory::parse(EXAMPLE, &example, Path::new("/root")).unwrap();
        let known = |node: &kfleet::model::Node| {
            example
                .nodes
                .iter()
                .any(|n| n.name == node.name && n.access.host == node.access.host && n.role == node.role)
        };
        assert!(inventory.nodes.iter().all(known), "{text}");
    }
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let rows = markdown::table(markdown::section(README, "Exit codes"));
    let table: Vec<String> = rows.iter().map(|cells| cells.join(" ")).collect();
    let help = kfleet().arg("--help").assert().success().get_output().stdout.clone();
    let help = String::from_utf8(help).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let listed =
        help.split("Exit codes: ").nth(1).and_then(|rest| rest.split('.').next()).expect("the help lists them");
    assert_eq!(table.join(", "), listed);
}

#[test]
fn the_levels_are_those_of_the_program() {
    let section = markdown::section(README, "Commands");
    let levels: Vec<&str> = markdown::table(section).iter().map(|cells| cells[0]).collect();
    assert_eq!(levels, kfleet::model::Level::ALL.map(kfleet::model::Level::word));
}

#[test]
fn what_is_said_of_protected_paths_holds() {
    for path in kfleet::model::ProtectedPath::always() {
        let sentence = markdown::section(README, "What it never does");
        assert!(sentence.contains(path.as_str()), "the README does not name {path}");
    }
    for path in [EXAMPLE, "./inventory.yaml", "./nodes.yaml", "kfleet/inventory.yaml", "$KFLEET_INVENTORY"] {
        assert!(README.contains(path), "the README does not say that {path} is read");
    }
}

/// Who reads JSON finds each field of a status in the README.
#[test]
fn every_fact_in_json_is_in_the_readme() {
    let section = README.split("\n## JSON\n").nth(1).expect("it has this section").split("\n## ").next().unwrap();
    let facts = serde_json::to_value(kfleet::model::Facts::default()).unwrap();
    let keys = facts.as_object().unwrap().keys();
    let missing: Vec<&String> = keys.filter(|key| !section.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
