//! What a node says after a failed join, in every shell, and how long it lets kubeadm try.

use super::firewall::in_namespace;
use super::support::{SHELLS, run};

const LIBRARY: &str = concat!(
    include_str!("../../src/plan/sh/common.sh"),
    include_str!("../../src/plan/sh/journal.sh"),
    include_str!("../../src/plan/sh/join.sh")
);

fn complaints(journal: &str) -> String {
    let script = format!("set -u\n{LIBRARY}\ncomplaints\n");
    let mut answers = SHELLS.map(|shell| run(shell, &["-c", &script], journal.as_bytes()).stdout).to_vec();
    let busybox = format!("set -u\nawk() {{ busybox awk \"$@\"; }}\n{LIBRARY}\ncomplaints\n");
    answers.push(run(SHELLS[0], &["-c", &busybox], journal.as_bytes()).stdout);
    answers.dedup();
    assert_eq!(answers.len(), 1, "shells and tools differ: {answers:?}");
    String::from_utf8(answers.remove(0)).unwrap()
}

#[test]
fn complaints_are_the_last_distinct_ones_without_their_clocks() {
    let journal = "\
I1122 15:13:58.092101     287 server.go:416] Version: v1.20.2
F1122 15:13:58.092553     287 server.go:269] failed to run Kubelet: no swap, please
goroutine 1 [running]:
      --pod-cidr string   The CIDR, only used in standalone mode
E1122 15:14:08.361388     296 kubelet.go:2243] node \"n\" not found after 11 s
W1122 15:14:08.361388     296 server.go:5] standalone mode, no API client
E1122 15:14:09.361388     297 kubelet.go:2243] node \"n\" not found after 12 s
Error: failed to parse kubelet flag: unknown flag: --x
kubelet.service: Main process exited, code=exited, status=255/EXCEPTION
kubelet.service: Main process exited, code=exited, status=203/EXEC
";
    assert_eq!(
        complaints(journal),
        "\
kubelet: failed to run Kubelet: no swap, please
kubelet: standalone mode, no API client
kubelet: node \"n\" not found after 12 s
kubelet: Error: failed to parse kubelet flag: unknown flag: --x
kubelet: kubelet.service: Main process exited, code=exited, status=203/EXEC
"
    );
    assert_eq!(complaints(""), "kubelet: no complaint in the 0 lines of its journal since the join began\n");
}

#[test]
fn complaints_are_bounded() {
    let line = |n: usize| format!("E1122 15:13:58.092553     287 x.go:1] {}{}\n", "word ".repeat(200), "x".repeat(n));
    let said = complaints(
        &(1..50).map(|n| format!("E1122 15:13:58.0     287 x.go:1] {}\n", "x".repeat(n))).collect::<String>(),
    );
    assert_eq!(said.lines().count(), 12);
    assert!(said.ends_with(&format!(" {}\n", "x".repeat(49))), "{said}");
    assert!(complaints(&line(1)).len() < 520);
}

#[test]
fn a_join_ends_in_time_and_leaves_no_file_with_the_token() {
    // In namespaces of its own: the configuration is written below /run.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/plan/sh");
    let tools = r#"mount -t tmpfs x /run; mkdir /run/bin; PATH=/run/bin:$PATH; CONFIGURATION=secret; set +e
        tool() { { echo '#!/bin/sh'; cat; } >"/run/bin/$1"; chmod +x "/run/bin/$1"; }
        echo 'echo "asked: $*" | sed "s/--since.*/--since/"' | tool journalctl
        echo 'echo ActiveState=active; echo SubState=running' | tool systemctl
        joins() { JOIN_SECONDS=$1; tool kubeadm; join_cluster; echo "status $? $(ls /run/kfleet)"; }"#;
    let Some(said) = in_namespace(&format!(
        r#"
. {folder}/journal.sh
. {folder}/join.sh
{tools}
echo 'cat "$3"' | joins 60
echo 'echo no; exit 3' | joins 60
echo 'sleep 30' | joins 1
echo 'trap "" TERM; sleep 1; sleep 1; exit 5' | joins 1
"#
    )) else {
        return;
    };
    let of_kubelet = "kubelet: no complaint in the 1 lines of its journal since the join began\n\
                      kubelet: unit: ActiveState=active SubState=running \n";
    let expected =
        format!("secret\nstatus 0 \nno\n{of_kubelet}status 3 \n{of_kubelet}status 124 \n{of_kubelet}status 124 \n");
    assert_eq!(said, expected);
}

#[test]
fn without_a_journal_that_is_said() {
    let script = format!(
        "set -u\n{LIBRARY}\ncommand() {{ return 1; }}\ntimeout() {{ echo ActiveState=failed; }}\nkubelet_says 5\n"
    );
    for shell in SHELLS {
        let said = String::from_utf8(run(shell, &["-c", &script], b"").stdout).unwrap();
        assert!(said.starts_with("kfleet: what kubelet says is unknown: journalctl is not on the node\n"), "{said}");
        assert!(said.contains("kubelet: unit: ActiveState=failed"), "{shell:?}: {said}");
    }
}
