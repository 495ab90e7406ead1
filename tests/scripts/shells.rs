//! Whether real shells take the scripts as they are meant.

use super::support::{NONCE, SHELLS, all, nonce, run};
use kfleet::parse::{Mark, Marks, Part};
use kfleet::shell::{Fragment, Need, Script, Word};
use std::process::Command;

#[test]
fn every_shell_parses_every_script() {
    for (name, script) in all() {
        for shell in SHELLS {
            let output = run(shell, &["-n"], script.real().as_bytes());
            assert!(output.status.success(), "{name} in {shell:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn shellcheck_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // The launcher carries a whole script as one quoted word, which shellcheck takes for forgotten quotes.
    for (name, script) in all().into_iter().filter(|(name, _)| *name != "launch") {
        let file = folder.path().join(name);
        std::fs::write(&file, script.real()).unwrap();
        // 2317, 2329: functions are called by name through `run` and `inside`.
        // 2016: quoted words are data and meant not to expand.
        // 2015: `a && b || c` is meant to run c whichever of a and b failed.
        // 2153: variables of the script and of its library differ in case.
        // 2030, 2031: a loop behind a pipe sets variables for what it calls itself.
        // 2119, 2120: a function that one script calls without arguments takes some in another.
        // 2034: variables are set for library functions that not every script calls.
        let output = Command::new("shellcheck")
            .args(["-s", "sh", "-e", "SC2015,SC2016,SC2030,SC2031,SC2119,SC2120,SC2153,SC2317,SC2329,SC2034"])
            .arg(&file)
            .output();
        let output = output.expect("shellcheck is there; scripts/install-test-deps installs it");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

fn sample() -> Script {
    let touch = |word: &str| {
        Fragment::new("echo \"ran $WHAT\"; cat; (sleep 0.2; echo late >&2) &").var("WHAT", Word::new(word))
    };
    Script::new("sample").step(Need::Required, touch("one")).step(Need::Required, touch("two"))
}

/// Marks as they stand in an output.
fn marks(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let marks = text.lines().filter_map(|line| line.strip_prefix('\x1e')?.strip_prefix(NONCE));
    marks.map(|mark| mark.trim().to_owned()).collect()
}

#[test]
fn a_streamed_script_runs_whole_in_every_shell_and_no_step_reads_the_stream() {
    let script = sample().render(&nonce());
    for shell in SHELLS {
        let output = run(shell, &["-s"], script.real().as_bytes());
        assert_eq!(marks(&output.stdout), ["hello", "begin 0", "end 0 0", "begin 1", "end 1 0", "bye"], "{shell:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("ran one") && text.contains("ran two"), "{text}");
    }
}

#[test]
fn a_script_cut_off_anywhere_runs_no_step() {
    for (script, every) in [(sample(), 16), (sample().answers(), 48)] {
        let script = script.render(&nonce());
        let text = script.real().as_bytes();
        let all_but_newline = text.len() - 1;
        for shell in SHELLS {
            let last = all_but_newline.saturating_sub(60)..all_but_newline;
            for cut in (0..text.len()).step_by(every).chain(last).filter(|cut| *cut < all_but_newline) {
                let output = run(shell, &["-s"], &text[..cut]);
                assert!(
                    !String::from_utf8_lossy(&output.stdout).contains("ran"),
                    "{shell:?} ran a step of the first {cut} bytes"
                );
            }
        }
    }
}

#[test]
fn failures_and_refusals_end_the_script_and_nothing_to_do_does_not() {
    let script = |need, status: u64| {
        let step = Fragment::new("return \"$STATUS\"").var("STATUS", Word::number(status));
        Script::new("sample").step(need, step).step(Need::Required, Fragment::new(":")).render(&nonce())
    };
    for shell in SHELLS {
        for (need, status, goes_on) in [
            (Need::Required, 0, true),
            (Need::Required, 64, true),
            (Need::Required, 1, false),
            (Need::Required, 76, false),
            (Need::Optional, 1, true),
            (Need::Optional, 64, true),
            (Need::Optional, 76, false),
        ] {
            let output = run(shell, &["-s"], script(need, status).real().as_bytes());
            let seen = marks(&output.stdout);
            assert_eq!(seen.iter().any(|m| m == "bye"), goes_on, "{shell:?} {need:?} {status}: {seen:?}");
            assert_eq!(seen.iter().any(|m| m == "stop 0"), !goes_on, "{shell:?} {need:?} {status}: {seen:?}");
            assert!(seen.contains(&format!("end 0 {status}")), "{shell:?}: {seen:?}");
        }
    }
}

#[test]
fn an_answering_step_keeps_its_complaints_back_unless_it_fails() {
    let step = |body| Fragment::new(body);
    let script = Script::new("sample")
        .answers()
        .step(Need::Optional, step("echo fact; echo warning >&2"))
        .step(Need::Optional, step("echo half; echo reason >&2; return 7"))
        .step(Need::Optional, step("return 76"))
        .step(Need::Optional, step("echo more"))
        .render(&nonce());
    for shell in SHELLS {
        let output = run(shell, &["-s"], script.real().as_bytes());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("fact") && !text.contains("warning"), "{shell:?}: {text}");
        assert!(text.contains("half\nreason"), "{shell:?}: {text}");
        assert!(marks(&output.stdout).contains(&"end 1 7".to_owned()), "{shell:?}: {text}");
        assert!(text.contains("more"), "{shell:?}: a refusal ended what only answers: {text}");
    }
}

#[test]
fn an_answering_step_is_cut_where_it_floods_and_ends() {
    let step = |body| Fragment::new(body);
    let script = Script::new("sample")
        .answers()
        .step(Need::Optional, step("exec yes"))
        .step(Need::Optional, step("while :; do echo flood; done"))
        .step(Need::Optional, step("head -c 1048576 /dev/zero | tr '\\0' x"))
        .step(Need::Optional, step("echo half; yes | head -c 3000000 >&2; return 7"))
        .step(Need::Optional, step("trap '' PIPE; head -c 3000000 /dev/zero 2>/dev/null; return 64"))
        .step(Need::Optional, step("echo more"))
        .render(&nonce());
    let most = kfleet::model::STEP_BYTES;
    for shell in SHELLS {
        let output = run(shell, &["-s"], script.real().as_bytes());
        let steps = sizes(&output.stdout);
        let sizes: Vec<usize> = steps.iter().map(|(size, _)| *size).collect();
        assert_eq!(
            [sizes[0], sizes[1], sizes[2], sizes[4], sizes[5]],
            [most + 1, most + 1, most, most + 1, 5],
            "{shell:?}"
        );
        assert!((5..=70_000).contains(&sizes[3]), "{shell:?}: complaints are cut too: {}", sizes[3]);
        let statuses: Vec<i32> = steps.iter().map(|(_, status)| *status).collect();
        assert!(statuses[0] > 128 && statuses[1] > 128, "{shell:?}: SIGPIPE ends both: {statuses:?}");
        assert_eq!(statuses[2..], [0, 7, 64, 0], "{shell:?}");
        assert_eq!(marks(&output.stdout).last().map(String::as_str), Some("bye"), "{shell:?}");
    }
}

/// How much each step printed, and its status.
fn sizes(output: &[u8]) -> Vec<(usize, i32)> {
    let (mut parser, mut size, mut steps) = (Marks::new(NONCE), 0, Vec::new());
    for part in parser.feed(output) {
        match part {
            Part::Bytes(bytes) => size += bytes.len(),
            Part::Mark(Mark::Begin(_)) => size = 0,
            Part::Mark(Mark::End(_, status)) => steps.push((size - 1, status)), // the newline is the mark's
            Part::Mark(_) => {}
        }
    }
    steps
}

#[test]
fn no_library_function_is_defined_twice_in_a_script() {
    for (name, script) in all() {
        let mut seen = std::collections::BTreeSet::new();
        let functions = script.real().lines().filter_map(|line| line.split_once("() {").map(|(name, _)| name));
        let plain = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        for function in functions.filter(plain) {
            assert!(seen.insert(function) || name == "launch", "{name} has two functions called {function}");
        }
    }
}

#[test]
fn a_phase_that_is_asked_to_end_does_so_between_steps_and_says_who_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("halt");
    let path = file.to_str().unwrap();
    let ask = |asks: bool| {
        let body = if asks { "echo 'asked by alice' >\"$FILE\"; false" } else { "echo at work" };
        Fragment::new(body).var("FILE", Word::new(path))
    };
    for (asking, expected) in [
        (None, vec!["begin 0", "end 0 0", "begin 1", "end 1 0", "bye"]),
        (Some(0), vec!["begin 0", "end 0 1", "halt 1"]),
        (Some(1), vec!["begin 0", "end 0 0", "begin 1", "end 1 1", "halt 2"]),
    ] {
        let step = |number| ask(asking == Some(number));
        let script = Script::new("sample").step(Need::Optional, step(0)).step(Need::Optional, step(1)).render(&nonce());
        for shell in SHELLS {
            let _ = std::fs::remove_file(&file);
            let mut with_file = vec!["env".to_owned(), format!("KFLEET_HALT={path}")];
            with_file.extend(shell.iter().map(|word| (*word).to_owned()));
            let words: Vec<&str> = with_file.iter().map(String::as_str).collect();
            let output = run(&words, &["-s"], script.real().as_bytes());
            assert_eq!(marks(&output.stdout)[1..], expected, "{shell:?}");
            let said = String::from_utf8_lossy(&output.stdout).contains("asked by alice");
            assert_eq!((said, output.status.success()), (asking.is_some(), asking.is_none()), "{shell:?}");
            // What is not owned by a node knows no such file.
            let output = run(shell, &["-s"], script.real().as_bytes());
            assert_eq!(marks(&output.stdout).last().map(String::as_str), Some("bye"), "{shell:?}");
        }
    }
}

#[test]
fn waiting_ends_with_success_or_with_the_last_try() {
    let body = "tries=0; third() { tries=$((tries + 1)); [ \"$tries\" -eq 3 ]; }
wait_until 5 0 third; echo \"came: $? after $tries\"
tries=3; wait_until 4 0 third; echo \"never: $? after $tries\"";
    let script = Script::new("sample")
        .library(include_str!("../../src/plan/sh/common.sh"))
        .step(Need::Required, Fragment::new(body))
        .render(&nonce());
    for shell in SHELLS {
        let text = String::from_utf8(run(shell, &["-s"], script.real().as_bytes()).stdout).unwrap();
        assert!(text.contains("came: 0 after 3") && text.contains("never: 1 after 7"), "{shell:?}: {text}");
    }
}
