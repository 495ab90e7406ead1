//! The SSH transport against real OpenSSH servers and agents that the tests start themselves on 127.0.0.1.
//!
//! Run as root. Nothing is asserted on short times; what is said about time leaves a factor of ten.

mod host_keys;
mod login;
mod loss;
mod scripts;
mod server;

use kfleet::model::Node;
use kfleet::shell::{Fragment, Need, Nonce, Rendered, Script, Word};
use kfleet::transport::ssh::{Settings, SshSession, SshTransport};
use kfleet::transport::{ConnectError, Exit, Session, SessionError, SpoolReader, Transport};
use std::time::Duration;

async fn connect(node: &Node) -> Result<SshSession, ConnectError> {
    SshTransport::default().connect(node).await
}

/// Quick to notice a silent node.
fn alert() -> SshTransport {
    SshTransport::new(Settings { keepalive_interval: Duration::from_secs(1), keepalive_max: 2, ..Settings::default() })
}

fn script(body: &'static str) -> Rendered {
    script_with(body, "")
}

/// One step that finds `value` in `$V`.
fn script_with(body: &'static str, value: &str) -> Rendered {
    let fragment = Fragment::new(body).var("V", Word::new(value));
    Script::new("test").step(Need::Required, fragment).render(&Nonce::from_bytes([7; 16]))
}

/// All that comes, and the end.
async fn read_all(mut reader: SpoolReader) -> (Vec<u8>, Result<Exit, SessionError>) {
    let mut all = Vec::new();
    while let Some(bytes) = reader.next().await {
        all.extend_from_slice(&bytes);
    }
    (all, reader.end())
}

/// What a step prints, without the marks around it.
async fn output(session: &SshSession, script: &Rendered) -> String {
    let (all, end) = read_all(session.start(script).await.unwrap()).await;
    let text = String::from_utf8(all).unwrap();
    assert_eq!(end.map(|exit| exit.status), Ok(Some(0)), "{text}");
    let begin = text.find(" begin 0\n").expect("begins") + " begin 0\n".len();
    let end = text.rfind("\n\u{1e}07070707070707070707070707070707 end 0").expect("ends");
    text[begin..end].to_owned()
}

/// Reads until a line `pid=N` has come.
async fn read_pid(reader: &mut SpoolReader) -> u32 {
    let mut text = String::new();
    while let Some(bytes) = reader.next().await {
        text.push_str(&String::from_utf8_lossy(&bytes));
        let number = text.split_once("pid=").and_then(|(_, rest)| rest.split_once('\n'));
        if let Some((number, _)) = number {
            return number.parse().unwrap();
        }
    }
    panic!("no pid in {text:?}; {:?}", reader.end());
}
