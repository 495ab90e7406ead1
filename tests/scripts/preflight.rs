//! What the library reads of certificates and of an API server's answers, in every shell.

use super::support::{SHELLS, run};

const PREFLIGHT: &str = include_str!("../../src/plan/sh/preflight.sh");
const API_VIEW: &str =
    concat!(include_str!("../../src/plan/sh/common.sh"), include_str!("../../src/plan/sh/api_view.sh"));
const CERTIFICATE: &str = include_str!("../fixtures/certificates/kubelet-client.pem");

/// What `script` prints, given `input`; the same in all shells.
fn say(script: &str, input: &str) -> String {
    let answers = SHELLS.map(|shell| {
        let output = run(shell, &["-c", &format!("set -u\n{script}\n")], input.as_bytes());
        assert!(output.status.success(), "{shell:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    answers[0].clone()
}

#[test]
fn a_private_key_never_leaves_the_node() {
    let certificates = format!("{PREFLIGHT}\ncertificates");
    let key = "-----BEGIN EC PRIVATE KEY-----\nSECRET\n-----END EC PRIVATE KEY-----\n";
    assert_eq!(say(&certificates, &format!("{CERTIFICATE}{key}")), CERTIFICATE);
    assert_eq!(say(&certificates, &format!("{key}{CERTIFICATE}{CERTIFICATE}")), format!("{CERTIFICATE}{CERTIFICATE}"));
    let cut_off: String = CERTIFICATE.lines().take(3).map(|line| format!("{line}\n")).collect();
    assert_eq!(say(&certificates, &format!("{cut_off}{key}")), "", "a certificate without an end");
    assert_eq!(say(&certificates, &format!("{cut_off}{key}{CERTIFICATE}")), CERTIFICATE);
    assert_eq!(say(&certificates, &format!("{cut_off}{}", key.replace("-----BEGIN EC PRIVATE KEY-----\n", ""))), "");
}

/// With a curl that gives recorded answers.
fn view(token: &str, more: &str) -> String {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/api-view");
    let stand_ins = format!(
        "sleep() {{ :; }}
timeout() {{ shift 3; \"$@\"; }}
systemctl() {{ :; }}
date() {{ echo 1795387491; }}
curl() {{
  for url in \"$@\"; do :; done
  case $url in
    https://10.0.0.1:6443/version) cat '{fixtures}/curl-version.http' ;;
    *) cat '{fixtures}/curl-cluster-info.http' ;;
  esac
}}
{more}
TOKEN={token} ENDPOINT=10.0.0.1:6443
api_view </dev/null"
    );
    say(&format!("{API_VIEW}\n{stand_ins}"), "")
}

#[test]
fn an_api_server_is_asked_for_the_public_half_of_a_token() {
    let alive = view("abcdef", "");
    for line in [
        "tool=curl",
        "status=200",
        "version=v0.0.0-master+faecb196815e2",
        "date=Sun, 22 Nov 2026 22:44:51 GMT",
        "token=1",
    ] {
        assert!(alive.lines().any(|l| l == line), "{line}: {alive}");
    }
    // This one is only among the fields that somebody once wrote.
    assert!(view("000000", "").lines().any(|l| l == "token=0"));
    assert!(view("nosuch", "").lines().any(|l| l == "token=0"));
    let refused = "curl() { echo 'curl: (7) Failed to connect: Connection refused'; return 7; }";
    let refused = view("abcdef", refused);
    assert!(refused.contains("said=curl: (7) Failed to connect: Connection refused"), "{refused}");
    assert!(!refused.contains("token="), "{refused}");
    let hidden = "curl() { case $* in */version) cat /dev/null; echo 'HTTP/1.1 403 Forbidden' ;; *) echo 'HTTP/1.1 403 Forbidden' ;; esac; }";
    assert!(view("abcdef", hidden).contains("info_status=403"));
}

#[test]
fn the_proxies_of_systemds_manager_count_and_not_those_of_a_login() {
    let manager = "systemctl() { printf '%s\\n' PATH=/bin HTTPS_PROXY=http://proxy:3128 NO_PROXY=10.0.0.0/8; }
curl() { echo \"HTTP/1.1 200 OK\"; echo \"date: $HTTPS_PROXY $NO_PROXY ${https_proxy-none}\" >&2; }
https_proxy=http://login:1; export https_proxy";
    assert!(view("abcdef", manager).contains("proxy=http://proxy:3128\n"));
    let login = "https_proxy=http://login:1; HTTPS_PROXY=$https_proxy; export https_proxy HTTPS_PROXY";
    assert!(view("abcdef", login).contains("proxy=\n"));
}
