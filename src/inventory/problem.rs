//! One thing that is wrong with the file, before it is drawn.

use serde_yaml::{Error, Location, Spanned};
use std::ops::Range;

/// A stretch of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// In bytes.
    pub(super) span: Range<usize>,
    /// Whether a key is meant; a block mapping begins where its first key does.
    pub(super) is_key: bool,
}

impl Place {
    /// Where a value is written; for an alias or a merged key, where its text stands rather than where it is used.
    pub(super) fn of<T>(value: &Spanned<T>) -> Self {
        Self::at(&value.defined)
    }

    /// A value's location. A string's values all have their bytes.
    fn at(location: &Location) -> Self {
        let number = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        let start = number(location.span().byte_offset());
        Self { span: start..start + number(location.span().byte_len()), is_key: false }
    }

    /// An error's location: where the text is no YAML, the parser knows line and column only.
    pub(super) fn of_error(text: &str, error: &Error) -> Self {
        let location = error.location().unwrap_or(Location::UNKNOWN);
        if location.span().byte_offset().is_some() {
            return Self::at(&location);
        }
        let nth = |n: u64| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
        let line_start: usize = text.split_inclusive('\n').take(nth(location.line())).map(str::len).sum();
        let line = text[line_start..].lines().next().unwrap_or_default();
        let start = line_start + line.chars().take(nth(location.column())).map(char::len_utf8).sum::<usize>();
        Self { span: start..start, is_key: false }
    }

    /// The same place, meaning the key.
    pub(super) fn key(self) -> Self {
        Self { is_key: true, ..self }
    }
}

/// What to say, and where.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) place: Place,
    /// The title: what is wrong, without the key path, which is put before it when drawn.
    pub(super) message: String,
    /// Beside the caret: what is expected or meant.
    pub(super) label: String,
    /// A second place that explains the first.
    pub(super) other: Option<Box<(Place, String)>>, // boxed: a Problem travels in every Result here
    /// What to do, where the label does not say it.
    pub(super) help: Option<String>,
}

impl Problem {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), label: String::new(), other: None, help: None }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn other(mut self, place: Place, label: impl Into<String>) -> Self {
        self.other = Some(Box::new((place, label.into())));
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All that is wrong: one run of `kfleet inventory check` should be enough to mend a file.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// The value where it is good; else its problem is noted and the caller goes on without it.
    pub(super) fn note<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.add(problem)).ok()
    }

    /// Checks an optional value.
    pub(super) fn check<V, T>(&mut self, value: Option<V>, check: impl FnOnce(V) -> Result<T, Problem>) -> Option<T> {
        value.and_then(|value| self.note(check(value)))
    }
}
