//! Recorded probes, `tests/fixtures/probes/NAME.txt`: comments, then per section a line `== NAME STATUS` and what it printed.
//! A file whose second line is `# base: OTHER` holds only what differs from that one.

use std::collections::BTreeMap;

/// By the sections' names: exit status and output.
pub(crate) type Recorded = BTreeMap<String, (i32, Vec<u8>)>;

const SECTION: &[u8] = b"== ";

/// Of which recording a file holds the difference.
pub(crate) fn base(text: &[u8]) -> Option<String> {
    let line = text.split(|byte| *byte == b'\n').nth(1)?.strip_prefix(b"# base: ")?;
    Some(String::from_utf8_lossy(line).into_owned())
}

/// The sections that stand in a file.
pub(crate) fn read(text: &[u8]) -> Recorded {
    let mut sections = Recorded::new();
    let mut current = None;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if let Some(head) = line.strip_prefix(SECTION) {
            let head = String::from_utf8_lossy(head);
            let (name, status) = head.trim_end().split_once(' ').expect("a section has a name and a status");
            sections.insert(name.to_owned(), (status.parse().expect("a status is a number"), Vec::new()));
            current = Some(name.to_owned());
        } else if let Some((_, bytes)) = current.as_ref().and_then(|name| sections.get_mut(name)) {
            bytes.extend_from_slice(line);
        }
    }
    sections
}

/// A recording with all its sections, whatever it is based on.
pub(crate) fn load(name: &str) -> Recorded {
    let path = format!("{}/tests/fixtures/probes/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut sections = base(&text).map(|base| load(&base)).unwrap_or_default();
    sections.extend(read(&text));
    sections
}
