//! What the stand-alone join finds before an attempt, held to the findings of the library, and what its ladder does with it.

use super::support::{SECRET, SHELLS, run};
use kfleet::diagnose::{blockers, findings};
use kfleet::model::{Fact, Facts};
use kfleet::parse::{SectionOutput, api_view};
use std::fs;

const ENDPOINT: &str = "10.0.0.1:6443";

/// What `body` prints behind the script's own parts; the same in all shells. `more` is added to the join command.
fn said(more: &str, body: &str) -> String {
    let library = [
        include_str!("../../src/plan/sh/common.sh"),
        include_str!("../../src/plan/sh/runtime.sh"),
        include_str!("../../src/plan/sh/preflight.sh"),
        include_str!("../../src/plan/sh/join.sh"),
        include_str!("../../src/plan/sh/join_command.sh"),
        include_str!("../../src/plan/sh/alone_look.sh"),
        include_str!("../../src/plan/sh/alone_ready.sh"),
        include_str!("../../src/plan/sh/alone.sh"),
    ]
    .join("\n");
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    let library = library.replace("/etc/kubernetes/", &format!("{here}/etc/"));
    let library = library.replace("/var/lib/kubelet/", &format!("{here}/kubelet/"));
    let hash = "00".repeat(32);
    let command =
        format!("kubeadm join {ENDPOINT} --token abcdef.{SECRET} --discovery-token-ca-cert-hash sha256:{hash} {more}");
    let answers = SHELLS.map(|shell| {
        let text = format!(
            "set -u\nLC_ALL=C\nCRI_SOCKET=x\nHERE={here}\nBASE=$HERE/base\nWANTED={ENDPOINT}\n{library}
sleep() {{ :; }}
timeout() {{ shift 3; \"$@\"; }}
parse_join_command '{command}' && join_configuration kubeadm.k8s.io/v1beta3 >\"$BASE.yaml\" || exit\n{body}\n"
        );
        let file = folder.path().join("script");
        fs::write(&file, text).unwrap();
        let mut words = shell.to_vec();
        words.push(file.to_str().unwrap());
        let output = run(&words, &[], b"");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{shell:?}: {body}");
        String::from_utf8(output.stdout).unwrap()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert!(!answers[0].contains(SECRET), "the token is shown: {}", answers[0]);
    answers[0].clone()
}

/// What blocks a join that no reset cures, by the library's rules, as lines in order.
fn wanted(facts: &Facts, ignored: &[&str]) -> Vec<String> {
    let ignored: Vec<String> = ignored.iter().map(|name| (*name).to_owned()).collect();
    let found = findings(facts);
    let blocking = blockers(&found, &ignored).into_iter().filter(|finding| finding.cured_by.is_none());
    let mut lines: Vec<String> = blocking.map(|finding| format!("{}: {}", finding.cause, finding.remedy)).collect();
    lines.sort();
    lines
}

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn the_api_server_is_judged_as_by_the_library() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/api-view");
    let mut blocked = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|ending| ending != "txt") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let answer = said("", &format!("api_view() {{ cat '{}'; }}\napi_blocks", path.display()));
        if name.ends_with("token-unknown.txt") {
            assert!(
                answer.starts_with("the API server does not know the token abcdef of the join command"),
                "{answer}"
            );
            continue;
        }
        let view = api_view(ENDPOINT, &SectionOutput { bytes: text.into_bytes(), ..SectionOutput::default() });
        let expected = wanted(&Facts { api: view, ..Facts::default() }, &[]);
        assert_eq!(sorted(&answer), expected, "{name}");
        blocked += expected.len();
    }
    assert_eq!(blocked, 12);
    for unknown in [
        "return 64",
        "return 1",
        "echo tool=curl; echo said=something new",
        "echo tool=curl; echo said=",
        "echo proxy=http://p:1; echo 'said=curl: (7) Connection refused'",
        "echo status=200; echo info_status=403; echo token=0",
        "echo status=200; echo info_status=200",
    ] {
        assert_eq!(said("", &format!("api_view() {{ {unknown}; }}\napi_blocks")), "", "{unknown}");
    }
}

#[test]
fn the_machine_is_judged_as_by_the_library() {
    let lines = "ip_forward=0\\nbridge_filter=absent\\nswap=/dev/sda2 /dev/zram0 \\nmemory=0\\n";
    let facts = |version: &str, holder: &str| Facts {
        kubeadm_version: Fact::Known(version.to_owned()),
        files: Fact::Known(Vec::new()),
        ip_forward: Fact::Known(false),
        bridge_filter: Fact::Known(None),
        swap: Fact::Known(vec!["/dev/sda2".to_owned(), "/dev/zram0".to_owned()]),
        memory_cgroup: Fact::Known(false),
        kubelet_port: Fact::Known(Some(holder.to_owned())),
        ..Facts::default()
    };
    for (version, holder, ignored, count) in [
        ("v1.22.17", "socat", &[][..], 5),
        ("v1.23.0", "socat", &[], 4),
        ("v1.30.1", "kubelet", &[], 2),
        ("v1.22.17", "socat", &["swap", "Port-10250"], 3),
        ("v1.22.17", "socat", &["All"], 0),
    ] {
        let more = ignored.iter().map(|name| format!("--ignore-preflight-errors {name}")).collect::<Vec<_>>().join(" ");
        let body = format!(
            "probe_preflight() {{ printf '{lines}'; }}\nprobe_kubelet_port() {{ echo {holder}; }}
kubeadm() {{ echo {version}; }}\napi_view() {{ return 64; }}\nblockers"
        );
        let expected = wanted(&facts(version, holder), ignored);
        assert_eq!(expected.len(), count, "{expected:?}");
        assert_eq!(sorted(&said(&more, &body)), expected, "{version} {holder} {ignored:?}");
    }
    let unified = "probe_preflight() { printf 'ip_forward=1\\nbridge_filter=1\\nswap=\\ncgroup=2\\nmemory=0\\n'; }";
    let held = Facts {
        files: Fact::Known(Vec::new()),
        cgroup_version: Fact::Known(2),
        memory_cgroup: Fact::Known(false),
        ..Facts::default()
    };
    let body = format!(
        "{unified}\nprobe_kubelet_port() {{ return 64; }}\nkubeadm() {{ echo v1.30.1; }}\napi_view() {{ return 64; }}\nblockers"
    );
    assert_eq!(sorted(&said("", &body)), wanted(&held, &[]));
    let fine = "printf 'ip_forward=1\\nbridge_filter=1\\nswap=\\nmemory=1\\n'";
    for measured in [fine, ":", "return 1"] {
        let body = format!(
            "probe_preflight() {{ {measured}; }}\nprobe_kubelet_port() {{ return 64; }}\nkubeadm() {{ return 1; }}\nmachine_blocks"
        );
        assert_eq!(said("", &body), "", "{measured}");
    }
}

/// What the ladder does on a node that looks like `looks`, one after the other; the last one stays.
fn ladder(looks: &str, more: &str) -> String {
    let body = format!(
        "looks='{looks}'
reset_any=no; : >\"$BASE.said\"
look() {{ LOOK=${{looks%% *}} SEEN=\"it is $LOOK\"; looks=${{looks#* }}; }}
has_reported() {{ :; }}
blockers() {{ :; }}
containerd() {{ :; }}
no_reset_helps() {{ return 1; }}
reset_to() {{ reset_any=yes; echo \"did: $1\"; }}
phase_restart() {{ echo 'did: restart'; }}
phase_containerd() {{ echo 'did: containerd'; }}
phase_join() {{ echo 'did: join'; return 1; }}
prove() {{ echo 'did: prove'; }}
{more}
alone_join >\"$BASE.all\"; echo \"end: $?\" >>\"$BASE.all\"; sed -n 's/^did: //p; /^end/p' \"$BASE.all\""
    );
    one_line(&said("", &body))
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_is_reset_that_can_be_woken_or_that_would_not_join_then() {
    for (looks, more, did) in [
        ("member", "", "end: 0"),
        ("stop", "", "end: 1"),
        ("fresh fresh", "phase_join() { echo 'did: join'; }", "join prove end: 0"),
        ("fresh fresh", "", "join gentle join aggressive join end: 1"),
        ("half half", "", "gentle join aggressive join end: 1"),
        ("fresh stop", "", "join end: 1"),
        ("asleep asleep late member", "", "restart end: 0"),
        ("late late waking member", "", "end: 0"),
        ("waking waking unknown member", "", "end: 0"),
        ("unknown unknown late member", "", "end: 0"),
        ("unknown", "", "end: 1"),
        ("unknown half", "", "gentle join aggressive join end: 1"),
        ("late", "", "gentle join aggressive join end: 1"),
        ("asleep asleep half", "", "restart gentle join aggressive join end: 1"),
        ("asleep", "", "restart gentle join restart aggressive join restart end: 1"),
        ("waking", "", "restart gentle join restart aggressive join restart end: 1"),
        ("asleep member half", "has_reported() { return 1; }", "restart gentle join aggressive join end: 1"),
        ("unknown member half", "has_reported() { return 1; }", "end: 0"),
        ("unknown waking member half", "has_reported() { return 1; }", "gentle join aggressive join end: 1"),
        ("fresh late waking unknown member", "", "join end: 0"),
        ("fresh asleep late member", "", "join restart end: 0"),
        ("fresh unknown", "", "join end: 1"),
        ("fresh late fresh", "", "join gentle join aggressive join end: 1"),
        ("asleep", "phase_restart() { return 76; }", "end: 76"),
        ("fresh", "blockers() { echo x; }", "end: 1"),
        ("half", "blockers() { echo x; }", "end: 1"),
        ("asleep half", "blockers() { echo x; }", "restart end: 1"),
        ("fresh half", "blockers() { [ \"$attempt\" -eq 0 ] || echo x; }", "join end: 1"),
        ("fresh", "phase_join() { return 130; }", "end: 130"),
    ] {
        assert_eq!(ladder(looks, more), did, "{looks}; {more}");
    }
}

#[test]
fn a_disabled_cri_is_enabled_before_the_first_attempt_or_refused() {
    let disabled = "containerd() { case \"$*\" in 'config dump') echo 'disabled_plugins = [\"cri\"]' ;; esac; }
choose_containerd_config() { :; }
phase_join() { echo 'did: join'; }\n";
    assert_eq!(ladder("fresh", disabled), "containerd join prove end: 0");
    assert_eq!(ladder("fresh", &format!("{disabled}phase_containerd() {{ return 76; }}")), "end: 76");
    assert_eq!(ladder("fresh", &format!("{disabled}phase_containerd() {{ return 1; }}")), "join prove end: 0");
}

#[test]
fn the_old_node_s_name_is_waited_for_after_a_reset_alone() {
    let taken = "no_reset_helps() { name_is_taken \"$1\" && echo taken; }
joins=0
phase_join() {
  echo 'did: join'
  joins=$((joins + 1))
  [ \"$joins\" -lt LAST ] || return 0
  echo 'a Node with name \"n\" and status \"Ready\" already exists in the cluster.' >\"$BASE.said\"
  return 1
}\n";
    let (third, never) = (taken.replace("LAST", "3"), taken.replace("LAST", "99"));
    assert_eq!(ladder("fresh", &never), "join end: 1");
    assert_eq!(ladder("half", &third), "gentle join join join prove end: 0");
    assert_eq!(ladder("half", &never), "gentle join join join join join join end: 1");

    for (more, names) in [("", &[][..]), ("swap", &["swap"]), ("all", &["all"])] {
        let option = if more.is_empty() { String::new() } else { format!("--ignore-preflight-errors {more}") };
        let text = said(&option, &format!("configuration_for_another_try | sed 's/{SECRET}/x/g'"));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut wanted = vec!["FileAvailable--etc-kubernetes-pki-ca.crt"];
        wanted.extend(names);
        wanted.retain(|name| !names.contains(&"all") || *name == "all");
        assert_eq!(json["nodeRegistration"]["ignorePreflightErrors"], serde_json::json!(wanted), "{text}");
        assert_eq!(json["nodeRegistration"]["criSocket"], "x");
    }
}

#[test]
fn the_last_sentence_says_whether_it_was_reset() {
    let tell = "tell() { echo \"did: $*\"; }\n";
    let hopeless = format!("{tell}no_reset_helps() {{ echo hopeless; }}");
    for (looks, more, sentence) in [
        ("unknown", tell, "a join. It was not reset. end: 1"),
        ("half unknown", tell, "a join. It was reset before this (gentle), and is not reset again. end: 1"),
        ("fresh", &hopeless, "hopeless. It was not reset, as that would not help. end: 1"),
        (
            "half",
            &hopeless,
            "It was reset before this (gentle), and is not reset again, as that would not help. end: 1",
        ),
    ] {
        let did = ladder(looks, more);
        assert!(did.ends_with(sentence), "{looks}: {did}");
    }
}

#[test]
fn a_look_tells_what_may_pass_from_what_is_broken() {
    let named = "client-certificate: $HERE/kubelet/pki/kubelet-client-current.pem";
    let embedded = "client-certificate-data: eA==";
    let node = |ready: &str| format!("printf 'machine_id=m\\nboot_id=b\\nready={ready}\\n'");
    let not_found = |what: &str| format!("echo 'Error from server (NotFound): {what}'; return 1");
    let (ready, not_ready) = (node("True"), node("Unknown"));
    let gone = not_found("nodes \"n\" not found");
    let proxy = not_found("the server could not find the requested resource");
    let silent = "echo 'Unable to connect to the server'; return 1".to_owned();
    for (certificate, node, kubelet, look) in [
        (embedded, &ready, "active", "member"),
        (named, &ready, "active", "member"),
        (named, &ready, "activating", "waking"),
        (named, &ready, "failed", "asleep"),
        (named, &not_ready, "active", "late"),
        (named, &silent, "active", "half"),
        (embedded, &silent, "active", "unknown"),
        (embedded, &proxy, "active", "unknown"),
        (embedded, &gone, "active", "asleep"),
    ] {
        let body = format!(
            "mkdir -p \"$HERE/etc\"
printf '%s\\n' 'server: https://{ENDPOINT}' \"    {certificate}\" >\"$HERE/etc/kubelet.conf\"
cat() {{ case $1 in /etc/machine-id) echo m ;; */boot_id) echo b ;; esac; }}
hostname_override() {{ :; }}
systemctl() {{ echo {kubelet}; }}
kubectl() {{ :; }}
node_object() {{ {node}; }}
look; echo \"$LOOK\""
        );
        assert_eq!(said("", &body).trim(), look, "{certificate} {node} {kubelet}");
    }
}
