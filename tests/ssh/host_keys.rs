//! Host keys: strict, with a remedy, and as OpenSSH's own client judges them.

use super::connect;
use super::server::{Sshd, fingerprint, make_key, public, run};
use kfleet::transport::ConnectError;
use std::fs;
use std::process::{Command, Stdio};

async fn refusal(sshd: &Sshd) -> String {
    match connect(&sshd.node()).await.err() {
        Some(ConnectError::HostKey(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert!(!text.contains('\n'));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_host_is_refused_and_not_recorded() {
    let sshd = Sshd::start();
    sshd.record("");
    let text = refusal(&sshd).await;
    let (port, file) = (sshd.port, sshd.dir().join("known_hosts"));
    holds(
        &text,
        &[
            &format!("the host key of 127.0.0.1:{port} is not known: it offered the ssh-ed25519 key "),
            &fingerprint(&sshd.host_key("ed25519")),
            &format!("{} has no entry for [127.0.0.1]:{port}", file.display()),
            "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` says on the node's console",
            &format!("`ssh-keyscan -t ed25519 -p {port} 127.0.0.1 >> {}`", file.display()),
        ],
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
    // The remedy works as written.
    run("sh", &["-c", &format!("ssh-keyscan -t ed25519 -p {port} 127.0.0.1 2>/dev/null >> {}", file.display())], &[]);
    connect(&sshd.node()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_key_is_refused() {
    let sshd = Sshd::start();
    let other = make_key(sshd.dir(), "other", "ed25519", "");
    let entry = format!("# ours\n[127.0.0.1]:{} {}\n", sshd.port, public(&other));
    sshd.record(&entry);
    let text = refusal(&sshd).await;
    let file = sshd.dir().join("known_hosts");
    holds(
        &text,
        &[
            "has changed",
            &fingerprint(&sshd.host_key("ed25519")),
            "line 2 records another key of that type",
            &format!("`ssh-keygen -R '[127.0.0.1]:{}' -f {}`", sshd.port, file.display()),
            &format!("`ssh-keyscan -t ed25519 -p {} 127.0.0.1 >> {}`", sshd.port, file.display()),
        ],
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), entry);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_although_it_is_recorded() {
    let sshd = Sshd::start();
    sshd.record(&format!("{}\n@revoked * {}\n", sshd.entry("ed25519"), public(&sshd.host_key("ed25519"))));
    holds(&refusal(&sshd).await, &["line 2 marks as revoked", &fingerprint(&sshd.host_key("ed25519"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_recorded_by_one_key_shows_that_one() {
    let sshd = Sshd::with(&["ed25519", "ecdsa", "rsa"], "");
    for kind in ["ed25519", "ecdsa", "rsa"] {
        sshd.record(&sshd.entry(kind));
        connect(&sshd.node()).await.unwrap_or_else(|e| panic!("{kind}: {e}"));
    }
    run("ssh-keygen", &["-H", "-f", sshd.dir().join("known_hosts").to_str().unwrap()], &[]);
    let hashed = fs::read_to_string(sshd.dir().join("known_hosts")).unwrap();
    assert!(hashed.starts_with("|1|"), "{hashed}");
    connect(&sshd.node()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_type_is_told_apart_from_a_changed_one() {
    let sshd = Sshd::start();
    let other = make_key(sshd.dir(), "other", "rsa", "");
    sshd.record(&format!("\n[127.0.0.1]:{} {}\n[127.0.0.1]:{0} ssh-rsa AAAA\n", sshd.port, public(&other)));
    holds(&refusal(&sshd).await, &["only has keys of other types for it (ssh-rsa in line 2)", "line 3 was skipped"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_is_an_error_of_its_own() {
    let sshd = Sshd::start();
    let mut node = sshd.node();
    node.access.known_hosts = "/does/not/exist".into();
    let error = connect(&node).await.err();
    let Some(ConnectError::Local(text)) = error else { panic!("{error:?}") };
    holds(&text, &["/does/not/exist cannot be read (No such file", "ssh-keyscan -p"]);
}

/// The same files, given to the `ssh` command and to us. Two differences are meant, and both make us stricter: at a port
/// other than 22 `ssh` also takes a key recorded for the bare name, and it skips a `@revoked` that a tab follows.
#[tokio::test(flavor = "multi_thread")]
async fn the_ssh_command_judges_the_same() {
    let sshd = Sshd::with(&["ed25519", "rsa"], "");
    let other = public(&make_key(sshd.dir(), "other", "ed25519", ""));
    let (right, rsa) = (public(&sshd.host_key("ed25519")), public(&sshd.host_key("rsa")));
    let name = format!("[127.0.0.1]:{}", sshd.port);
    let files = [
        String::new(),
        format!("{name} {right}"),
        format!("  {name}\t\t{right} some comment"),
        format!("{name} {rsa}\r\n"),
        format!("{name} {other}"),
        format!("{name} {other}\n{name} {right}"),
        format!("{name} {right}\n@revoked * {right}"),
        format!("@revoked {name}\t{right}\n{name} {right}"),
        format!("{name} {right}\n@revoked {name} {other}"),
        format!("{name} {right}\n@revoked other {right}"),
        format!("@cert-authority * {right}"),
        format!("[127.0.0.*]:{} {right}", sshd.port),
        format!("[127.0.0.?]:* {right}"),
        format!("[*,!{name} {right}"),
        format!("!{name},[* {right}"),
        format!("*,!other {right}"),
        format!("!other {right}"),
        format!("a,b,{name},c {right}"),
        format!("[127.0.0.1]:1 {right}"),
        format!("garbage\n{name} ssh-ed25519 AAAA\n{name} {right}"),
        format!("@odd {name} {right}"),
        format!("|1|xxx|yyy {right}\n{name} {right}"),
        format!("# {name} {right}"),
        format!("{name} {rsa}\n{name} {other}"),
    ];
    for file in files {
        sshd.record(&file);
        let theirs = Command::new("ssh")
            .args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no"])
            .args(["-o", "GlobalKnownHostsFile=none", "-o", "IdentitiesOnly=yes", "-o"])
            .arg(format!("UserKnownHostsFile={}", sshd.dir().join("known_hosts").display()))
            .arg("-i")
            .arg(sshd.dir().join("key"))
            .args(["-p", &sshd.port.to_string(), "root@127.0.0.1", "true"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let ours = connect(&sshd.node()).await;
        let words = String::from_utf8_lossy(&theirs.stderr);
        assert_eq!(ours.is_ok(), theirs.status.success(), "{file}\nssh: {words}\nkfleet: {:?}", ours.err());
        assert!(matches!(ours.err(), None | Some(ConnectError::HostKey(_))));
    }
}
