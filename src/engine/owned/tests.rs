use super::*;
use crate::model::{Access, Allow, Become, Event, Fact, Facts, JoinCommand, ProtectedPath, Role, is_unsafe};
use crate::plan::{JoinRequest, Step, join};
use proptest::prelude::*;
use std::sync::mpsc::channel;
use std::time::Duration;

const JOINS: [&str; 3] = [
    include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-success.txt"),
    include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-kubelet-cri-stopped.txt"),
    include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-preflight-half-joined.txt"),
];

fn node() -> Node {
    Node {
        name: NodeName::new("node1").unwrap(),
        role: Role::Worker,
        groups: Vec::new(),
        access: Access {
            host: String::new(),
            port: 22,
            user: "root".to_owned(),
            privilege: Become::None,
            identity_files: Vec::new(),
            known_hosts: "/dev/null".into(),
            connect_timeout: Duration::ZERO,
        },
        protect: ProtectedPath::always().to_vec(),
    }
}

fn phase(node: &Node) -> PhaseScript {
    let hash = "00".repeat(32);
    let command =
        format!("kubeadm join a:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:{hash}");
    let facts = Facts {
        kubeadm_version: Fact::Known("v1.30.0".to_owned()),
        containerd_config: Fact::Known(None),
        containerd_default_config: Fact::Known("version = 2\n".to_owned()),
        ..Facts::default()
    };
    let request = JoinRequest {
        run: "run1",
        command: &JoinCommand::parse(&command).unwrap(),
        facts: &facts,
        allow: Allow::default(),
        limit: Duration::from_secs(900),
    };
    join(node, &request).unwrap()
}

fn mark(nonce: &str, words: &str) -> Vec<u8> {
    format!("\n\x1e{nonce} {words}\n").into_bytes()
}

/// The launcher's output around that of a phase whose join printed `said` and ended with `status`.
fn stream(phase: &PhaseScript, said: &[u8], status: i32) -> Vec<u8> {
    let mut inner = mark("in", "hello");
    for (i, step) in phase.steps.iter().enumerate() {
        inner.extend(mark("in", &format!("begin {i}")));
        if !matches!(step, Step::KubeadmJoin { .. }) {
            inner.extend(mark("in", &format!("end {i} 64")));
            continue;
        }
        inner.extend_from_slice(said);
        inner.extend(mark("in", &format!("end {i} {status}")));
        if status != 0 {
            inner.extend(mark("in", &format!("stop {i}")));
            break;
        }
    }
    if status == 0 {
        inner.extend(mark("in", "bye"));
    }
    let written = [mark("out", "hello"), mark("out", "begin 0"), mark("out", "end 0 0"), mark("out", "begin 2")];
    [written.concat(), inner, mark("out", "end 2 0"), mark("out", "bye")].concat()
}

type Told = (Vec<Kind>, Option<PhaseEnd>, u64, Vec<String>, Option<String>);

fn follow_chunks<'a>(phase: &PhaseScript, chunks: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let node = node();
    let (sender, receiver) = channel::<Event>();
    let events = Events::new(sender);
    let tail = Tail::default();
    let mut owned =
        Owned::new(phase, &node, ("run1-1", "run1", "a@b"), (String::new(), String::new()), &events, tail.clone());
    owned.marks = Marks::new("in");
    let mut outer = Outer::new("out");
    for chunk in chunks {
        for part in outer.marks.feed(chunk) {
            outer.take(part, |bytes| owned.feed(bytes));
        }
    }
    let (end, offset) = (owned.end.take(), owned.offset);
    let kinds: Vec<Kind> = receiver.try_iter().map(|event| event.kind).collect();
    assert!(!kinds.iter().any(|kind| format!("{kind:?}").chars().any(is_unsafe)));
    (kinds, end, offset, tail.lines(), outer.complaint)
}

#[test]
fn a_phase_byte_by_byte_is_the_same_story() {
    let phase = phase(&node());
    for (said, status) in JOINS.into_iter().zip([0, 1, 1]) {
        let stream = stream(&phase, said.as_bytes(), status);
        let whole = follow_chunks(&phase, [&stream[..]]);
        assert_eq!(whole.1 == Some(PhaseEnd::Done), status == 0, "{:?}", whole.1);
        let lines = whole.0.iter().filter(|kind| matches!(kind, Kind::Output { .. })).count();
        assert!(lines >= said.lines().filter(|line| !line.trim().is_empty()).count(), "{lines}");
        assert_eq!(follow_chunks(&phase, stream.chunks(1)), whole);
    }
}

#[test]
fn a_node_that_prints_steps_of_its_own_makes_no_events_of_them() {
    let phase = phase(&node());
    let mut stream =
        [mark("out", "hello"), mark("out", "begin 2"), mark("in", "begin 0"), mark("in", "end 0 0")].concat();
    for i in 0..1000 {
        stream.extend(mark("in", &format!("begin {}", i % 2 * 7777)));
        stream.extend(mark("in", &format!("end {} 0", i % 2 * 7777)));
        stream.extend(mark("in", &format!("end {} 0", usize::MAX)));
    }
    let (kinds, end, ..) = follow_chunks(&phase, [&stream[..]]);
    assert_eq!((kinds.len(), end), (2, None), "{kinds:?}");
}

#[test]
fn a_flood_becomes_a_bounded_number_of_events() {
    let phase = phase(&node());
    let said = "[kubelet-start] Starting the kubelet\n".repeat(MOST_LINES * 3);
    let (kinds, end, ..) = follow_chunks(&phase, [&stream(&phase, said.as_bytes(), 0)[..]]);
    assert_eq!(end, Some(PhaseEnd::Done));
    assert!(kinds.len() <= 2 * MOST_LINES + 2 * phase.steps.len(), "{}", kinds.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_phase_in_any_pieces_is_the_same_story(
        which in 0..JOINS.len(),
        noise in prop::collection::vec(any::<u8>(), 0..200),
        sizes in prop::collection::vec(prop_oneof![1_usize..8, 1_usize..500], 1..100),
    ) {
        let phase = phase(&node());
        let stream = stream(&phase, &[JOINS[which].as_bytes(), &noise].concat(), i32::from(which > 0));
        let (mut chunks, mut rest) = (Vec::new(), &stream[..]);
        for size in sizes {
            let (chunk, after) = rest.split_at(size.min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
        prop_assert_eq!(follow_chunks(&phase, chunks), follow_chunks(&phase, [&stream[..]]));
    }
}
