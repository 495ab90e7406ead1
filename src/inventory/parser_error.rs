//! What the YAML parser and serde complain about, in our words.

use super::locate::find;
use super::near::{all_of, did_you_mean};
use super::problem::{Place, Problem};
use serde_yaml::{Error, MessageFormatter, UserMessageFormatter};

/// The parser stops at its first complaint, so there is one.
pub(super) fn problem(text: &str, error: &Error) -> Problem {
    let error = error.without_snippet();
    if let Error::AliasError { error, .. } = error {
        return problem(text, error);
    }
    let place = Place::of_error(text, error);
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let known = format!("known here: {}", all_of(expected));
            match did_you_mean(field, expected.iter().copied()) {
                Some(guess) => Problem::new(key(text, &place), "unknown key").label(guess).help(known),
                None => Problem::new(key(text, &place), "unknown key").label(known),
            }
        }
        Error::SerdeMissingField { field, .. } => Problem::new(mapping(text, place), format!("`{field}` is missing"))
            .label(format!("there must be a `{field}` here")),
        Error::DuplicateMappingKey { key: name, .. } => {
            repeated(text, key(text, &place), name.as_deref().unwrap_or("?"))
        }
        Error::Unexpected { expected, .. } => shape(text, place, expected),
        Error::SerdeInvalidType { expected, .. } => {
            Problem::new(place, "wrong type").label(format!("expected {expected}"))
        }
        Error::NullIntoString { .. } => Problem::new(place, "the value is empty").label("expected a word or number"),
        Error::MultipleDocuments { .. } => {
            Problem::new(place, "an inventory is one YAML document").label("a second one begins here (after `---`)")
        }
        Error::UnknownAnchor { .. } => {
            Problem::new(place, "this alias has no anchor").label("`&name` is defined nowhere")
        }
        other => {
            let message = UserMessageFormatter.format_message(other);
            let hint = hint(text, &place, &message);
            Problem::new(place, format!("not valid YAML: {message}")).label(hint)
        }
    }
}

/// Where the mapping begins in which `place` is a key: that is where a missing key is reported.
fn mapping(text: &str, place: Place) -> Place {
    match find(text, &place.clone().key()) {
        Some(found) => Place { span: found.mapping..found.mapping, is_key: false },
        None => place,
    }
}

/// The place of the key itself, drawn in full.
fn key(text: &str, place: &Place) -> Place {
    let start = place.span.start;
    let length = text.get(start..).and_then(|rest| rest.find([':', ' ', '\n', ',', '}'])).unwrap_or_default();
    Place { span: start..place.span.end.max(start + length), is_key: true }
}

fn repeated(text: &str, place: Place, name: &str) -> Problem {
    let first = find(text, &place).and_then(|found| found.first);
    let problem = Problem::new(place, format!("`{name}` is given twice")).label("second time");
    match first {
        Some(span) => problem.other(Place { span, is_key: true }, "first time"),
        None => problem,
    }
}

/// A list, mapping or word stands where another of the three belongs.
fn shape(text: &str, place: Place, expected: &str) -> Problem {
    let label = match expected {
        "mapping start" => "expected keys with values (`key: value`)",
        "sequence start" => "expected a list (`- …`)",
        "string scalar" => "expected one word or number",
        other => other,
    };
    let path = find(text, &place).map(|found| found.path).unwrap_or_default();
    let problem = Problem::new(place, "wrong type").label(label);
    match expected {
        "mapping start" if path.is_empty() => problem.help("a list of nodes stands below the key `nodes:`"),
        "mapping start" if path.starts_with("nodes[") => problem.help("write a node as `- name: node1`"),
        "sequence start" => problem.help("write nodes as `- name: node1`, one below the other"),
        "string scalar" if path.rsplit('.').next() == Some("host") => {
            problem.help("braces need quotes: `host: \"{name}\"`")
        }
        _ => problem,
    }
}

/// The parser's own words say what the grammar wanted; this says which slip it usually is.
fn hint(text: &str, place: &Place, message: &str) -> &'static str {
    match text.as_bytes().get(place.span.start) {
        Some(b'@' | b'`' | b'%') => "a value that begins like this needs quotes",
        Some(b'"' | b'\'') if message.contains("quote") => "this quote is not closed",
        _ if message.contains("tab") => "indent with spaces",
        _ if message.contains("mapping values") => "a value that contains `: ` needs quotes",
        _ if message.contains("did not find expected") => "is this line indented like its neighbours?",
        _ => "",
    }
}
