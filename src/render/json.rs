//! `--output json`: each event as one line of JSON.

use super::sink::Sink;
use crate::model::Event;
use crate::model::is_unsafe;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes NDJSON, flushed per event.
pub struct Json<W> {
    sink: Sink<W>,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { sink: Sink::new(out) }
    }

    /// Writes the event.
    pub fn event(&mut self, event: &Event) {
        // Strings, numbers and lists of them: no map with keys other than text, so this cannot fail.
        if let Ok(line) = serde_json::to_string(event) {
            self.sink.line(escape(&line));
        }
    }

    /// Whether writing failed, for whatever reason.
    pub(super) fn is_cut_off(&self) -> bool {
        self.sink.is_broken()
    }

    /// The first error that writing met, a closed pipe excepted.
    pub fn finish(self) -> io::Result<()> {
        self.sink.finish()
    }
}

/// Events as the view above writes them, at once.
pub fn json_lines(events: impl IntoIterator<Item = Event>) -> String {
    let lines = events.into_iter().filter_map(|event| serde_json::to_string(&event).ok()); // as above
    lines.map(|line| escape(&line) + "\n").collect()
}

/// What JSON allows raw but a terminal would obey (8-bit controls, direction overrides), as `\u....`: the same text to
/// every reader of JSON, and harmless to one who just looks. Outside of strings JSON is pure ASCII.
fn escape(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}"); // writing to a String cannot fail
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, NodeName};
    use crate::render::samples::story;

    #[test]
    fn each_event_is_one_line_that_reads_back() {
        let mut events = story();
        let line = "\u{1b}]0;x\u{7} \u{9b}2J \u{202e}\n\u{e0041}".to_owned();
        events.push(Event { at_ms: 1, kind: Kind::Output { node: NodeName::new("n").unwrap(), line } });
        let mut out = Vec::new();
        let mut json = Json::new(&mut out);
        for event in &events {
            json.event(event);
        }
        json.finish().unwrap();

        let text = String::from_utf8(out).unwrap();
        assert!(!text.chars().any(|c| c != '\n' && is_unsafe(c)));
        let read: Vec<Event> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, events);
    }
}
