//! What the library reads from containerd's and crictl's output, in every shell.

use super::support::{SHELLS, run};

const LIBRARY: &str = include_str!("../../src/plan/sh/runtime.sh");

/// What `function` prints of `input`, and its exit status; the same in all shells.
fn read(function: &str, input: &str) -> (String, Option<i32>) {
    let script = format!("set -u\n{LIBRARY}\n{function}\n");
    let answers = SHELLS.map(|shell| {
        let output = run(shell, &["-c", &script], input.as_bytes());
        assert!(output.stderr.is_empty(), "{shell:?}: {}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8_lossy(&output.stdout).trim().to_owned(), output.status.code())
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    answers[0].clone()
}

fn none() -> (String, Option<i32>) {
    (String::new(), Some(0))
}

#[test]
fn the_cgroup_driver_is_read_from_merged_configs() {
    for dump in [
        include_str!("../fixtures/containerd-1.6.20/config-dump.toml"),
        include_str!("../fixtures/containerd-1.7.24/config-dump.toml"),
        include_str!("../fixtures/containerd-2.1.9/config-dump.toml"),
    ] {
        assert_eq!(read("cgroupfs_in_dump", dump), none());
        let runc = ("runc".to_owned(), Some(0));
        assert_eq!(read("cgroupfs_in_dump", &dump.replace("SystemdCgroup = true", "SystemdCgroup = false")), runc);
        assert_eq!(read("cgroupfs_in_dump", &dump.replace("SystemdCgroup = true", "")), runc, "2.1.0 lacks the key");
        let named = dump.replace("runtimes.runc", "runtimes.'my.runc'").replace("SystemdCgroup = true", "");
        assert!(read("cgroupfs_in_dump", &named).0.contains("my.runc"));
        let disabled = dump.replace("disabled_plugins = []", "disabled_plugins = ['io.containerd.grpc.v1.cri']");
        assert!(read("cgroupfs_in_dump", &disabled).0.contains("disabled"));
        // A drop-in of 1.x replaces the section, and the runtime has no type any more.
        let typeless = dump.replace("'io.containerd.runc.v2'", "''").replace("\"io.containerd.runc.v2\"", "\"\"");
        let typeless = typeless.replace("SystemdCgroup = true", "SystemdCgroup = false");
        assert_eq!(read("cgroupfs_in_dump", &typeless), runc);
    }
    assert!(read("cgroupfs_in_dump", "version = 3\n").0.contains("does not have"));
}

#[test]
fn the_cgroup_driver_is_read_from_the_running_containerd() {
    for info in [
        include_str!("../fixtures/containerd-1.6.20/crictl-info-no-cni.json"),
        include_str!("../fixtures/containerd-1.7.24/crictl-info-ready.json"),
        include_str!("../fixtures/containerd-2.1.9/crictl-info-no-cni.json"),
    ] {
        assert_eq!(read("cgroupfs_in_info", info), none());
        let off = info.replace("\"SystemdCgroup\": true", "\"SystemdCgroup\": false");
        assert_eq!(read("cgroupfs_in_info", &off), ("runc".to_owned(), Some(0)));
    }
    assert_eq!(read("cgroupfs_in_info", "{\"status\": {}}").1, Some(2), "an old crictl shows no config");
}

#[test]
fn lists_for_people_name_everything_once() {
    assert_eq!(read("in_a_row", "b\na\nb\n").0, "a, b");
    assert_eq!(read("in_a_row", "one\n").0, "one");
}
