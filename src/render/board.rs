//! What `status --watch` has on the terminal: a table that the next look is written over.

use super::text::count;
use std::time::Duration;

/// `every 5 s, last look 12:00:59, 7 nodes`; `clock` is the time of day, which only the app knows.
pub fn watch_title(pause: Duration, clock: &str, nodes: usize) -> String {
    let seconds = pause.as_secs();
    let pause = if seconds.is_multiple_of(60) { format!("{} min", seconds / 60) } else { format!("{seconds} s") };
    format!("every {pause}, last look {clock}, {}", count(nodes, "node"))
}

/// What has to be written to a terminal of that size to have `text` on it instead of what was there.
///
/// Lines are written over and the rest of each is erased, so nothing flickers as it does where a screen is cleared
/// first. No line is wider and no text higher than the screen: a terminal that wraps or scrolls would leave the next one
/// at the wrong place. The `first` time all that stands there is scrolled up and out, not written over.
pub fn redraw(text: &str, columns: u16, rows: u16, first: bool) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let room = usize::from(rows).saturating_sub(1).max(1); // the cursor ends below the last one
    let hidden = if lines.len() > room { lines.len() + 1 - room } else { 0 };
    let more = (hidden > 0).then(|| format!("… {hidden} more lines; make the window higher"));
    let shown = lines[..lines.len() - hidden].iter().copied().chain(more.as_deref());
    let limit = usize::from(columns).saturating_sub(1);
    let mut bytes = "\n".repeat(if first { usize::from(rows) } else { 0 });
    // Between the first and the last mark a terminal that knows them shows nothing; others ignore them.
    bytes.push_str("\x1b[?2026h\x1b[H");
    for line in shown {
        bytes.push_str(&console::truncate_str(line, limit, "…"));
        bytes.push_str("\x1b[K\n");
    }
    bytes.push_str("\x1b[J\x1b[?2026l");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_says_how_fresh_the_table_is() {
        let title = |seconds, nodes| watch_title(Duration::from_secs(seconds), "12:00:59", nodes);
        assert_eq!(title(5, 7), "every 5 s, last look 12:00:59, 7 nodes");
        assert_eq!(title(120, 1), "every 2 min, last look 12:00:59, 1 node");
    }

    #[test]
    fn lines_are_written_over_and_what_was_longer_is_erased() {
        let bytes = redraw("one\ntwo\n", 80, 24, false);
        assert_eq!(bytes, "\x1b[?2026h\x1b[Hone\x1b[K\ntwo\x1b[K\n\x1b[J\x1b[?2026l");
        assert_eq!(redraw("one\n", 80, 3, true), format!("\n\n\n{}", redraw("one\n", 80, 3, false)));
    }

    #[test]
    fn nothing_wraps_or_scrolls() {
        let text: String = (1..=30).map(|n| format!("{n:9} \x1b[31m{}\x1b[0m\n", "x".repeat(n))).collect();
        let bytes = redraw(&text, 20, 10, false);
        let lines: Vec<&str> = bytes.lines().collect();
        assert_eq!(lines.len() - 1, 9, "the cursor has a line of its own");
        assert!(lines.iter().all(|line| console::measure_text_width(line) < 20));
        assert_eq!(console::strip_ansi_codes(lines[8]), "… 22 more lines; m…");
        assert!(redraw(&text, 80, 10, false).contains("… 22 more lines; make the window higher"));
        assert!(!redraw(&text, 80, 31, false).contains("more lines"));
        for rows in 0..3 {
            assert!(redraw(&text, 0, rows, false).lines().count() <= 2);
        }
    }
}
