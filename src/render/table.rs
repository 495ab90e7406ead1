//! What the tables have in common.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, TableStyle, presets};

/// The least that the last column, which holds sentences, is worth having beside whole others.
const LEAST: u16 = 20;
/// What wrapping may shrink a column to: `aggressive` and most header words stay whole.
const WORD: u16 = 10;
/// Columns between columns.
const GAP: u16 = 2;

/// No frame: rows that can be read, cut and searched (`grep`, `awk`) like kubectl's.
const STYLE: TableStyle = presets::NOTHING;

/// One node's cells and the most lines that they may be high; what is cut ends in `…`.
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    pub(crate) height: usize,
}

/// A table with `header`, made for `width`. Where that is too little the last column wraps; where the others alone are
/// too wide, all but the first, the node's name, wrap; and where not even words fit, each row becomes a list.
pub(crate) fn table(header: &[&str], rows: &[Row], width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).force_no_tty().set_truncation_indicator("…").set_header(header.to_vec());
    for row in rows {
        let mut shown = comfy_table::Row::from(&row.cells);
        shown.max_height(row.height);
        table.add_row(shown);
    }
    let widths = table.column_max_content_widths();
    let last = widths.len().saturating_sub(1);
    let needed = |middle: u16, end: u16| {
        let minimum = |(i, &content): (usize, &u16)| match i {
            0 => content,
            i if i == last => content.min(end),
            _ => content.min(middle),
        };
        widths
            .iter()
            .enumerate()
            .map(minimum)
            .fold(0, |sum: u16, column| sum.saturating_add(column).saturating_add(GAP))
    };
    let (whole, words) = (needed(u16::MAX, LEAST), needed(WORD, WORD));
    let holds = |needed: u16| width.is_some_and(|width| width.saturating_add(GAP) >= needed);
    match width {
        None => table.set_content_arrangement(ContentArrangement::Disabled),
        Some(_) if !holds(words) => return list(header, rows),
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
    };
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if i == last { 0 } else { GAP }));
        if i == 0 || (i < last && holds(whole)) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// The first cell as a heading, the others one per line with their column's name; the terminal wraps.
fn list(header: &[&str], rows: &[Row]) -> String {
    let longest = header.iter().map(|name| name.len()).max().unwrap_or(0);
    let row = |row: &Row| {
        let mut cells = header.iter().zip(&row.cells);
        let heading = cells.next().map(|(_, node)| format!("{node}\n"));
        heading.into_iter().chain(cells.map(|(name, cell)| format!("  {name:longest$}  {cell}\n"))).collect::<String>()
    };
    rows.iter().map(row).collect()
}
