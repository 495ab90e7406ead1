//! The stand-alone scripts: the checked-in copy, what shells make of them, and whether what they do in shell is what the
//! library does in Rust.

use super::support::{NONCE, SHELLS, node, nonce, run};
use kfleet::model::{Allow, Fact, Facts, JoinCommand, Level, ProtectedPath};
use kfleet::plan::{JoinRequest, alone_join, alone_reset, join, with_systemd_cgroup};
use serde_json::Value;
use std::fs;
use std::process::Command;

const COPY: &str = "scripts/enhanced_kubeadm_join.sh";

fn all() -> Vec<(&'static str, String)> {
    let odd = [ProtectedPath::new("/data/it's $HOME").unwrap()];
    vec![
        ("join", alone_join(&[]).unwrap().render()),
        ("join-odd", alone_join(&odd).unwrap().render()),
        ("reset-gentle", alone_reset(Level::Gentle, &[]).unwrap().render()),
        ("reset-aggressive", alone_reset(Level::Aggressive, &odd).unwrap().render()),
    ]
}

#[test]
fn the_copy_in_the_tree_is_what_is_printed() {
    let printed = alone_join(&[]).unwrap().render();
    let copy = fs::read_to_string(COPY).unwrap();
    assert!(copy == printed, "make it anew: cargo run -- script join >{COPY}");
}

