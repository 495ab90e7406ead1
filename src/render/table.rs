//! What the tables have in common.

use super::style::{Paint, Style};
use super::text::{columns, fit, hang, longest_word, wrap};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use std::cmp::Reverse;

/// Columns between columns; one is enough where two are too many.
const GAPS: [usize; 2] = [2, 1];
/// What a sentence may be squeezed to where all of it stands below the table too.
const LEAST: usize = 12;

/// A cell and what it means.
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) paint: Paint,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, paint: Paint::Plain }
    }
}

/// One node's cells.
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    /// The most lines that they may be high, where the last one may be cut; what is cut ends in `…`.
    pub(crate) height: Option<usize>,
}

impl Row {
    /// A cell as lines of `width` columns.
    fn lines(&self, column: usize, width: usize) -> Vec<String> {
        let mut lines = wrap(&self.cells[column].text, width);
        let Some(height) = self.height else { return lines };
        if lines.len() > height {
            lines.truncate(height);
            lines[height - 1].push('…');
        }
        lines.into_iter().map(|line| fit(&line, width)).collect()
    }
}

/// A table with `header`, made for `width`; without one nothing wraps. Rows have no frame, so that they can be read, cut
/// and searched (`grep`, `awk`) like kubectl's. Cells wrap at spaces, all but the first, the node's name; where not even
/// words fit, each row becomes a list.
pub(crate) fn table(header: &[&str], rows: &[Row], width: Option<u16>, style: Style) -> String {
    let Some((widths, gap)) = layout(header, rows, width) else { return list(header, rows, width, style) };
    let names = Row { cells: header.iter().map(|name| Cell::from((*name).to_owned())).collect(), height: None };
    let all = std::iter::once(&names).chain(rows);
    draw(&all.collect::<Vec<_>>(), &widths, gap, style)
}

/// How wide each column is, and what is between them; `None` where the words alone are too wide.
fn layout(header: &[&str], rows: &[Row], width: Option<u16>) -> Option<(Vec<usize>, usize)> {
    let last = header.len().saturating_sub(1);
    let column = |i: usize, of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0).max(columns(header[i]));
    let whole: Vec<usize> = (0..header.len()).map(|i| column(i, &|row| columns(&row.cells[i].text))).collect();
    let Some(width) = width.map(usize::from) else { return Some((whole, GAPS[0])) };
    let word = |row: &Row, i: usize| {
        let longest = longest_word(&row.cells[i].text);
        if i == last && row.height.is_some() { longest.min(LEAST) } else { longest }
    };
    let words: Vec<usize> = (0..header.len())
        .map(|i| match i {
            0 => whole[0],
            _ => rows.iter().map(|row| word(row, i)).max().unwrap_or(0).max(longest_word(header[i])),
        })
        .collect();
    GAPS.into_iter().find_map(|gap| {
        let spare = width.checked_sub(words.iter().sum::<usize>() + gap * last)?;
        Some((widen(rows, &whole, words.clone(), spare), gap))
    })
}

/// Gives the spare columns one by one to the column that makes rows highest, and among equals to the one that soonest
/// needs no more.
fn widen(rows: &[Row], whole: &[usize], mut widths: Vec<usize>, spare: usize) -> Vec<usize> {
    let height = |i: usize, width: usize| rows.iter().map(|row| wrap(&row.cells[i].text, width).len()).max();
    let mut heights: Vec<_> = widths.iter().enumerate().map(|(i, &width)| height(i, width)).collect();
    for _ in 0..spare {
        let narrow = (0..widths.len()).filter(|&i| widths[i] < whole[i]);
        let Some(i) = narrow.max_by_key(|&i| (heights[i], Reverse(whole[i] - widths[i]))) else { break };
        widths[i] += 1;
        heights[i] = height(i, widths[i]);
    }
    widths
}

/// comfy-table draws; where lines break is decided already. No line ends in spaces.
fn draw(rows: &[&Row], widths: &[usize], gap: usize, style: Style) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if style.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    for row in rows {
        let cells = row.cells.iter().zip(widths).enumerate();
        table.add_row(cells.map(|(i, (cell, &width))| cell.paint.cell(row.lines(i, width).join("\n"), style)));
    }
    let last = widths.len().saturating_sub(1);
    for ((i, column), &width) in table.column_iter_mut().enumerate().zip(widths) {
        column.set_padding((0, if i == last { 0 } else { u16::try_from(gap).unwrap_or(1) }));
        let width = u16::try_from(width + if i == last { 0 } else { gap }).unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// The first cell as a heading, the others one per line with their column's name.
fn list(header: &[&str], rows: &[Row], width: Option<u16>, style: Style) -> String {
    let longest = header.iter().map(|name| columns(name)).max().unwrap_or(0);
    let indent = longest + 4;
    let mut text = String::new();
    for row in rows {
        for (i, (name, cell)) in header.iter().zip(&row.cells).enumerate() {
            if i > 0 {
                text.push_str(&format!("  {name:longest$}  "));
            }
            let shown = if i == 0 { cell.text.clone() } else { hang(&cell.text, indent, indent, width) };
            text.push_str(&cell.paint.on(&shown, style));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str], height: Option<usize>) -> Row {
        Row { cells: cells.iter().map(|cell| Cell::from((*cell).to_owned())).collect(), height }
    }

    fn shown(rows: &[Row], width: u16) -> String {
        table(&["NODE", "A", "REMARK"], rows, Some(width), Style::default())
    }

    #[test]
    fn the_column_that_is_highest_gets_what_is_to_spare() {
        let rows = [row(&["n", "one two", "a b c d e f"], None)];
        assert_eq!(shown(&rows, 40), "NODE  A        REMARK\nn     one two  a b c d e f\n");
        assert_eq!(shown(&rows, 22), "NODE  A        REMARK\nn     one two  a b c d\n               e f\n");
        assert_eq!(shown(&rows, 19), "NODE  A      REMARK\nn     one    a b c\n      two    d e f\n");
    }

    #[test]
    fn gaps_shrink_before_a_table_becomes_a_list() {
        let rows = [row(&["node1", "/var/lib", "word"], None)];
        assert_eq!(shown(&rows, 23), "NODE   A         REMARK\nnode1  /var/lib  word\n");
        assert_eq!(shown(&rows, 21), "NODE  A        REMARK\nnode1 /var/lib word\n");
        assert_eq!(shown(&rows, 20), "node1\n  A       /var/lib\n  REMARK  word\n");
    }

    #[test]
    fn only_what_stands_below_too_is_cut() {
        let rows = [row(&["n", "x", "one two three /a/path/of/thirty/columns"], Some(2))];
        let text = shown(&rows, 25);
        assert_eq!(text, "NODE  A  REMARK\nn     x  one two three\n         /a/path/of/thir…\n");
        let uncut = [row(&["n", "x", "one /a/path/of/thirty/columns"], None)];
        assert!(shown(&uncut, 25).starts_with("n\n  A       x\n"), "a list then");
    }

    #[test]
    fn colours_take_no_columns() {
        let mut painted = row(&["n", "bad", "x"], None);
        painted.cells[1].paint = Paint::Bad;
        let text = table(&["NODE", "A", "REMARK"], &[painted], Some(30), Style { color: true });
        assert_eq!(text, "NODE  A    REMARK\nn     \x1b[38;5;1m\x1b[1mbad  \x1b[0mx\n");
    }
}
