//! The tests' own local transport keeps the promises of the SSH one.

#[path = "support/local.rs"]
mod local;

use kfleet::shell::{Fragment, Need, Nonce, Rendered, Script, Word};
use kfleet::transport::{Exit, Session, SessionError, SpoolReader, Transport};
use local::{LocalSession, LocalTransport};

fn script(body: &'static str, value: &str) -> Rendered {
    let fragment = Fragment::new(body).var("V", Word::new(value));
    Script::new("test").step(Need::Required, fragment).render(&Nonce::from_bytes([7; 16]))
}

async fn session(prefix: &[&str]) -> LocalSession {
    use kfleet::model::{Access, Become, Node, NodeName, Role};
    let access = Access {
        host: String::new(),
        port: 0,
        user: String::new(),
        privilege: Become::None,
        identity_files: vec![],
        known_hosts: "/".into(),
        connect_timeout: std::time::Duration::ZERO,
    };
    let name = NodeName::new("n1").unwrap();
    let node = Node { name, role: Role::Worker, groups: vec![], access, protect: vec![] };
    LocalTransport::new(prefix.iter().copied()).connect(&node).await.unwrap()
}

async fn read_all(mut reader: SpoolReader) -> (Vec<u8>, Result<Exit, SessionError>) {
    let mut all = Vec::new();
    while let Some(bytes) = reader.next().await {
        all.extend_from_slice(&bytes);
    }
    (all, reader.end())
}

#[tokio::test]
async fn script_and_output_arrive_whole() {
    let text = "0123456789abcdef".repeat(20_000);
    let script = script("for i in 1 2 3 4 5 6 7 8; do printf %s \"$V\"; done", &text);
    let (all, end) = read_all(session(&[]).await.start(&script).await.unwrap()).await;
    assert!(String::from_utf8(all).unwrap().contains(&text.repeat(8)));
    assert_eq!(end.unwrap().status, Some(0));
}

#[tokio::test]
async fn the_prefix_goes_before_the_shell() {
    let (all, _) = read_all(session(&["env", "A=b"]).await.start(&script("echo \"A is $A\"", "")).await.unwrap()).await;
    assert!(String::from_utf8(all).unwrap().contains("A is b\n"));
    let error = session(&["/does/not/exist"]).await.start(&script(":", "")).await.err();
    assert!(matches!(error, Some(SessionError::Refused(_))), "{error:?}");
}

#[tokio::test]
async fn ends_are_told() {
    let session = session(&[]).await;
    let broken = read_all(session.start(&script("done", "")).await.unwrap()).await.1.unwrap();
    assert_eq!(broken.status, Some(2));
    assert!(String::from_utf8_lossy(&broken.stderr).contains("yntax error"), "{broken:?}");
    let killed = read_all(session.start(&script("kill -9 $$", "")).await.unwrap()).await.1.unwrap();
    assert_eq!(killed.status, None);
    let mut flood = session.start(&script("yes", "")).await.unwrap();
    while flood.end() != Err(SessionError::Flood) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(flood.next().await.is_some());
}
