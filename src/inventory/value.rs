//! Checks that several parts of the file share.

use super::near::{did_you_mean, one_of};
use super::problem::{Place, Problem};
use super::schema::Text;
use crate::model::parse_duration;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One of a few words.
pub(super) fn choice<T: Copy>(text: &Text, choices: &[(&str, T)]) -> Result<T, Problem> {
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.value) {
        return Ok(*value);
    }
    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
    let label =
        did_you_mean(&text.value, words.iter().copied()).unwrap_or_else(|| format!("expected {}", one_of(&words)));
    Err(Problem::new(Place::of(text), format!("`{}` is not {}", text.value, one_of(&words))).label(label))
}

/// A whole number within bounds.
pub(super) fn number(text: &Text, least: u32, most: u32) -> Result<u32, Problem> {
    text.value.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        Problem::new(Place::of(text), format!("`{}` is no number from {least} to {most}", text.value))
            .label(format!("expected a number from {least} to {most}"))
    })
}

/// `30m`, `1h 30m`, at least `least`.
pub(super) fn duration(text: &Text, least: Duration) -> Result<Duration, Problem> {
    match parse_duration(&text.value) {
        Some(duration) if duration >= least => Ok(duration),
        Some(_) => Err(Problem::new(Place::of(text), format!("`{}` is too short", text.value))
            .label(format!("the least is {}s", least.as_secs()))),
        None => {
            let label = if !text.value.is_empty() && text.value.bytes().all(|b| b.is_ascii_digit()) {
                format!("did you mean `{0}s` or `{0}m`?", text.value)
            } else {
                "expected a number with a unit, like `30s`, `30m` or `1h 30m`".to_owned()
            };
            Err(Problem::new(Place::of(text), format!("`{}` is no duration", text.value)).label(label))
        }
    }
}

/// A path on this machine; `~/` is the user's home.
pub(super) fn local_path(text: &Text, home: &Path) -> Result<PathBuf, Problem> {
    let path = text.value.as_str();
    let why = match path.strip_prefix('~') {
        _ if path.is_empty() => "the path is empty",
        _ if path.chars().any(char::is_control) => "the path contains a control character",
        None => return Ok(PathBuf::from(path)),
        Some(rest) => match rest.strip_prefix('/') {
            Some(below) => return Ok(home.join(below)),
            None => "only `~/` is understood, not another user's home",
        },
    };
    Err(Problem::new(Place::of(text), format!("`{path}` is no usable path")).label(why))
}

/// A word that cannot be mistaken for an option or for several words.
pub(super) fn plain_word(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("it is empty")
    } else if text.starts_with('-') {
        Err("it begins with `-`, like an option")
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        Err("it contains a space or a control character")
    } else {
        Ok(())
    }
}

/// A word of letters, digits, `-`, `_` and `.`.
pub(super) fn identifier(text: &Text, what: &str) -> Result<String, Problem> {
    let word = &text.value;
    let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !word.is_empty() && !word.starts_with('-') && word.bytes().all(ok) {
        return Ok(word.clone());
    }
    Err(Problem::new(Place::of(text), format!("`{word}` is no {what}")).label("allowed: A-Z a-z 0-9 - _ ."))
}
