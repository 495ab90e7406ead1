//! The long text of a rule, and the list of all.

use super::style::Style;
use super::table::{Cell, Row, table};
use super::text::wrap;
use crate::model::{Explanation, Level, Severity};

/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// One text. `width` is the terminal's; `None` for a pipe, where the text stays as it was written.
pub fn explanation(explanation: &Explanation, width: Option<u16>) -> String {
    let Explanation { code, title, text, .. } = explanation;
    let facts = format!("{}{}", severities(explanation), cure(explanation));
    let text = width.map_or_else(|| (*text).to_owned(), |width| wrapped(text, usize::from(width).min(WIDEST)));
    format!("{code} {title}\n{facts}\n\n{text}\n")
}

/// One row per rule.
pub fn explanation_table(explanations: &[Explanation], width: Option<u16>) -> String {
    let row = |explanation: &Explanation| {
        let cure = explanation.cured_by.map_or("-", Level::word);
        let cells =
            [explanation.code.to_string(), severities(explanation), explanation.title.to_owned(), cure.to_owned()];
        Row { cells: cells.map(Cell::from).into(), height: None }
    };
    let rows: Vec<Row> = explanations.iter().map(row).collect();
    table(&["CODE", "SEVERITY", "TITLE", "CURED BY"], &rows, width, Style::default())
}

/// One JSON object per line, for programs.
pub fn explanation_json(explanations: &[Explanation]) -> String {
    explanations.iter().map(|explanation| serde_json::json!(explanation).to_string() + "\n").collect()
}

/// What a reset does about it; nothing to say of what needs no cure.
fn cure(explanation: &Explanation) -> &'static str {
    let harmless = explanation.severities.iter().all(|severity| *severity == Severity::Note);
    match explanation.cured_by {
        Some(Level::Gentle) => "; a gentle reset cures it",
        Some(Level::Aggressive) => "; an aggressive reset cures it",
        Some(Level::Reboot) => "; a boot cures it",
        None if harmless => "",
        None => "; no reset cures it",
    }
}

fn severities(explanation: &Explanation) -> String {
    let words: Vec<&str> = explanation.severities.iter().copied().map(Severity::word).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

/// Paragraphs filled to `width`; what is indented is a command, to be copied whole.
fn wrapped(text: &str, width: usize) -> String {
    let paragraph = |part: &str| {
        if part.starts_with("    ") { part.to_owned() } else { wrap(&glued(part), width).join("\n").replace(GLUE, " ") }
    };
    text.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}

/// Stands for a space at which no line is broken; as wide, and in none of the texts, which are ASCII.
const GLUE: char = '\u{2800}';

/// With commands between backticks as one word each.
fn glued(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    let glued =
        pieces.map(|(n, piece)| if n % 2 == 1 { piece.replace(' ', &GLUE.to_string()) } else { piece.to_owned() });
    glued.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Code;

    fn sample(severities: &[Severity], cured_by: Option<Level>) -> Explanation {
        Explanation {
            code: Code(9),
            severities: severities.to_vec(),
            title: "Something is mounted",
            cured_by,
            text: "Means: one two three\nfour five.\n\nBy hand: this.\n\n    umount --some-option /a/long/path\n\nSource: x.",
        }
    }

    #[test]
    fn a_pipe_gets_the_text_as_it_was_written_and_a_terminal_its_own_lines() {
        let sample = sample(&[Severity::Error, Severity::Note], Some(Level::Gentle));
        let head = "KF009 Something is mounted\nerror, note; a gentle reset cures it\n\n";
        assert_eq!(explanation(&sample, None), format!("{head}{}\n", sample.text));
        let narrow = "Means: one\ntwo three\nfour five.\n\nBy hand:\nthis.\n\n    umount --some-option /a/long/path\n\nSource: x.\n";
        assert_eq!(explanation(&sample, Some(10)), format!("{head}{narrow}"));
        let wide = "Means: one two three four five.\n\nBy hand: this.\n\n    umount --some-option /a/long/path\n\nSource: x.\n";
        assert_eq!(explanation(&sample, Some(300)), format!("{head}{wide}"));
    }

    #[test]
    fn no_line_is_wider_than_people_read() {
        let words = "word ".repeat(100);
        assert!(wrapped(&words, 300.min(WIDEST)).lines().all(|line| (90..=100).contains(&line.len())));
        for width in [0, 1, 3] {
            assert_eq!(wrapped("ab cd", width), "ab\ncd");
        }
        assert_eq!(wrapped("a `b c d`, e `f` g", 8), "a\n`b c d`,\ne `f` g");
    }

    #[test]
    fn the_list_has_a_row_for_each() {
        let all = [sample(&[Severity::Warning], None), sample(&[], Some(Level::Aggressive))];
        let shown = explanation_table(&all, None);
        let rows: Vec<Vec<&str>> =
            shown.lines().map(|line| line.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect()).collect();
        assert_eq!(rows[0], ["CODE", "SEVERITY", "TITLE", "CURED BY"]);
        assert_eq!(rows[1], ["KF009", "warning", "Something is mounted", "-"]);
        assert_eq!(rows[2], ["KF009", "-", "Something is mounted", "aggressive"]);
    }

    #[test]
    fn programs_get_an_object_per_line() {
        let json =
            explanation_json(&[sample(&[Severity::Note], None), sample(&[Severity::Error], Some(Level::Gentle))]);
        let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["code"], &lines[0]["cured_by"]), (&"KF009".into(), &serde_json::Value::Null));
        assert_eq!((&lines[1]["severities"][0], &lines[1]["cured_by"]), (&"error".into(), &"gentle".into()));
        assert!(lines[1]["text"].as_str().is_some_and(|text| text.starts_with("Means: ")));
    }
}
