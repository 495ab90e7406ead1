//! One section of the probe, read as text, lines, numbers or pairs. What did not end well is unknown, with its reason.

use super::SectionOutput;
use crate::model::{DOCUMENT_BYTES, Fact, STEP_LINES, Unit, clean, mask_secrets};
use std::collections::BTreeMap;

/// One section, about to be read.
pub(super) struct Reader<'a> {
    pub(super) output: Option<&'a SectionOutput>,
}

impl Reader<'_> {
    /// What `read` makes of a section of which nothing is missing, however it ended.
    pub(super) fn whole<T>(&self, read: impl FnOnce(&SectionOutput) -> Fact<T>) -> Fact<T> {
        let Some(out) = self.output else { return Fact::Unknown("the probe did not come to it".to_owned()) };
        match out.too_much {
            Some(why) => Fact::Unknown(format!("the node {why}")),
            None if out.bytes.split(|byte| *byte == b'\n').nth(STEP_LINES + 1).is_some() => {
                Fact::Unknown(format!("the node printed more than {STEP_LINES} lines"))
            }
            None => read(out),
        }
    }

    /// The text of a section that ended with 0; anything else is unknown, with what it said last.
    pub(super) fn text(&self) -> Fact<String> {
        self.whole(|out| match out.status {
            0 => Fact::Known(String::from_utf8_lossy(&out.bytes).into_owned()),
            64 => Fact::Unknown("it, or the tool that tells it, is not on the node".to_owned()),
            status => Fact::Unknown(format!("asking ended with status {status}: {}", last_line(&out.bytes))),
        })
    }

    /// Like `text`, where status 64 means that the thing looked for is not there.
    pub(super) fn optional_text(&self) -> Fact<Option<String>> {
        match self.output {
            Some(out) if out.is_nothing() => Fact::Known(None),
            _ => self.text().map(Some),
        }
    }

    /// Like `optional_text`, where what is there has to be read further.
    pub(super) fn optional<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Fact<Option<T>> {
        match self.output {
            Some(out) if out.is_nothing() => Fact::Known(None),
            _ => self.parsed(parse).map(Some),
        }
    }

    /// Like `parsed`, for what is read into a tree.
    pub(super) fn document<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Fact<T> {
        match self.output {
            Some(out) if out.bytes.len() > DOCUMENT_BYTES => {
                Fact::Unknown(format!("the node printed more than {} KiB", DOCUMENT_BYTES >> 10))
            }
            _ => self.parsed(parse),
        }
    }

    /// Like `document`, where status 64 means that the thing looked for is not there.
    pub(super) fn optional_document<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Fact<Option<T>> {
        match self.output {
            Some(out) if out.is_nothing() => Fact::Known(None),
            _ => self.document(parse).map(Some),
        }
    }

    pub(super) fn lines(&self) -> Fact<Vec<String>> {
        self.text().map(|t| t.lines().map(clean).collect())
    }

    pub(super) fn lines_or_none(&self) -> Fact<Vec<String>> {
        self.optional_text().map(|t| t.unwrap_or_default().lines().map(clean).collect())
    }

    pub(super) fn number(&self) -> Fact<u64> {
        self.parsed(|t| t.trim().parse().ok())
    }

    /// A word and what belongs to it, per line.
    pub(super) fn pairs<T: std::str::FromStr>(&self) -> Fact<Vec<(String, T)>> {
        let pair = |line: &str| {
            let (key, value) = line.split_once(' ')?;
            Some((clean(key), clean(value).parse().ok()?))
        };
        self.parsed(|text| text.lines().map(pair).collect())
    }

    pub(super) fn key_values(&self) -> Fact<BTreeMap<String, String>> {
        self.text().map(|t| t.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (clean(k), clean(v))).collect())
    }

    pub(super) fn units(&self) -> Fact<BTreeMap<String, Unit>> {
        self.text().map(|t| {
            let blocks = t.split("\n\n").map(|block| {
                let get = |key: &str| {
                    let found = block.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('='));
                    clean(found.unwrap_or_default())
                };
                let restarts = get("NRestarts").parse().unwrap_or(0);
                (get("Id"), Unit { load: get("LoadState"), active: get("ActiveState"), sub: get("SubState"), restarts })
            });
            blocks.collect()
        })
    }

    pub(super) fn parsed<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Fact<T> {
        match self.text() {
            Fact::Unknown(why) => Fact::Unknown(why),
            Fact::Known(text) => parse(&text).map_or_else(
                || Fact::Unknown(format!("what was printed cannot be read: {}", last_line(text.as_bytes()))),
                Fact::Known,
            ),
        }
    }
}

pub(super) fn value(map: &Fact<BTreeMap<String, String>>, key: &str) -> Fact<String> {
    match map {
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
        Fact::Known(map) => match map.get(key).filter(|v| !v.is_empty()) {
            Some(value) => Fact::Known(value.clone()),
            None => Fact::Unknown(format!("the node did not say its {}", key.replace('_', " "))),
        },
    }
}

/// 0 or 1.
pub(super) fn flag(map: &Fact<BTreeMap<String, String>>, key: &str) -> Fact<bool> {
    number::<u8>(map, key).map(|number| number != 0)
}

pub(super) fn number<T: std::str::FromStr>(map: &Fact<BTreeMap<String, String>>, key: &str) -> Fact<T> {
    match value(map, key) {
        Fact::Unknown(why) => Fact::Unknown(why),
        Fact::Known(text) => match text.parse() {
            Ok(number) => Fact::Known(number),
            Err(_) => Fact::Unknown(format!("its {key} is no number: {text}")),
        },
    }
}

pub(super) fn unit(units: &Fact<BTreeMap<String, Unit>>, id: &str) -> Fact<Unit> {
    match units {
        Fact::Unknown(why) => Fact::Unknown(why.clone()),
        Fact::Known(map) => {
            map.get(id).cloned().map_or_else(|| Fact::Unknown(format!("systemctl did not show {id}")), Fact::Known)
        }
    }
}

pub(super) fn last_word(text: &str) -> String {
    text.split_whitespace().last().unwrap_or(text).to_owned()
}

/// `containerd github.com/containerd/containerd 1.7.24~ds1 1.7.24~ds1-6+deb13u1`
pub(super) fn third_word(text: &str) -> String {
    text.split_whitespace().nth(2).unwrap_or(text).to_owned()
}

pub(super) fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it printed nothing");
    mask_secrets(&clean(crate::parse::message(line)))
}
