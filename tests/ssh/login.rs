//! Which keys are offered, and what is said where none is taken.

use super::server::{Agent, Sshd, fingerprint, make_key, run};
use super::{connect, output, script};
use kfleet::transport::ssh::{Settings, SshTransport};
use kfleet::transport::{ConnectError, Transport};
use std::fs;
use std::path::{Path, PathBuf};

fn with_agent(agent: &Agent) -> SshTransport {
    SshTransport::new(Settings { agent: Some(agent.socket()), ..Settings::default() })
}

async fn refusal(node: &kfleet::model::Node) -> String {
    match connect(node).await.err() {
        Some(ConnectError::Login(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn key_files_of_each_type() {
    let sshd = Sshd::start();
    for (name, kind) in [("e", "ed25519"), ("r", "rsa"), ("c", "ecdsa")] {
        let key = make_key(sshd.dir(), name, kind, "");
        sshd.authorize(&key);
        let session = connect(&sshd.node_with(&[&key])).await.unwrap();
        assert_eq!(output(&session, &script("echo hi")).await, "hi\n", "{kind}");
    }
    // The older file format, and one that does not exist before the good one.
    let pem = make_key(sshd.dir(), "pem", "rsa", "");
    run("ssh-keygen", &["-q", "-p", "-m", "PEM", "-N", "", "-f", pem.to_str().unwrap()], &[]);
    assert!(fs::read_to_string(&pem).unwrap().contains("BEGIN RSA PRIVATE KEY"));
    sshd.authorize(&pem);
    connect(&sshd.node_with(&[Path::new("/does/not/exist"), &pem])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_agent() {
    let sshd = Sshd::start();
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let key = make_key(sshd.dir(), &format!("agent-{kind}"), kind, "");
        sshd.authorize(&key);
        let agent = Agent::start(&[&key]);
        fs::remove_file(&key).unwrap();
        let session = with_agent(&agent).connect(&sshd.node_with(&[])).await.unwrap();
        assert_eq!(output(&session, &script("echo hi")).await, "hi\n", "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_agent() {
    let sshd = Sshd::with(&["ed25519"], "TrustedUserCAKeys DIR/ca.pub\n");
    let ca = make_key(sshd.dir(), "ca", "ed25519", "");
    let key = make_key(sshd.dir(), "user", "ed25519", "");
    let (ca, public) = (ca.to_str().unwrap(), key.with_extension("pub"));
    run("ssh-keygen", &["-q", "-s", ca, "-I", "me", "-n", "root", public.to_str().unwrap()], &[]);
    let agent = Agent::start(&[&key]);
    with_agent(&agent).connect(&sshd.node_with(&[])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_key_goes_first_among_many_of_the_agent() {
    let sshd = Sshd::start();
    let keys: Vec<PathBuf> = (0..8).map(|i| make_key(sshd.dir(), &format!("k{i}"), "ed25519", "")).collect();
    let agent = Agent::start(&keys.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    sshd.authorize(&keys[7]);
    with_agent(&agent).connect(&sshd.node_with(&[&keys[7]])).await.unwrap();
    // Without the name sshd has had enough before the right one's turn, and says so.
    let error = with_agent(&agent).connect(&sshd.node_with(&[])).await.err();
    let Some(ConnectError::Login(text)) = error else { panic!("{error:?}") };
    assert!(text.contains("Too many authentication failures") && text.contains("offer fewer keys"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_key_is_named_with_the_remedy() {
    let sshd = Sshd::start();
    let key = make_key(sshd.dir(), "locked", "ed25519", "secret");
    sshd.authorize(&key);
    let text = refusal(&sshd.node_with(&[&key])).await;
    let expected = format!("{k}: is encrypted: add it to ssh-agent with `ssh-add {k}`", k = key.display());
    assert!(text.starts_with("there is no key to log in to 127.0.0.1:") && text.contains(&expected), "{text}");
    // Encrypted in the old format too.
    let pem = make_key(sshd.dir(), "pem", "rsa", "");
    run("ssh-keygen", &["-q", "-p", "-m", "PEM", "-N", "secret", "-f", pem.to_str().unwrap()], &[]);
    let text = refusal(&sshd.node_with(&[&pem])).await;
    assert!(text.contains("is encrypted"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_keys_are_listed_with_the_next_step() {
    let sshd = Sshd::start();
    let wrong = make_key(sshd.dir(), "wrong", "ed25519", "");
    let held = make_key(sshd.dir(), "held", "ed25519", "");
    let agent = Agent::start(&[&held, &wrong]);
    let pub_file = wrong.with_extension("pub");
    let node = sshd.node_with(&[&wrong, &pub_file, Path::new("/does/not/exist")]);
    let error = with_agent(&agent).connect(&node).await.err();
    let Some(ConnectError::Login(text)) = error else { panic!("{error:?}") };
    for part in [
        format!("sshd on 127.0.0.1:{} took no key for user root", sshd.port),
        format!("agent key `wrong` ({}): refused", fingerprint(&wrong)),
        format!("agent key `held` ({}): refused", fingerprint(&held)),
        format!("{}: is a public key: name the private one", pub_file.display()),
        "/does/not/exist: cannot be read: No such file".to_owned(),
        format!("`ssh-copy-id -i {} -p {} root@127.0.0.1`", wrong.display(), sshd.port),
    ] {
        assert!(text.contains(&part), "{part}\n{text}");
    }
    // The key that the agent and a file both hold was offered once.
    assert_eq!(text.matches(&fingerprint(&wrong)).count(), 1, "{text}");
    assert!(!text.contains('\n'));
    let log = fs::read_to_string(sshd.dir().join("log")).unwrap();
    assert!(!log.contains("Accepted"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_more_than_a_key() {
    let sshd = Sshd::with(&["ed25519"], "PasswordAuthentication yes\nAuthenticationMethods publickey,password\n");
    let text = refusal(&sshd.node()).await;
    assert!(text.contains("does not let root in with a key alone (it still offers: password)"), "{text}");
    assert!(text.contains("taken, but sshd wants more than this key"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_gone_does_not_matter_where_a_file_fits() {
    let sshd = Sshd::start();
    let gone = SshTransport::new(Settings { agent: Some("/does/not/exist".into()), ..Settings::default() });
    gone.connect(&sshd.node()).await.unwrap();
    let error = gone.connect(&sshd.node_with(&[])).await.err();
    let Some(ConnectError::Login(text)) = error else { panic!("{error:?}") };
    assert!(text.contains("ssh-agent at /does/not/exist: "), "{text}");
}
