//! Finds the marks in a script's output, fed in any chunks.

/// What a script says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The whole script arrived and runs.
    Hello,
    /// Step number began.
    Begin(usize),
    /// Step number ended with an exit status.
    End(usize, i32),
    /// The script ends early, at this step.
    Stop(usize),
    /// The script was asked to end, and did so before this step; the number of steps where none was left.
    Halt(usize),
    /// The script came to its end.
    Bye,
}

/// A piece of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything between marks, byte for byte. Each mark is preceded by a newline of its own, which is given out as
    /// well: held back until the next byte is known, it would delay the marks of a stream inside a stream.
    Bytes(Vec<u8>),
    /// A mark.
    Mark(Mark),
}

/// The parser: bytes in, parts out. It keeps back only what may still become a mark.
#[derive(Clone, Debug)]
pub struct Marks {
    prefix: Vec<u8>,
    held: Vec<u8>,
}

/// No mark is longer; a line that begins like one and goes on is the node's own text.
const LONGEST_MARK: usize = 96;

impl Marks {
    /// For the script that was rendered with this nonce. Without the nonce nothing is a mark.
    pub fn new(nonce: &str) -> Self {
        let mut prefix = b"\x1e".to_vec();
        prefix.extend_from_slice(nonce.as_bytes());
        prefix.push(b' ');
        Self { prefix, held: Vec::new() }
    }

    /// Takes the next bytes in.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Part> {
        self.held.extend_from_slice(bytes);
        let mut parts = Vec::new();
        let mut from = 0; // bytes before this one are given out
        let mut search = 0;
        while let Some(at) = find(&self.held[search..], &self.prefix).map(|i| i + search) {
            let rest = &self.held[at + self.prefix.len()..];
            let Some(length) = rest.iter().take(LONGEST_MARK).position(|b| *b == b'\n') else {
                if rest.len() < LONGEST_MARK {
                    self.give(&mut parts, from, at);
                    self.held.drain(..at);
                    return parts; // the mark may still complete
                }
                search = at + 1;
                continue;
            };
            let Some(mark) = mark(&rest[..length]) else {
                search = at + 1;
                continue;
            };
            self.give(&mut parts, from, at);
            parts.push(Part::Mark(mark));
            from = at + self.prefix.len() + length + 1;
            search = from;
        }
        let keep = self.partial_prefix(search.max(from));
        self.give(&mut parts, from, self.held.len() - keep);
        self.held.drain(..self.held.len() - keep);
        parts
    }

    /// The stream is over: what was kept back is plain text.
    pub fn finish(&mut self) -> Vec<Part> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() { Vec::new() } else { vec![Part::Bytes(held)] }
    }

    fn give(&self, parts: &mut Vec<Part>, from: usize, to: usize) {
        if from < to {
            parts.push(Part::Bytes(self.held[from..to].to_vec()));
        }
    }

    /// How many bytes at the end may be the beginning of a prefix.
    fn partial_prefix(&self, from: usize) -> usize {
        let tail = &self.held[from..];
        (1..self.prefix.len().min(tail.len() + 1)).rev().find(|n| tail.ends_with(&self.prefix[..*n])).unwrap_or(0)
    }
}

/// Where `needle` is. By its first byte, which output hardly ever has: a node may print faster than bytes can be compared.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        from += haystack[from..].iter().position(|byte| *byte == needle[0])?;
        if haystack[from..].starts_with(needle) {
            return Some(from);
        }
        from += 1;
    }
}

fn mark(line: &[u8]) -> Option<Mark> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let mark = match words.next()? {
        "hello" => Mark::Hello,
        "begin" => Mark::Begin(words.next()?.parse().ok()?),
        "end" => Mark::End(words.next()?.parse().ok()?, words.next()?.parse().ok()?),
        "stop" => Mark::Stop(words.next()?.parse().ok()?),
        "halt" => Mark::Halt(words.next()?.parse().ok()?),
        "bye" => Mark::Bye,
        _ => return None,
    };
    words.next().is_none().then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STREAM: &[u8] = b"\n\x1eabc hello\n\n\x1eabc begin 0\nfirst\nlast without newline\n\x1eabc end 0 64\n\n\x1eabc begin 1\n\n\x1eabd end 1 0\n\n\x1eabc end one\n\n\x1eabc end 1 3\n\n\x1eabc stop 1\n";

    /// Joins neighbouring bytes, so that chunkings can be compared.
    fn joined(parts: Vec<Part>) -> Vec<Part> {
        let mut out: Vec<Part> = Vec::new();
        for part in parts {
            match (out.last_mut(), part) {
                (Some(Part::Bytes(last)), Part::Bytes(more)) => last.extend(more),
                (_, part) => out.push(part),
            }
        }
        out
    }

    fn parse(chunks: &[&[u8]]) -> Vec<Part> {
        let mut marks = Marks::new("abc");
        let mut parts: Vec<Part> = chunks.iter().flat_map(|chunk| marks.feed(chunk)).collect();
        parts.extend(marks.finish());
        joined(parts)
    }

    #[test]
    fn marks_are_found_and_forgeries_are_text() {
        assert_eq!(
            parse(&[STREAM]),
            [
                Part::Bytes(b"\n".to_vec()),
                Part::Mark(Mark::Hello),
                Part::Bytes(b"\n".to_vec()),
                Part::Mark(Mark::Begin(0)),
                Part::Bytes(b"first\nlast without newline\n".to_vec()),
                Part::Mark(Mark::End(0, 64)),
                Part::Bytes(b"\n".to_vec()),
                Part::Mark(Mark::Begin(1)),
                Part::Bytes(b"\n\x1eabd end 1 0\n\n\x1eabc end one\n\n".to_vec()),
                Part::Mark(Mark::End(1, 3)),
                Part::Bytes(b"\n".to_vec()),
                Part::Mark(Mark::Stop(1)),
            ]
        );
    }

    #[test]
    fn every_cut_into_two_and_into_bytes_gives_the_same() {
        let whole = parse(&[STREAM]);
        for cut in 0..=STREAM.len() {
            assert_eq!(parse(&[&STREAM[..cut], &STREAM[cut..]]), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(parse(&bytes), whole);
    }

    #[test]
    fn a_mark_is_told_with_its_own_last_byte() {
        let mut outer = Marks::new("out");
        let mut inner = Marks::new("in");
        let parts = outer.feed(b"\n\x1ein begin 4\n");
        let inner_parts: Vec<Part> = parts
            .into_iter()
            .flat_map(|part| if let Part::Bytes(bytes) = part { inner.feed(&bytes) } else { Vec::new() })
            .collect();
        assert_eq!(inner_parts.last(), Some(&Part::Mark(Mark::Begin(4))), "a display would lag a step behind");
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_where_there_is_no_mark(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let text = chunks.concat();
            let slices: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let want = if text.is_empty() { vec![] } else { vec![Part::Bytes(text)] };
            prop_assert_eq!(parse(&slices), want);
        }
    }
}
