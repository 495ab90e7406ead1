//! What tests read out of the documents: tables and code blocks under a heading.

/// The text between the heading called `title` and the next heading of its level or above.
pub(crate) fn section<'a>(document: &'a str, title: &str) -> &'a str {
    let (level, start) = headings(document)
        .find_map(|(level, name, _, behind)| (name == title).then_some((level, behind)))
        .unwrap_or_else(|| panic!("the document has no heading `{title}`"));
    let end = headings(document).find(|(other, _, at, _)| *at >= start && *other <= level);
    &document[start..end.map_or(document.len(), |(_, _, at, _)| at)]
}

/// Level, title, and where the line begins and ends, of every heading outside of code blocks.
fn headings(document: &str) -> impl Iterator<Item = (usize, &str, usize, usize)> {
    let mut in_code = false;
    let mut end = 0;
    document.split_inclusive('\n').filter_map(move |line| {
        let at = end;
        end += line.len();
        in_code ^= line.starts_with("```");
        let level = line.bytes().take_while(|b| *b == b'#').count();
        (level > 0 && !in_code).then(|| (level, line[level..].trim(), at, end))
    })
}

/// The rows of the first table in `text`, without header and rule; each a list of cells.
pub(crate) fn table(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    rows.skip(2).map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}
