//! Draws a problem: title, place, the offending line with a caret, help. One style for the parser's findings and ours.

use super::locate::find;
use super::mask::mask_tokens;
use super::problem::{Place, Problem};
use crate::model::is_unsafe;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};
use std::ops::Range;

/// The drawing, without colour and without a newline at its end.
pub(super) fn draw(file_name: &str, text: &str, problem: &Problem) -> String {
    let source = harmless(&mask_tokens(text));
    let title = match find(text, &problem.place) {
        Some(found) if !found.path.is_empty() => format!("{}: {}", found.path, problem.message),
        _ => problem.message.clone(),
    };
    let mut snippet = Snippet::source(source.as_str()).path(file_name).annotation(
        AnnotationKind::Primary
            .span(mark(text, &problem.place))
            .label((!problem.label.is_empty()).then(|| shown(&problem.label))),
    );
    if let Some((place, label)) = problem.other.as_deref() {
        snippet = snippet.annotation(AnnotationKind::Context.span(mark(text, place)).label(shown(label)));
    }
    let mut report: Vec<Group<'_>> = vec![Level::ERROR.primary_title(shown(&title)).element(snippet)];
    if let Some(help) = &problem.help {
        report.push(Group::with_title(Level::HELP.secondary_title(harmless(&mask_tokens(help)))));
    }
    Renderer::plain().render(&report)
}

/// One line of text that may quote the file: without tokens, and without controls that a terminal would obey.
fn shown(text: &str) -> String {
    normalize_untrusted_str(&harmless(&mask_tokens(text)))
}

/// `text` without what a terminal obeys beyond ASCII; the renderer draws ASCII's own controls. Its length in bytes stays, so
/// that places found in the original still hold.
fn harmless(text: &str) -> String {
    let stand_in = |c: char| match c.len_utf8() {
        2 => "·",
        3 => "�",
        _ => "?�",
    };
    let mut harmless = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() || !is_unsafe(c) {
            harmless.push(c);
        } else {
            harmless.push_str(stand_in(c));
        }
    }
    harmless
}

/// The beginning of a place: carets under a whole block or a pasted command say nothing and push the text away.
fn mark(text: &str, place: &Place) -> Range<usize> {
    const LONGEST: usize = 40;
    let start = place.span.start.min(text.len());
    let end = place.span.end.clamp(start, text.len());
    let line = text.get(start..end).and_then(|part| part.lines().next()).unwrap_or_default();
    let shown: usize = line.trim_end().chars().take(LONGEST).map(char::len_utf8).sum();
    start..start + shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_as_long_as_what_they_stand_for() {
        let text = "a\u{80}\u{9b}\u{202e}\u{e0041}\u{1b}木\n";
        assert_eq!(harmless(text), "a··�?�\u{1b}木\n");
        assert_eq!(harmless(text).len(), text.len());
    }
}
