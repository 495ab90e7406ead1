//! Which key a place in the file belongs to. The deserializer's errors carry line and column only.

use super::problem::Place;
use serde_yaml::granit_parser::{Event, Parser};
use std::fmt::Write;
use std::ops::Range;

/// What the parser's events tell about a place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// `nodes[2].port`; empty at the top.
    pub(super) path: String,
    /// For a key: where the same key already stood in the same mapping.
    pub(super) first: Option<Range<usize>>,
    /// For a key: where its mapping begins.
    pub(super) mapping: usize,
}

/// A mapping or list that is still open.
enum Open {
    Mapping { start: usize, key: Option<String>, keys: Vec<(String, Range<usize>)> },
    List { index: usize },
}

/// Reads `text` up to `place`. `None` where nothing begins there or the text ends being YAML before it.
pub(super) fn find(text: &str, place: &Place) -> Option<Found> {
    let mut open: Vec<Open> = Vec::new();
    for next in Parser::new_from_str(text) {
        let (event, span) = next.ok()?;
        let span = span.byte_range()?;
        let is_here = span.start == place.span.start;
        match event {
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                node_ended(&mut open);
            }
            Event::Scalar(text, ..) => {
                if let Some(Open::Mapping { start, key: key @ None, keys }) = open.last_mut() {
                    let mapping = *start;
                    let first = keys.iter().find(|(key, _)| *key == text).map(|(_, span)| span.clone());
                    *key = Some(text.to_string());
                    if is_here && place.is_key {
                        return Some(Found { path: path(&open), first, mapping });
                    }
                    keys.push((text.into_owned(), span));
                } else if is_here && !place.is_key {
                    return Some(Found { path: path(&open), ..Found::default() });
                } else {
                    node_ended(&mut open);
                }
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if is_here && !place.is_key {
                    return Some(Found { path: path(&open), ..Found::default() });
                }
                open.push(match event {
                    Event::MappingStart(..) => Open::Mapping { start: span.start, key: None, keys: Vec::new() },
                    _ => Open::List { index: 0 },
                });
            }
            Event::Alias(_) => node_ended(&mut open),
            _ => {}
        }
    }
    None
}

/// The innermost open mapping has its value (or a key that is no word), the innermost list one item more.
fn node_ended(open: &mut [Open]) {
    match open.last_mut() {
        Some(Open::Mapping { key, .. }) => *key = if key.is_some() { None } else { Some("?".to_owned()) },
        Some(Open::List { index }) => *index += 1,
        None => {}
    }
}

fn path(open: &[Open]) -> String {
    let mut path = String::new();
    for part in open {
        match part {
            Open::Mapping { key: Some(key), .. } if path.is_empty() => path.push_str(key),
            Open::Mapping { key: Some(key), .. } => path.extend([".", key]),
            Open::Mapping { key: None, .. } => {}
            Open::List { index } => write!(path, "[{index}]").unwrap_or_default(), // a String takes everything
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "defaults: {user: root}\nnodes:\n  - name: a\n    preserve: [/x, /y]\n  - prot: 1\n    prot: 2\n";

    fn found(needle: &str, is_key: bool) -> Option<Found> {
        let start = TEXT.find(needle).unwrap();
        find(TEXT, &Place { span: start..start, is_key })
    }

    #[test]
    fn a_place_has_a_path() {
        for (needle, is_key, path) in [
            ("root", false, "defaults.user"),
            ("{user", false, "defaults"),
            ("a\n", false, "nodes[0].name"),
            ("/y", false, "nodes[0].preserve[1]"),
            ("prot: 1", false, "nodes[1]"),
            ("prot: 1", true, "nodes[1].prot"),
        ] {
            assert_eq!(found(needle, is_key).unwrap().path, path, "{needle}");
        }
        assert_eq!(found("oot", false), None);
    }

    #[test]
    fn a_repeated_key_knows_its_first() {
        let first = TEXT.find("prot: 1").unwrap();
        assert_eq!(found("prot: 2", true).unwrap().first, Some(first..first + 4));
        assert_eq!(found("prot: 1", true).unwrap().first, None);
    }
}
