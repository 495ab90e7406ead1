//! The fleet in one line: how far, how well, how long.

use super::style::{Line, Paint, Style};
use super::tally::{Counts, Tally};
use super::text::{clock, columns, pad};

/// Columns around a bar: its brackets and the gap behind it.
const BRACKETS: usize = 4;

/// `fleet  [######----]  12/20  ok 9  failed 3  active 2  queued 6   1:03`, as much of it as `limit` columns hold.
pub(crate) fn fleet_line(tally: &Tally, now_ms: u64, name: usize, limit: usize, style: Style) -> String {
    let counts = tally.counts();
    let time = clock(now_ms);
    let room = limit.saturating_sub(columns(&time) + 2);
    let pieces = pieces(counts, tally.stopping(), name, room);

    let mut line = Line::new(limit, style);
    for (text, paint) in pieces {
        if line.room() < limit {
            line.push("  ", Paint::Plain);
        }
        line.push(&text, paint);
    }
    line.fill(limit.saturating_sub(columns(&time)));
    line.push(&time, Paint::Faint);
    line.finish()
}

/// What fits into `room`: as many words as leave a bar of ten or more, without a bar where even two do not.
fn pieces(counts: Counts, stopping: bool, name: usize, room: usize) -> Vec<(String, Paint)> {
    let mut pieces = vec![(pad("fleet", name), Paint::Strong)];
    let numbers = (format!("{}/{}", counts.done(), counts.total()), Paint::Plain);
    let words = words(counts, stopping);
    let width = |n: usize| pieces.iter().chain([&numbers]).chain(&words[..n]).map(|(text, _)| columns(text) + 2).sum();
    let left = |n: usize| (room + 2).checked_sub(width(n));

    for n in (2..=words.len()).rev() {
        if let Some(bar) = left(n).filter(|left| *left >= 10 + BRACKETS).map(|left| (left - BRACKETS).min(20)) {
            pieces.extend([(bar_of(counts, bar), Paint::Plain), numbers]);
            pieces.extend_from_slice(&words[..n]);
            return pieces;
        }
    }
    let n = (0..=words.len()).rev().find(|&n| left(n).is_some()).unwrap_or(0);
    pieces.push(numbers);
    pieces.extend_from_slice(&words[..n]);
    pieces
}

/// The counts worth a word, the most important first: a short line keeps the first ones.
fn words(counts: Counts, stopping: bool) -> Vec<(String, Paint)> {
    let some = |n: usize, paint: Paint| if n > 0 { paint } else { Paint::Plain };
    let mut words = vec![
        (format!("ok {}", counts.ok), some(counts.ok, Paint::Good)),
        (format!("failed {}", counts.failed), some(counts.failed, Paint::Bad)),
    ];
    if stopping {
        words.insert(0, ("stopping".to_owned(), Paint::Warn));
    }
    let others = [
        (counts.interrupted, "interrupted"),
        (counts.not_started, "not started"),
        (counts.active, "active"),
        (counts.queued, "queued"),
    ];
    for (n, word) in others {
        if n > 0 {
            words.push((format!("{word} {n}"), Paint::Plain));
        }
    }
    words
}

/// `[######----]`: full only when every node is done, and never empty once one is.
fn bar_of(counts: Counts, width: usize) -> String {
    let (done, total) = (counts.done(), counts.total());
    let filled = match (done * width).checked_div(total) {
        None => 0,
        Some(filled) => filled.max(usize::from(done > 0)),
    };
    format!("[{}{}]", "#".repeat(filled), "-".repeat(width - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_only_at_the_end() {
        let counts = |ok, queued| Counts { queued, ok, ..Counts::default() };
        assert_eq!(bar_of(counts(0, 0), 10), "[----------]");
        assert_eq!(bar_of(counts(0, 30), 10), "[----------]");
        assert_eq!(bar_of(counts(1, 29), 10), "[#---------]");
        assert_eq!(bar_of(counts(29, 1), 10), "[#########-]");
        assert_eq!(bar_of(counts(30, 0), 10), "[##########]");
    }
}
