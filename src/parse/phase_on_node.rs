//! The answer to `plan::ask_phase`.

use super::SectionOutput;
use super::key_value::value;
use crate::model::{PhaseNote, PhaseOnNode, clean};

/// More is no note of kfleet's.
const LONGEST_NOTE: usize = 64 << 10;

/// Which phase the node runs or ran last, from the script's one answering step; `None` where it has run none since it
/// booted. `Err` where the answer is none.
pub fn phase_on_node(output: &SectionOutput) -> Result<Option<PhaseOnNode>, String> {
    if let Some(why) = output.too_much {
        return Err(format!("the script that asks for the phase {why}"));
    }
    let text = String::from_utf8_lossy(&output.bytes);
    if output.status != 0 {
        let said = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing");
        return Err(clean(said.trim().trim_start_matches("kfleet: ")));
    }
    let value = |key| value(&text, key, '=').unwrap_or_default();
    let running = match value("state").as_str() {
        "none" => return Ok(None),
        "running" => true,
        "ended" => false,
        _ => return Err("the node did not say whether a phase runs".to_owned()),
    };
    let id = value("id");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > 80 || id.starts_with('-') || !id.chars().all(plain) {
        return Err(format!("kfleet.service runs something that is not kfleet's: {}", value("what")));
    }
    // Its controls would be those of the marks: read as it is, cleaned where it is shown.
    let note = text.lines().find_map(|line| line.strip_prefix("note=")).map_or_else(
        || Err("it left no note to follow it by, as an older kfleet or the stand-alone script does not".to_owned()),
        |note| read(note, &id),
    );
    Ok(Some(PhaseOnNode { running, id, what: value("what"), since: value("since"), boot_id: value("boot"), note }))
}

fn read(note: &str, id: &str) -> Result<PhaseNote, String> {
    let unreadable = |why: String| format!("its note cannot be read (a newer kfleet's?): {}", clean(why));
    if note.len() > LONGEST_NOTE {
        return Err(unreadable(format!("it has {} KiB", note.len() >> 10)));
    }
    let mut note: PhaseNote = serde_json::from_str(note).map_err(|e| unreadable(e.to_string()))?;
    if note.schema > PhaseNote::SCHEMA {
        return Err(unreadable(format!("its form is {}, and this kfleet knows {}", note.schema, PhaseNote::SCHEMA)));
    }
    let hexadecimal = note.nonce.len() == 32 && note.nonce.chars().all(|c| c.is_ascii_hexdigit());
    if note.id != id || !hexadecimal {
        return Err(unreadable("it is that of another phase".to_owned()));
    }
    note.who = clean(&note.who);
    note.run = clean(&note.run);
    for step in &mut note.steps {
        step.title = clean(&step.title);
    }
    Ok(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> SectionOutput {
        SectionOutput { bytes: text.as_bytes().to_vec(), status: 0, too_much: None }
    }

    const NOTE: &str = r#"{"schema":1,"id":"r-1","run":"r","node":"n1","who":"a@b\u001b[2J","phase":"reset","level":"gentle","nonce":"0123456789abcdef0123456789abcdef","steps":[{"title":"t\u0007","required":true,"new":1},{"title":"j","required":true,"kind":"of_tomorrow"}]}"#;

    fn found(note: &str) -> PhaseOnNode {
        let text = format!("state=running\nid=r-1\nwhat=kfleet: x by a@b, r-1\nsince=Tue\nboot=b\nnote={note}\n");
        phase_on_node(&answer(&text)).unwrap().unwrap()
    }

    #[test]
    fn a_note_is_read_and_holds_nothing_that_a_terminal_obeys() {
        let found = found(NOTE);
        assert!(found.running && found.since == "Tue" && found.boot_id == "b");
        let note = found.note.unwrap();
        assert_eq!(note.what(), "gentle reset");
        assert!(!format!("{}{}", note.who, note.steps[0].title).chars().any(char::is_control), "{note:?}");
    }

    #[test]
    fn what_is_no_note_of_this_phase_is_none() {
        for (from, to, said) in [
            (r#""id":"r-1""#, r#""id":"r-2""#, "another phase"),
            (r#""schema":1"#, r#""schema":2"#, "its form is 2"),
            ("0123456789abcdef\"", "0123456789abcde \"", "another phase"),
            ("{", "[", "cannot be read"),
        ] {
            let why = found(&NOTE.replacen(from, to, 1)).note.unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }

    #[test]
    fn other_answers_are_told_apart() {
        assert_eq!(phase_on_node(&answer("state=none\nid=\n")), Ok(None));
        assert!(phase_on_node(&answer("")).is_err());
        assert!(phase_on_node(&answer("state=running\nid=../x\nwhat=sleep\n")).unwrap_err().contains("sleep"));
        let older = phase_on_node(&answer("state=ended\nid=r-1\nwhat=\n")).unwrap().unwrap();
        assert!(!older.running && older.note.unwrap_err().contains("left no note"));
        let failed = SectionOutput { status: 1, ..answer("kfleet: kfleet.service runs something\n") };
        assert_eq!(phase_on_node(&failed).unwrap_err(), "kfleet.service runs something");
    }
}
