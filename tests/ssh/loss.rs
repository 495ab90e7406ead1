//! Connections that do not come about, break, fall silent, or are let go.

use super::server::{Sshd, eventually, free_port, node, run};
use super::{alert, connect, output, read_all, read_pid, script};
use kfleet::transport::{ConnectError, Session, SessionError, SpoolReader, Transport};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// The test's own task is none of the runtime's.
fn no_task_is_left() {
    eventually("all tasks end", || tasks() == 0);
}

fn unreachable<T>(result: Result<T, ConnectError>) -> String {
    match result.err() {
        Some(error @ ConnectError::Unreachable(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    fs::write(&file, "").unwrap();
    let text = unreachable(connect(&node("127.0.0.1", free_port(), &file)).await);
    assert!(text.contains("connection refused; is sshd running there"), "{text}");
    let text = unreachable(connect(&node("no-such-host.invalid", 22, &file)).await);
    assert!(text.contains("no-such-host.invalid:22 cannot be looked up"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_or_stops_after_its_greeting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    fs::write(&file, "").unwrap();
    for greeting in [&b""[..], &b"SSH-2.0-Silent\r\n"[..]] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut node = node("127.0.0.1", listener.local_addr().unwrap().port(), &file);
        node.access.connect_timeout = Duration::from_secs(1);
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            stream.write_all(greeting).unwrap();
            // Ends with the connection only.
            stream.read_to_end(&mut Vec::new())
        });
        let start = Instant::now();
        let text = unreachable(connect(&node).await);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert!(text.contains("was not ready within 1s: it took the TCP connection"), "{text}");
        // Neither the task nor the socket stays behind.
        no_task_is_left();
        let closed = tokio::task::spawn_blocking(move || server.join().unwrap()).await.unwrap();
        closed.expect("the socket is closed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_connect_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    fs::write(&file, "").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let node = node("127.0.0.1", listener.local_addr().unwrap().port(), &file);
    let attempt = tokio::spawn(async move { connect(&node).await.err() });
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(b"SSH-2.0-Silent\r\n").unwrap();
    // Our greeting and key exchange offer: the session's task runs.
    stream.read_exact(&mut [0; 200]).unwrap();
    attempt.abort();
    no_task_is_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_listens() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_hosts");
    fs::write(&file, "").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let node = node("127.0.0.1", listener.local_addr().unwrap().port(), &file);
    let server = std::thread::spawn(move || drop(listener.accept().unwrap()));
    let text = unreachable(connect(&node).await);
    assert!(text.contains("no SSH handshake came about"), "{text}");
    server.join().unwrap();
}

/// Starts a script that waits; gives its reader and the process of sshd that serves it.
async fn waiting<S: Session>(session: &S, sshd: &Sshd) -> (SpoolReader, String) {
    let mut reader = session.start(&script("echo pid=$PPID; exec sleep 20")).await.unwrap();
    let pid = read_pid(&mut reader).await;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(
        status.contains(&format!("PPid:\t{}\n", sshd.pid())),
        "the shell's parent is no child of our sshd: {status}"
    );
    (reader, pid.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sshd_is_a_lost_connection() {
    let sshd = Sshd::start();
    let session = connect(&sshd.node()).await.unwrap();
    let (reader, pid) = waiting(&session, &sshd).await;
    run("kill", &["-9", &pid], &[]);
    let (_, end) = read_all(reader).await;
    let Err(SessionError::Lost(text)) = end else { panic!("{end:?}") };
    assert!(text.contains("closed") && text.contains("the script's end was not seen"), "{text}");
    let again = session.start(&script(":")).await.err();
    assert!(matches!(again, Some(SessionError::Lost(_))), "{again:?}");
    drop(session);
    no_task_is_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_falls_silent_is_a_lost_connection() {
    let sshd = Sshd::start();
    let session = alert().connect(&sshd.node()).await.unwrap();
    let (reader, pid) = waiting(&session, &sshd).await;
    run("kill", &["-STOP", &pid], &[]);
    let start = Instant::now();
    let (_, end) = read_all(reader).await;
    run("kill", &["-9", &pid], &[]);
    let Err(SessionError::Lost(text)) = end else { panic!("{end:?}") };
    assert!(text.contains("stopped answering keepalives"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

/// Quiet for longer than keepalives and the inactivity limit (1 s × 4) would allow a dead node.
#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_script_on_a_healthy_node_lives_on() {
    let sshd = Sshd::start();
    let mut node = sshd.node();
    node.access.connect_timeout = Duration::from_secs(4);
    let session = alert().connect(&node).await.unwrap();
    assert_eq!(output(&session, &script("sleep 6; echo on")).await, "on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_session_ends_its_connection_and_tasks() {
    let sshd = Sshd::start();
    let session = connect(&sshd.node()).await.unwrap();
    let (reader, pid) = waiting(&session, &sshd).await;
    assert!(tasks() > 0);
    drop(session);
    let (_, end) = read_all(reader).await;
    assert!(matches!(end, Err(SessionError::Lost(_))), "{end:?}");
    no_task_is_left();
    eventually("sshd hears of it", || !fs::exists(format!("/proc/{pid}")).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_many_connections() {
    let sshd = Sshd::start();
    for _ in 0..5 {
        let session = connect(&sshd.node()).await.unwrap();
        assert_eq!(output(&session, &script("echo on")).await, "on\n");
        // A flood that is being drained, and a start that is given up halfway.
        let _flood = session.start(&script("yes")).await.unwrap();
        let text = script("sleep 20");
        let _ = tokio::time::timeout(Duration::from_millis(1), session.start(&text)).await;
    }
    no_task_is_left();
}
