use super::*;

const NONCE: [u8; 16] = [7; 16];

fn collect(count: usize) -> Collect {
    Collect::new(&Nonce::from_bytes(NONCE), count)
}

fn mark(words: &str) -> Vec<u8> {
    format!("\n\x1e{} {words}\n", Nonce::from_bytes(NONCE).as_str()).into_bytes()
}

/// A step as the frame prints it.
fn step(number: usize, output: &[u8], status: i32) -> Vec<u8> {
    [mark(&format!("begin {number}")), output.to_vec(), mark(&format!("end {number} {status}"))].concat()
}

fn answer(count: usize, steps: &[Vec<u8>]) -> BTreeMap<usize, SectionOutput> {
    let mut collect = collect(count);
    assert!(steps.iter().all(|bytes| collect.take(bytes)));
    collect.into_steps()
}

fn output(bytes: &[u8], status: i32) -> SectionOutput {
    SectionOutput { bytes: bytes.to_vec(), status, too_much: None }
}

#[test]
fn a_step_may_print_as_much_as_is_read_and_no_byte_more() {
    let (most, more) = (vec![b'x'; STEP_BYTES], vec![b'x'; STEP_BYTES + 1]);
    let steps = answer(3, &[step(0, &most, 0), step(1, &more, 141), step(2, b"on", 64)]);
    assert_eq!(steps[&0], output(&most, 0));
    assert_eq!(steps[&1], SectionOutput { bytes: Vec::new(), status: 141, too_much: Some(TooMuch::InStep) });
    assert_eq!(steps[&2], output(b"on", 64));
}

#[test]
fn all_steps_together_are_bounded_and_what_was_cut_takes_nothing_from_others() {
    let (most, more) = (vec![b'x'; STEP_BYTES], vec![b'x'; STEP_BYTES * 3]);
    let cut = (0..6).map(|i| step(i, &more, 0));
    let whole = (6..12).map(|i| step(i, &most, 0));
    let steps = answer(13, &cut.chain(whole).chain([step(12, b"", 0)]).collect::<Vec<_>>());
    let fit: Vec<usize> = steps.iter().filter(|(_, out)| out.too_much.is_none()).map(|(i, _)| *i).collect();
    assert_eq!(fit, [6, 7, 8, 12], "the fourth has no room for its mark's newline");
    assert_eq!(steps[&9].too_much, Some(TooMuch::InAll));
}

#[test]
fn a_flood_is_read_to_its_end_and_no_further() {
    let mut collect = collect(1);
    assert!(collect.take(&mark("begin 0")));
    let flood = vec![b'x'; 16 << 20];
    let taken = (0..100).take_while(|_| collect.take(&flood)).count();
    assert_eq!(taken, (DRAINED_BYTES >> 24) - 1);
    assert_eq!(collect.kept, 0);
}

#[test]
fn marks_of_a_lying_node_make_no_steps() {
    let lies = [
        step(9, b"there are two steps", 0),
        mark("end 1 0"),
        step(0, b"first", 0),
        step(0, b"again", 1),
        [mark("begin 1"), b"never ended".to_vec(), mark("begin 1"), b"ended".to_vec(), mark("end 0 0")].concat(),
        b"between".to_vec(),
        mark("end 1 0"),
        step(usize::MAX, b"", 0),
    ];
    let steps = answer(2, &lies);
    assert_eq!(steps, BTreeMap::from([(0, output(b"first", 0))]));
}

#[test]
fn every_chunking_gives_the_same() {
    let more = vec![b'x'; STEP_BYTES + 1];
    let mut stream: Vec<u8> = (0..5).flat_map(|i| step(i, &more[..STEP_BYTES - i], 0)).collect();
    stream.extend(step(5, &more, 0));
    stream.extend(step(6, b"\x1e\xff\n\n", -1));
    let whole = answer(7, &[stream.clone()]);
    for size in [61, 997, 65_537] {
        let chunks: Vec<Vec<u8>> = stream.chunks(size).map(<[u8]>::to_vec).collect();
        assert_eq!(answer(7, &chunks), whole, "chunks of {size}");
    }
}