#[test]
fn every_shell_and_shellcheck_take_them_and_no_function_is_there_twice() {
    for (name, text) in all() {
        for shell in SHELLS {
            let output = run(shell, &["-n"], text.as_bytes());
            assert!(output.status.success(), "{name} in {shell:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, &text).unwrap();
        let output = Command::new("shellcheck").arg(&file).output().expect("scripts/install-test-deps installs it");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        let mut seen = std::collections::BTreeSet::new();
        for function in text.lines().filter_map(|line| line.split_once("() {").map(|(name, _)| name)) {
            let plain = function.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            assert!(!plain || seen.insert(function), "{name} has two functions called {function}");
        }
    }
}

/// What the shell prints and ends with for `text` as a file with `arguments`.
fn as_file(shell: &[&str], text: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alone.sh");
    fs::write(&file, text).unwrap();
    let mut command = shell.to_vec();
    command.push(file.to_str().unwrap());
    let output = run(&command, arguments, b"");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

/// Nothing here is a command that would be carried out: the tests may run as root.
const OTHER_RUNTIME: &str = "kubeadm join a:1 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210 --cri-socket /run/crio/crio.sock";

#[test]
fn without_a_right_command_nothing_begins() {
    let (join, reset) = (alone_join(&[]).unwrap().render(), alone_reset(Level::Gentle, &[]).unwrap().render());
    for shell in SHELLS {
        for (text, arguments, code, word) in [
            (&join, &[][..], 2, "sudo sh THIS-FILE \"kubeadm join"),
            (&join, &[""], 2, "Exit codes:"),
            (&join, &["--help"], 0, "Exit codes:"),
            (&join, &["kubeadm join a:1"], 2, "no `--token`"),
            (&join, &["kubeadm", "join", "a:1", "--token", "abcdef.0123456789abcdef"], 2, "ca-cert-hash"),
            (&join, &["-"], 2, "begin with"),
            (&join, &[OTHER_RUNTIME], 2, "only the containerd behind"),
            (&reset, &[], 2, "--yes"),
            (&reset, &["--yes", "please"], 2, "--yes"),
        ] {
            let (ended, said) = as_file(shell, text, arguments);
            assert_eq!(ended, Some(code), "{shell:?} {arguments:?}: {said}");
            assert!(said.contains(word) && !said.contains("0123456789abcdef"), "{shell:?} {arguments:?}: {said}");
        }
        let piped = run(shell, &["-s", "--", "kubeadm join a:1"], join.as_bytes());
        let said = String::from_utf8_lossy(&piped.stderr);
        assert_eq!(piped.status.code(), Some(2), "{said}");
        assert!(said.contains("it must be a file"), "{shell:?}: {said}");
    }
}

#[test]
fn a_file_that_was_cut_off_anywhere_runs_nothing() {
    let text = alone_join(&[]).unwrap().render();
    let whole = text.len() - 1;
    for shell in [SHELLS[0], SHELLS[2]] {
        for cut in (0..whole).step_by(whole / 150).chain(whole - 90..whole) {
            let head = String::from_utf8_lossy(&text.as_bytes()[..cut]).into_owned();
            let (_, said) = as_file(shell, &head, &[]);
            // its usage is all that it does when it is run like this
            assert!(!said.contains("stand-alone join"), "{shell:?} ran something of the first {cut} bytes: {said}");
        }
    }
    assert!(as_file(SHELLS[0], &text[..whole], &[]).1.contains("stand-alone join"), "the whole file does not run");
}

/// What `body` prints behind the parts of the library that it is about.
fn said(shell: &[&str], body: &str) -> String {
    let library = [
        include_str!("../../src/plan/sh/common.sh"),
        include_str!("../../src/plan/sh/runtime.sh"),
        include_str!("../../src/plan/sh/join_command.sh"),
        include_str!("../../src/plan/sh/alone_look.sh"),
    ];
    let text = format!("set -u\nLC_ALL=C\nCRI_SOCKET={}\n{}\n{body}\n", kfleet::model::CRI_SOCKET, library.join("\n"));
    as_file(shell, &text, &[]).1
}

const HASH: &str = "sha256:0123456789abcdef0123456789abcdef0123456789ABCDEF0123456789abcdef";

#[expect(clippy::too_many_lines, reason = "a table")]
fn commands() -> Vec<String> {
    let ok = "kubeadm join a:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash HASH";
    let with = |endpoint: &str| ok.replace("a:6443", endpoint);
    let plus = |rest: &str| format!("{ok} {rest}");
    let mut all = vec![
        ok.to_owned(),
        format!(" sudo  {ok} \n"),
        ok.replace("kubeadm join", "/usr/bin/kubeadm\tjoin"),
        ok.replace(" --disc", " \\\n  --disc"),
        ok.replace(" --disc", " \\\r\n  --disc"),
        ok.replace(" --disc", "\n--disc"),
        ok.replace(" --disc", "\r\n--disc"),
        format!("{ok} \\"),
        format!("{ok} \\\n"),
        ok.replace("--token ", "--token="),
        ok.replace("HASH", "HASH,HASH"),
        ok.replace("HASH", "HASH,"),
        ok.replace("HASH", "sha256:0123"),
        ok.replace("HASH", "SHA256:HASH"),
        ok.replace("HASH", &HASH[7..]),
        ok.replace("HASH", &format!("{HASH}0")),
        ok.replace("HASH", &HASH.replace('f', "g")),
        ok.replace("abcdef.", "ABCDEF."),
        ok.replace("abcdef.", "abcdefg."),
        ok.replace("abcdef.", "abcdef.."),
        ok.replace("kubeadm join", "kubeadm init"),
        ok.replace("kubeadm join", "kubeadm"),
        ok.replace("kubeadm join", "sudo sudo kubeadm join"),
        String::new(),
        "kubeadm join".to_owned(),
        "kubeadm join a:6443 --token".to_owned(),
        "kubeadm join a:6443 abcdef.0123456789abcdef".to_owned(),
        "kubeadm join --abcdef.0123456789abcdef=1".to_owned(),
        ok.replace(" --token abcdef.0123456789abcdef", ""),
        ok.replace(" a:6443", ""),
    ];
    for rest in [
        "--node-name n1",
        "--node-name=a.b-c.d",
        "--node-name=N1",
        "--node-name=a..b",
        "--node-name=-a",
        "--node-name=a-.b",
        "--node-name=",
        "--node-name n1 --node-name n2",
        "--cri-socket unix:///run/x.sock",
        "--cri-socket=",
        "--cri-socket --v",
        "--ignore-preflight-errors Swap,Mem",
        "--ignore-preflight-errors=Swap --ignore-preflight-errors=all",
        "--ignore-preflight-errors=",
        "--ignore-preflight-errors=a,,b,",
        "--v=5",
        "-v 5",
        "--",
        "--control-plane",
        "--control-plane=true",
        "--certificate-key x",
        "--config x",
        "--discovery-token-unsafe-skip-ca-verification",
        "b:6443",
        "; reboot",
        "$(reboot)",
        "`reboot`",
        "| sh",
        "'x'",
        "\"x\"",
        "*",
        "~",
        "ü",
        "\u{b}x",
        "x\\y",
        "#",
        "!",
        "--token 123456.0123456789012345",
    ] {
        all.push(plus(rest));
    }
    all.push(plus(&format!("--node-name {}", "a".repeat(64))));
    all.push(plus(&format!("--node-name {}", ["a"; 127].join("."))));
    all.push(plus(&format!("--node-name {}", ["a"; 128].join("."))));
    for endpoint in [
        "192.168.4.63:6443",
        "a:0",
        "a:00443",
        "a:65535",
        "a:65536",
        "a:99999999999999999999",
        "a:",
        ":1",
        "a",
        "-a:1",
        "a_b:1",
        "a:b:1",
        "[::]:1",
        "[::1]:6443",
        "[fd00::1]:6443",
        "[1:2:3:4:5:6:7:8]:1",
        "[1:2:3:4:5:6:7::]:1",
        "[::2:3:4:5:6:7:8]:1",
        "[1:2:3:4::5:6:7:8]:1",
        "[1::2::3]:1",
        "[:::]:1",
        "[1:]:1",
        "[:1]:1",
        "[12345::]:1",
        "[g::]:1",
        "[1:2:3:4:5:6:7]:1",
        "[::ffff:1.2.3.4]:1",
        "[1:2:3:4:5:6:1.2.3.4]:1",
        "[1:2:3:4:5:6:7:1.2.3.4]:1",
        "[::1.2.3]:1",
        "[::1.2.3.256]:1",
        "[::01.2.3.4]:1",
        "[1.2.3.4::]:1",
        "[]:1",
        "[::1:1",
        "::1]:1",
    ] {
        all.push(with(endpoint));
    }
    all.into_iter().map(|text| text.replace("HASH", HASH)).collect()
}

/// The configuration that Rust makes of a command for this kubeadm.
fn configuration(command: &JoinCommand, kubeadm: &str) -> Option<Value> {
    let facts = Facts { kubeadm_version: Fact::Known(kubeadm.to_owned()), ..Facts::default() };
    let limit = std::time::Duration::from_secs(900);
    let request = JoinRequest { run: "run1", command, facts: &facts, allow: Allow::default(), limit };
    let script = join(&node(), &request).ok()?.render(&nonce());
    assert!(script.real().contains(NONCE));
    let (_, rest) = script.real().split_once("CONFIGURATION='").expect("the join carries it");
    serde_json::from_str(rest.split_once('\'').expect("quoted").0).ok()
}

#[test]
fn both_parsers_agree_and_make_the_same_configuration() {
    let commands = commands();
    assert!(commands.iter().filter(|text| JoinCommand::parse(text).is_ok()).count() > 25);
    let mut body = String::new();
    for text in &commands {
        let word = shlex::try_quote(text).unwrap();
        body.push_str(&format!(
            "if (parse_join_command {word}); then parse_join_command {word}; join_configuration kubeadm.k8s.io/v1beta3; fi; echo @@@\n"
        ));
    }
    for shell in SHELLS {
        let answer = said(shell, &body);
        let answers: Vec<&str> = answers_of(&answer);
        assert_eq!(answers.len(), commands.len(), "{shell:?}: {answer}");
        for (text, answer) in commands.iter().zip(answers) {
            match JoinCommand::parse(text) {
                Ok(command) => {
                    let json: Value =
                        serde_json::from_str(answer).unwrap_or_else(|e| panic!("{shell:?} {text:?}: {e}: {answer}"));
                    assert_eq!(Some(json), configuration(&command, "v1.30.0"), "{shell:?} {text:?}");
                }
                Err(error) => {
                    assert!(
                        answer.starts_with("kfleet: not a worker's join command: "),
                        "{shell:?} takes {text:?} ({error}): {answer}"
                    );
                    assert!(!answer.contains(".0123456789abcdef"), "{shell:?} repeats a token: {answer}");
                }
            }
        }
    }
}

fn answers_of(text: &str) -> Vec<&str> {
    text.trim_end().trim_end_matches("@@@").split("@@@\n").map(str::trim).collect()
}

#[test]
fn kubeadm_s_version_means_the_same() {
    let command = format!("kubeadm join a:1 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash {HASH}");
    let command = JoinCommand::parse(&command).unwrap();
    for version in [
        "v1.14.9",
        "v1.15.0",
        "v1.20.2",
        "v1.21",
        "v1.22.0",
        "v1.30.14",
        "v1.31.0-rc.1",
        "v1.36.2+k3s",
        "1.20",
        "v2.0.0",
        "v1.x",
        "",
    ] {
        let wanted = configuration(&command, version).map(|json| json["apiVersion"].as_str().unwrap().to_owned());
        for shell in SHELLS {
            let got = said(shell, &format!("configuration_version '{version}'"));
            assert_eq!(got.trim(), wanted.as_deref().unwrap_or(""), "{shell:?} {version}");
        }
    }
}

#[test]
fn what_no_reset_cures_is_told_from_what_kubeadm_says() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kubeadm-1.20.2");
    for (name, sentence) in [
        ("join-token-unknown", "the token is not known"),
        ("join-api-unreachable", "does not answer"),
        ("join-preflight-half-joined", ""),
        ("join-preflight-already-joined", ""),
        ("join-preflight-cri", ""),
        ("join-preflight-half-joined-and-cri", ""),
        ("join-kubelet-unhealthy", ""),
    ] {
        for shell in SHELLS {
            let got = said(shell, &format!("WANTED=a:1; no_reset_helps {fixtures}/{name}.txt"));
            assert!(got.contains(sentence) && got.is_empty() == sentence.is_empty(), "{shell:?} {name}: {got}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said");
    for (text, sentence) in [
        ("\t[ERROR FileContent--proc-sys-net-ipv4-ip_forward]: x\n", "FileContent--proc-sys"),
        ("\t[ERROR Mem]: x\n\t[ERROR CRI]: y\n", ""),
        ("error: a Node with name \"n\" and status \"Ready\" already exists in the cluster.\n", "a Node of this name"),
        ("x: none of the public keys \"sha256:00\" are pinned\n", "does not belong"),
        ("x509: certificate has expired or is not yet valid: y\n", "clocks"),
    ] {
        fs::write(&file, text).unwrap();
        let got = said(SHELLS[0], &format!("WANTED=a:1; no_reset_helps {}", file.display()));
        assert!(got.contains(sentence) && got.is_empty() == sentence.is_empty(), "{text}: {got}");
    }
}

#[test]
fn containerd_s_config_gets_the_same_as_from_rust_or_what_containerd_refuses() {
    let mut tried = 0;
    for version in ["1.6.20", "1.7.24", "2.1.9"] {
        let folder = format!("{}/tests/fixtures/containerd-{version}", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(format!("{folder}/config-default.toml")).unwrap();
        let disabled = text
            .replace("disabled_plugins = []", "disabled_plugins = [\"cri\", \"io.containerd.grpc.v1.cri\", \"x.y\"]");
        assert_ne!(text, disabled);
        for text in [text, disabled] {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), &text).unwrap();
            let wanted: toml_edit::DocumentMut =
                with_systemd_cgroup(Some(&text), Some(&text)).unwrap().parse().unwrap();
            for shell in SHELLS {
                let got = said(shell, &format!("with_cri <{} | with_systemd_cgroup", file.path().display()));
                let got: toml_edit::DocumentMut = got.parse().unwrap_or_else(|e| panic!("{shell:?}: {e}: {got}"));
                let plain = |d: &toml_edit::DocumentMut| {
                    d.to_string().split_whitespace().collect::<String>().replace('\'', "\"")
                };
                assert_eq!(plain(&got), plain(&wanted), "{shell:?} {version}");
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 24);
}
