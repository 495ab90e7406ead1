//! The digest of the kubelet's journal, in every shell and with each awk.

use super::support::{SHELLS, run};

const LIBRARY: &str = include_str!("../../src/plan/sh/journal.sh");

fn digest(journal: &str) -> String {
    let script = format!("set -u\n{LIBRARY}\ndigest\n");
    let mut answers = SHELLS.map(|shell| run(shell, &["-c", &script], journal.as_bytes()).stdout).to_vec();
    let busybox = format!("set -u\nawk() {{ busybox awk \"$@\"; }}\n{LIBRARY}\ndigest\n");
    answers.push(run(SHELLS[0], &["-c", &busybox], journal.as_bytes()).stdout);
    answers.dedup();
    assert_eq!(answers.len(), 1, "shells and tools differ: {answers:?}");
    String::from_utf8(answers.remove(0)).unwrap()
}

/// As kubelet 1.20.2 says it when it starts: the failed garbage collection and the event about it, at once.
fn looks(at: u64, pid: u64) -> String {
    format!(
        "{at}.100000 n kubelet[{pid}]: E1124 15:10:55.1     {pid} kubelet.go:1218] Image garbage collection failed once. Stats initialization may not have completed yet: invalid capacity 0 on image filesystem\n\
         {at}.200000 n kubelet[{pid}]: I1124 15:10:55.2     {pid} event.go:291] \"Event occurred\" message=\"invalid capacity 0 on image filesystem\"\n"
    )
}

#[test]
fn each_kubelet_is_told_with_its_looks_at_the_image_filesystem() {
    let journal = [
        "1000.5 n systemd[1]: Started kubelet: The Kubernetes Node Agent.\n".to_owned(),
        looks(1001, 70),
        "1002.5 n systemd[1]: kubelet.service: Main process exited, code=exited, status=203/EXEC\n".to_owned(),
        looks(1013, 71),
        looks(1313, 71),
        looks(1613, 71),
        "1700.0 n kubelet[71]: I1124 15:22:00.0      71 x.go:1] \"calm\"\n".to_owned(),
    ];
    let expected = "\
lines 11
start 70 1001 1001 1 1001 1001
start 71 1013 1700 3 1013 1613
said 1 1002 1 kubelet.service: Main process exited, code=exited, status=203/EXEC
said 4 1613 71 Image garbage collection failed once. Stats initialization may not have completed yet: invalid capacity 0 on image filesystem
";
    assert_eq!(digest(&journal.concat()), expected);
}

#[test]
fn ids_that_each_try_has_anew_make_no_new_complaint() {
    let line = |second: u32, id: &str| {
        format!(
            "{second}.0 n kubelet[7]: E1122 15:13:58.1 7 x.go:1] failed to setup network for sandbox \"{id}\": failed to find plugin \"calico\"\n"
        )
    };
    let ids = [
        "c42e2f097667962af8cfcb0dec8b8c85",
        "0a84f19e-7bbb-4f0e-9a53-0f8f2f5a7f11",
        "fd70ddff67e7c06c6c7248cce13dac7a",
    ];
    let journal: String = (1..).zip(ids).map(|(second, id)| line(second, id)).collect();
    let said = digest(&journal);
    assert_eq!(said.lines().filter(|line| line.starts_with("said ")).count(), 1, "{said}");
    let other = digest(&(line(1, ids[0]) + &line(2, "web")));
    assert_eq!(other.lines().filter(|line| line.starts_with("said ")).count(), 2, "{other}");
}

#[test]
fn a_digest_is_bounded_and_reads_over_what_it_does_not_know() {
    assert_eq!(digest(""), "lines 0\n");
    assert_eq!(digest("-- Boot 3f --\n      --pod-cidr string  The CIDR\n\n1000.0 n\n"), "lines 4\n");
    let many: String = (1..400)
        .map(|n| {
            format!("{n}.0 n kubelet[{n}]: E1124 15:10:55.1     9 x.go:1] {}{}\n", "word ".repeat(n % 7), "x".repeat(n))
        })
        .collect();
    let said = digest(&many);
    assert_eq!(said.lines().filter(|line| line.starts_with("start ")).count(), 50);
    assert_eq!(said.lines().filter(|line| line.starts_with("said ")).count(), 20);
    assert!(said.lines().all(|line| line.len() < 540), "{said}");
    let hostile = "1.0 n kubelet[1]: E1124 15:10:55.1     9 x.go:1] start 9 9 9 9\\nlines 7 %s $(reboot)\n";
    assert_eq!(digest(hostile), "lines 1\nstart 1 1 1 0 0 0\nsaid 1 1 1 start 9 9 9 9\\nlines 7 %s $(reboot)\n");
}

#[test]
fn containerds_errors_are_told_once_and_without_their_times() {
    let journal = r#"time="2026-11-24T15:10:55Z" level=info msg="skip loading plugin \"io.containerd.snapshotter.v1.btrfs\"..." error="path: skip plugin" type=x
time="2026-11-24T15:10:55Z" level=warning msg="failed to load plugin" error="invalid database" id=io.containerd.metadata.v1.bolt
time="2026-11-24T15:10:56Z" level=error msg="failed to open 17"
time="2026-11-24T15:10:57Z" level=error msg="failed to open 18"
containerd: failed to load TOML: /etc/containerd/config.toml: expected version
"#;
    let expected = r#"level=warning msg="failed to load plugin" error="invalid database" id=io.containerd.metadata.v1.bolt
level=error msg="failed to open 18"
containerd: failed to load TOML: /etc/containerd/config.toml: expected version
"#;
    let script = format!("set -u\n{LIBRARY}\ncontainerd_complaints\n");
    for shell in SHELLS {
        let said = String::from_utf8(run(shell, &["-c", &script], journal.as_bytes()).stdout).unwrap();
        assert_eq!(said, expected);
    }
}
