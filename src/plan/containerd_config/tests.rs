use super::*;
use std::fmt::Write;

const DEFAULTS: [&str; 3] = [
    include_str!("../../../tests/fixtures/containerd-1.6.20/config-default.toml"),
    include_str!("../../../tests/fixtures/containerd-1.7.24/config-default.toml"),
    include_str!("../../../tests/fixtures/containerd-2.1.9/config-default.toml"),
];
const ONE_SEVEN: &str = DEFAULTS[1];
const TWO_ONE: &str = DEFAULTS[2];

/// What a patch changed, as lines that went and came, in order.
fn change(before: &str, after: &str) -> String {
    let mut text = String::new();
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && !new[j.min(new.len())..].contains(&old[i]) {
            writeln!(text, "-{}", old[i].trim()).unwrap();
            i += 1;
        } else {
            writeln!(text, "+{}", new[j].trim()).unwrap();
            j += 1;
        }
    }
    text
}

/// Patches, and checks that a second patch finds nothing to do.
fn patched(present: &str, default: Option<&str>) -> String {
    let after = with_systemd_cgroup(Some(present), default).unwrap();
    assert_eq!(with_systemd_cgroup(Some(&after), default).unwrap(), after, "a second time changes nothing");
    after
}

#[test]
fn in_the_defaults_of_containerd_one_line_changes() {
    for default in DEFAULTS {
        let after = with_systemd_cgroup(None, Some(default)).unwrap();
        assert_eq!(change(default, &after), "-SystemdCgroup = false\n+SystemdCgroup = true\n");
        assert_eq!(after, default.replace("SystemdCgroup = false", "SystemdCgroup = true"), "down to the blanks");
        assert_eq!(patched(default, Some(default)), after);
    }
}

#[test]
fn a_default_without_the_key_gets_it_under_the_name_of_its_version() {
    // As 2.1.0 to 2.1.4 print it.
    let without: String = TWO_ONE
        .lines()
        .filter(|line| !line.contains("SystemdCgroup"))
        .fold(String::new(), |text, line| text + line + "\n");
    assert_eq!(change(&without, &patched(&without, Some(&without))), "+SystemdCgroup = true\n");
}

#[test]
fn nvidia_runtimes_mirrors_and_passwords_survive_version_2() {
    let before = include_str!("../../../tests/fixtures/containerd-config/version-2-nvidia.toml");
    insta::assert_snapshot!("nvidia", change(before, &patched(before, Some(ONE_SEVEN))));
    assert_eq!(patched(before, Some(TWO_ONE)), patched(before, Some(ONE_SEVEN)), "containerd 2 migrates it by itself");
}

#[test]
fn version_1_is_patched_for_containerd_1_and_raised_for_containerd_2() {
    let before = include_str!("../../../tests/fixtures/containerd-config/version-1.toml");
    insta::assert_snapshot!("version_1_for_containerd_1", change(before, &patched(before, Some(ONE_SEVEN))));
    insta::assert_snapshot!("version_1_for_containerd_2", change(before, &patched(before, Some(TWO_ONE))));
}

#[test]
fn version_4_is_patched_where_containerd_knows_it_and_its_folders_outlive_a_downgrade() {
    let before = include_str!("../../../tests/fixtures/containerd-config/version-4.toml");
    insta::assert_snapshot!("version_4", change(before, &patched(before, Some("version = 4\n"))));
    let downgraded = patched(before, Some(TWO_ONE));
    assert!(downgraded.contains("root = '/data/containerd'"), "{downgraded}");
    assert!(downgraded.contains("version = 3") && !downgraded.contains("nvidia"), "{downgraded}");
}

#[test]
fn docker_s_config_keeps_all_but_the_disabling_of_cri() {
    let before = "# Docker's\ndisabled_plugins = [\"cri\"]\n#root = \"/x\"\n";
    insta::assert_snapshot!("docker", patched(before, Some(ONE_SEVEN)));
}

#[test]
fn forms_that_toml_allows_are_all_patched() {
    for before in [
        "version = 2\nplugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.runtime_type = \"io.containerd.runc.v2\"\n",
        "version = 2\nplugins = { \"io.containerd.grpc.v1.cri\" = { containerd = { default_runtime_name = \"runc\" } } }\n",
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\ncontainerd.runtimes.runc = { runtime_type = \"io.containerd.runc.v2\" }\n",
        "version = 2\r\n",
    ] {
        let after: DocumentMut = patched(before, None).parse().unwrap();
        let runc = &after["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]["runc"];
        assert_eq!(runc["options"]["SystemdCgroup"].as_bool(), Some(true), "{after}");
        assert_eq!(runc["runtime_type"].as_str(), Some(RUNC));
    }
}

#[test]
fn a_broken_config_gives_way_to_the_default_unless_that_forgets_where_the_data_is() {
    let after = with_systemd_cgroup(Some("not toml"), Some(ONE_SEVEN)).unwrap();
    assert_eq!(Ok(after), with_systemd_cgroup(None, Some(ONE_SEVEN)));
    for broken in ["root = \"/data\"\nnot toml", "not toml\n  'state'=\"/x\""] {
        let error = with_systemd_cgroup(Some(broken), Some(ONE_SEVEN)).unwrap_err().to_string();
        assert!(error.contains("would forget"), "{error}");
    }
    assert!(with_systemd_cgroup(Some("not toml"), None).is_err());
    assert!(with_systemd_cgroup(None, Some("version = 9\n")).is_err());
    assert!(with_systemd_cgroup(Some("version = 2\nplugins = 3\n"), Some(ONE_SEVEN)).is_err());
}
