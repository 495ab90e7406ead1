//! Text measured in terminal columns, and times as people read them.

/// Columns that `text` takes. Counted per character, which is never less than what a terminal takes for the whole: one
/// that joins an emoji's parts leaves a gap, and nothing wraps.
pub(crate) fn columns(text: &str) -> usize {
    let mut buffer = [0; 4];
    text.chars().map(|c| console::measure_text_width(c.encode_utf8(&mut buffer))).sum()
}

/// `text` in at most `limit` columns, ending in `…` where something was cut.
pub(crate) fn fit(text: &str, limit: usize) -> String {
    if columns(text) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            used += columns(c.encode_utf8(&mut [0; 4]));
            used <= room
        })
        .collect();
    cut.push('…');
    cut
}

/// `text` in exactly `width` columns: cut or filled with spaces.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let mut cell = fit(text, width);
    cell.extend(std::iter::repeat_n(' ', width.saturating_sub(columns(&cell))));
    cell
}

/// `text` broken at spaces into lines of `limit` columns. A word that is longer stands on a line of its own and keeps its
/// length: half a path is nobody's path.
pub(crate) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if columns(line) + 1 + columns(word) <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `text` to stand behind `used` columns, broken at spaces where `width` ends; further lines begin `indent` columns in.
pub(crate) fn hang(text: &str, used: usize, indent: usize, width: Option<u16>) -> String {
    let Some(width) = width.map(usize::from) else { return text.to_owned() };
    let (mut out, mut column, mut fresh) = (String::new(), used, true);
    for word in text.split_whitespace() {
        let gap = usize::from(!fresh);
        if !fresh && column + gap + columns(word) > width {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += columns(word);
        fresh = false;
    }
    out
}

/// `text` with its lines broken at spaces where they are wider than a terminal of `width` columns; the rest of such a line
/// stands four columns further in. Lines that fit stay as they are, drawings with them.
pub fn fold(text: &str, width: Option<u16>) -> String {
    let folded = |line: &str| {
        let (words, end) = line.strip_suffix('\n').map_or((line, ""), |words| (words, "\n"));
        let body = words.trim_start();
        let indent = columns(words) - columns(body);
        if width.is_none_or(|width| columns(words) <= width.into()) {
            return line.to_owned();
        }
        format!("{}{}{end}", " ".repeat(indent), hang(body, indent, indent + 4, width))
    };
    text.split_inclusive('\n').map(folded).collect()
}

/// The columns of the longest word.
pub(crate) fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(columns).max().unwrap_or(0)
}

/// A duration as a clock: `0:14`, `1:03`, `1:02:03`.
pub(crate) fn clock(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// `1 node`, `2 nodes`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_are_cut_by_columns_not_by_letters() {
        assert_eq!(fit("木木木", 6), "木木木");
        assert_eq!(fit("木木木", 5), "木木…");
        assert_eq!(fit("木木木", 4), "木…");
        assert_eq!(fit("ab", 1), "…");
        assert_eq!(fit("ab", 0), "");
        assert_eq!(pad("木木木", 4), "木… ");
    }

    #[test]
    fn lines_are_broken_at_spaces_alone() {
        assert_eq!(wrap("active 1.7.22", 9), ["active", "1.7.22"]);
        assert_eq!(wrap("active 1.7.22", 13), ["active 1.7.22"]);
        assert_eq!(wrap("look at /var/lib/containerd now", 9), ["look at", "/var/lib/containerd", "now"]);
        assert_eq!(wrap("", 9), [""]);
        let hung = hang("kubelet.conf is there and /etc/kubernetes/pki is not", 6, 4, Some(24));
        assert_eq!(hung, "kubelet.conf is\n    there and\n    /etc/kubernetes/pki\n    is not");
        assert_eq!(hang("as  it is", 90, 4, None), "as  it is");
    }

    #[test]
    fn only_lines_that_are_too_wide_are_folded() {
        let text = "error: at line 3\n  |  a: b\n  |   ^ here\n\n  so many words in it\nask? [y/N] ";
        assert_eq!(fold(text, None), text);
        assert_eq!(
            fold(text, Some(16)),
            "error: at line 3\n  |  a: b\n  |   ^ here\n\n  so many words\n      in it\nask? [y/N] "
        );
        assert_eq!(fold("", Some(16)), "");
    }

    #[test]
    fn clocks_grow_an_hour_only_when_they_need_one() {
        assert_eq!([0, 14_999, 63_000, 3_723_000].map(clock), ["0:00", "0:14", "1:03", "1:02:03"]);
    }
}
