//! A connection hands output over in pieces of any size: whatever they are, the same facts come of it.

#[path = "support/local.rs"]
mod local;
#[path = "support/recorded.rs"]
mod recorded;

use kfleet::attached::Collect;
use kfleet::model::{Access, Become, Facts, Node, NodeName, ProtectedPath, Role};
use kfleet::parse::{SectionOutput, facts};
use kfleet::plan::{Count, Section, probe};
use kfleet::shell::Nonce;
use kfleet::transport::{Session, Transport};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

fn nonce() -> Nonce {
    Nonce::from_bytes([7; 16])
}

type Steps = BTreeMap<usize, SectionOutput>;

fn steps<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Steps {
    let mut collect = Collect::new(&nonce(), Section::ALL.len());
    assert!(chunks.into_iter().all(|chunk| collect.take(chunk)));
    assert!(collect.said_hello() && collect.said_bye(), "a whole probe");
    collect.into_steps()
}

fn read(mut steps: Steps) -> Facts {
    let all = Section::ALL.into_iter().enumerate();
    facts(&all.filter_map(|(step, section)| Some((section.name(), steps.remove(&step)?))).collect())
}

/// What the frame prints around the sections of a recording; one that is older than a section goes without it.
fn stream(name: &str) -> Vec<u8> {
    let mark = |words: &str| format!("\n\x1e{} {words}\n", nonce().as_str()).into_bytes();
    let mut stream = mark("hello");
    let recording = recorded::load(name);
    for (step, section) in Section::ALL.into_iter().enumerate() {
        let Some((status, bytes)) = recording.get(section.name()) else { continue };
        stream.extend(mark(&format!("begin {step}")));
        stream.extend_from_slice(bytes);
        stream.extend(mark(&format!("end {step} {status}")));
    }
    stream.extend(mark("bye"));
    stream
}

const WHOLE: [&str; 4] = ["trixie-fresh", "bookworm-fresh", "sid-fresh", "trixie-no-cni"];

#[test]
fn recorded_probes_byte_by_byte_give_the_same_facts() {
    for name in WHOLE {
        let stream = stream(name);
        let whole = steps([&stream[..]]);
        let recording = recorded::load(name);
        assert_eq!(whole.len(), recording.len());
        for (step, section) in Section::ALL.into_iter().enumerate() {
            let read = whole.get(&step).map(|out| (out.status, out.bytes.clone()));
            assert_eq!(read.as_ref(), recording.get(section.name()), "{name}: {section:?}");
        }
        let bytes = steps(stream.chunks(1));
        assert_eq!(bytes, whole, "{name}");
        let facts = read(whole);
        assert!(facts.cri.known().is_some() && facts.machine_id.known().is_some(), "{name}: {facts:?}");
        assert_eq!(read(bytes), facts, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn recorded_probes_in_any_pieces_give_the_same_facts(
        which in 0..WHOLE.len(),
        sizes in prop::collection::vec(prop_oneof![1_usize..8, 30_usize..60, 1_usize..9000], 1..400),
    ) {
        let stream = stream(WHOLE[which]);
        let (mut chunks, mut rest) = (Vec::new(), &stream[..]);
        for size in sizes {
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
        prop_assert_eq!(steps(chunks), steps([&stream[..]]));
    }
}

/// The real frame in the real shell of this machine.
#[tokio::test]
async fn what_the_frame_prints_byte_by_byte_gives_the_same_facts() {
    let access = Access {
        host: String::new(),
        port: 0,
        user: String::new(),
        privilege: Become::None,
        identity_files: vec![],
        known_hosts: "/".into(),
        connect_timeout: Duration::ZERO,
    };
    let name = NodeName::new("n1").unwrap();
    let node = Node { name, role: Role::Worker, groups: vec![], access, protect: ProtectedPath::always().to_vec() };
    let session = local::LocalTransport::new([]).connect(&node).await.unwrap();
    let mut reader = session.start(&probe(&node, "run1", Count::Top).render(&nonce())).await.unwrap();
    let mut stream = Vec::new();
    while let Some(bytes) = reader.next().await {
        stream.extend(bytes);
    }
    let whole = steps([&stream[..]]);
    assert_eq!(whole.len(), Section::ALL.len());
    let bytes = steps(stream.chunks(1));
    assert_eq!(bytes, whole);
    let facts = read(whole);
    assert!(facts.kernel.known().is_some(), "{facts:?}");
    assert_eq!(read(bytes), facts);
}
