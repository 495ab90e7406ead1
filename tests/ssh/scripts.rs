//! Scripts over a good connection: all of them arrives, all of their output comes back, and nothing waits for anything.

use super::server::{Sshd, eventually};
use super::{connect, output, read_all, read_pid, script, script_with};
use kfleet::model::Become;
use kfleet::transport::{SPOOL_BYTES, Session, SessionError};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Text in which every part is different, so that lost or swapped pieces show.
fn numbers(bytes: usize) -> String {
    let mut text = String::new();
    let mut i = 0;
    while text.len() < bytes {
        let _ = write!(text, "{i} ");
        i += 1;
    }
    text
}

fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| !s.contains(") Z "))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_script_and_a_longer_output_arrive_whole() {
    let sshd = Sshd::start();
    let session = connect(&sshd.node()).await.unwrap();
    let text = numbers(300_000);
    let got = output(&session, &script_with("for i in 1 2 3 4 5 6 7 8 9 10; do printf %s \"$V\"; done", &text)).await;
    assert!(got == text.repeat(10), "{} bytes instead of {}", got.len(), text.len() * 10);
}

/// 6 MiB each way through windows of 2 MiB, by a command that prints while it reads.
#[tokio::test(flavor = "multi_thread")]
async fn feeding_and_draining_do_not_wait_for_each_other() {
    let sshd = Sshd::with(&["ed25519"], "ForceCommand cat\n");
    let session = connect(&sshd.node()).await.unwrap();
    let script = script_with(":", &numbers(6 << 20));
    let (all, end) = read_all(session.start(&script).await.unwrap()).await;
    assert!(all == script.real().as_bytes(), "{} bytes instead of {}", all.len(), script.real().len());
    assert_eq!(end.unwrap().status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_script_ends_is_told() {
    let sshd = Sshd::start();
    let session = connect(&sshd.node()).await.unwrap();
    let failed = read_all(session.start(&script("exit 3")).await.unwrap()).await;
    assert_eq!(failed.1.unwrap().status, Some(1));
    assert!(String::from_utf8_lossy(&failed.0).contains("end 0 3\n"));
    let killed = read_all(session.start(&script("kill -9 $$")).await.unwrap()).await;
    assert_eq!(killed.1.unwrap().status, None);
    let broken = read_all(session.start(&script("done")).await.unwrap()).await.1.unwrap();
    assert_eq!(broken.status, Some(2));
    assert!(String::from_utf8_lossy(&broken.stderr).contains("yntax error"), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_error_is_kept_to_its_last_4_kib() {
    let sshd = Sshd::with(
        &["ed25519"],
        "ForceCommand printf '%09000d\\n' 7 >&2; echo the end >&2; exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n",
    );
    let session = connect(&sshd.node()).await.unwrap();
    let (_, end) = read_all(session.start(&script(":")).await.unwrap()).await;
    let exit = end.unwrap();
    assert_eq!((exit.status, exit.stderr.len()), (Some(0), 4096));
    assert!(exit.stderr.ends_with(b"007\nthe end\n"), "{:?}", String::from_utf8_lossy(&exit.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_is_the_first_argument() {
    let sshd = Sshd::start();
    let session = connect(&sshd.node()).await.unwrap();
    // The frame hands the script's arguments to main; a step is a function and has its own.
    let got = output(&session, &script("tr '\\0' ' ' </proc/$$/cmdline")).await;
    assert!(got.starts_with("/bin/sh -s -- 127.0.0.1 ") && got.contains(&format!(" {} ", sshd.port)), "{got}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_does_not_show_in_the_process_list() {
    let sshd = Sshd::start();
    let session = connect(&sshd.node()).await.unwrap();
    let list = r#"for p in /proc/[0-9]*; do { tr '\0' ' ' <"$p/cmdline"; echo; } 2>/dev/null; done; :"#;
    let got = output(&session, &script_with(list, "secret-5d41402abc")).await;
    assert!(got.contains("/bin/sh -s -- ") && got.contains("sshd"), "{got}");
    assert!(!got.contains("secret-5d41402abc"), "{got}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_ends_the_channel_and_not_the_connection() {
    let sshd = Sshd::start();
    let session = connect(&sshd.node()).await.unwrap();
    let endless = script_with("sh -c 'echo $$ >\"$1\"; exec yes' x \"$V\"", sshd.dir().join("pid").to_str().unwrap());
    let reader = session.start(&endless).await.unwrap();
    let file = sshd.dir().join("pid");
    let pid = || fs::read_to_string(&file).ok().and_then(|t| t.trim().parse::<u32>().ok());
    eventually("yes starts", || pid().is_some());
    // Nobody reads, and yet the node's command comes to its end: the channel was closed under it.
    eventually("yes ends", || !is_alive(pid().unwrap()));
    let (all, end) = read_all(reader).await;
    assert_eq!(end, Err(SessionError::Flood));
    assert!(all.len() <= SPOOL_BYTES && all.len() > SPOOL_BYTES / 2, "{}", all.len());
    assert_eq!(output(&session, &script("echo on")).await, "on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_closes_its_channel() {
    let sshd = Sshd::start();
    let session = connect(&sshd.node()).await.unwrap();
    let mut reader = session.start(&script("echo pid=$$; while echo on; do sleep 0.1; done")).await.unwrap();
    let pid = read_pid(&mut reader).await;
    assert!(is_alive(pid));
    drop(reader);
    eventually("the script hears of it", || !is_alive(pid));
    assert_eq!(output(&session, &script("echo on")).await, "on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_nobody_reads_holds_up_no_other() {
    let sshd = Sshd::start();
    let session = connect(&sshd.node()).await.unwrap();
    let text = numbers(1 << 20);
    let unread = script_with("for i in 1 2 3 4 5 6; do printf %s \"$V\"; done", &text);
    let waiting = session.start(&unread).await.unwrap();
    for _ in 0..5 {
        assert_eq!(output(&session, &script("echo on")).await, "on\n");
    }
    let (all, end) = read_all(waiting).await;
    assert_eq!(end.unwrap().status, Some(0));
    assert!(String::from_utf8(all).unwrap().contains(&text.repeat(6)));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_channels_than_sshd_allows_are_refused_in_words() {
    let sshd = Sshd::with(&["ed25519"], "MaxSessions 1\n");
    let session = connect(&sshd.node()).await.unwrap();
    let mut first = session.start(&script("echo pid=$$; sleep 20")).await.unwrap();
    read_pid(&mut first).await;
    let error = session.start(&script(":")).await.err();
    assert!(matches!(&error, Some(SessionError::Refused(text)) if text.contains("MaxSessions")), "{error:?}");
}

/// A stand-in for sudo: that the real one is called rightly is tested where there are other users.
fn sudo(folder: &Path, body: &str) {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("sudo"), format!("#!/bin/sh\n{body}\n")).unwrap();
    std::process::Command::new("chmod").arg("+x").arg(bin.join("sudo")).status().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sudo_is_asked_not_to_ask() {
    let sshd = Sshd::with(&["ed25519"], "SetEnv PATH=DIR/bin:/usr/bin:/bin\n");
    let mut node = sshd.node();
    node.access.privilege = Become::Sudo;
    sudo(sshd.dir(), r#"[ "$1" = -n ] || exit 9; shift; export BY_SUDO=yes; exec "$@""#);
    let session = connect(&node).await.unwrap();
    let got = output(&session, &script("echo \"$BY_SUDO\"; tr '\\0' ' ' </proc/$$/cmdline")).await;
    assert!(got.starts_with("yes\n/bin/sh -s -- 127.0.0.1 "), "{got}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sudo_that_says_no_ends_the_start_of_a_long_script() {
    let sshd = Sshd::with(&["ed25519"], "SetEnv PATH=DIR/bin:/usr/bin:/bin\n");
    let mut node = sshd.node();
    node.access.privilege = Become::Sudo;
    sudo(sshd.dir(), "echo 'sudo: a password is required' >&2; exit 1");
    let session = connect(&node).await.unwrap();
    let (all, end) = read_all(session.start(&script_with(":", &numbers(5 << 20))).await.unwrap()).await;
    let exit = end.unwrap();
    assert_eq!((all.len(), exit.status), (0, Some(1)));
    assert_eq!(exit.stderr, b"sudo: a password is required\n");
}
