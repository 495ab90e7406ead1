//! The long texts: what a finding means, how it was told, what it does not say, and what to do. They are Markdown files of
//! one theme each, a section per code.

use super::rules;
use crate::model::{Code, Explanation};

const TEXTS: [&str; 7] = [
    include_str!("explain/state.md"),
    include_str!("explain/preflight.md"),
    include_str!("explain/cluster.md"),
    include_str!("explain/runtime.md"),
    include_str!("explain/kubelet.md"),
    include_str!("explain/storage.md"),
    include_str!("explain/network.md"),
];

/// Every text, in the order of the codes.
pub fn explanations() -> Vec<Explanation> {
    let mut all: Vec<Explanation> = TEXTS.into_iter().flat_map(sections).map(|section| explanation(&section)).collect();
    all.sort_by_key(|explanation| explanation.code);
    all
}

/// The text of the code that somebody typed: "KF012", "kf12" or "12". Where there is none, what to type instead.
pub fn explain(typed: &str) -> Result<Explanation, String> {
    const LIST: &str = "`kfleet explain --list` shows all";
    let code = code(typed).ok_or_else(|| format!("`{typed}` is no code of a finding, as KF012 is; {LIST}"))?;
    let nearest = explanations().into_iter().min_by_key(|known| known.code.0.abs_diff(code.0));
    match nearest {
        Some(found) if found.code == code => Ok(found),
        Some(near) => Err(format!("there is no {code}; the nearest is {} ({}), and {LIST}", near.code, near.title)),
        None => Err(format!("there is no {code}")),
    }
}

fn code(typed: &str) -> Option<Code> {
    let typed = typed.trim();
    let number = match typed.get(..2) {
        Some(letters) if letters.eq_ignore_ascii_case("kf") => &typed[2..],
        _ => typed,
    };
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    number.parse().ok().filter(|_| digits).map(Code)
}

/// One code's part of a file.
struct Section {
    code: Code,
    title: &'static str,
    text: &'static str,
}

/// What follows each `## KF012 Title`.
fn sections(file: &'static str) -> impl Iterator<Item = Section> {
    file.split("\n## ").skip(1).filter_map(|section| {
        let (heading, text) = section.split_once('\n')?;
        let (code, title) = heading.split_once(' ')?;
        Some(Section { code: Code::try_from(code.to_owned()).ok()?, title, text: text.trim() })
    })
}

fn explanation(section: &Section) -> Explanation {
    let Section { code, title, text } = *section;
    let rules: Vec<_> = rules::summaries().filter(|rule| rule.code == code).collect();
    let mut severities: Vec<_> = rules.iter().map(|rule| rule.severity).collect();
    severities.sort_by_key(|severity| std::cmp::Reverse(*severity));
    severities.dedup();
    Explanation { code, severities, title, cured_by: rules.iter().filter_map(|rule| rule.cured_by).min(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The parts of a text, in this order; the last is one line.
    const PARTS: [&str; 6] = ["Means: ", "Known from: ", "Not concluded: ", "kfleet: ", "By hand: ", "Source: "];

    #[test]
    fn every_rule_has_one_text_and_every_text_a_rule() {
        let ruled: BTreeSet<u16> = rules::summaries().map(|rule| rule.code.0).collect();
        let told: Vec<u16> = explanations().iter().map(|text| text.code.0).collect();
        let set: BTreeSet<u16> = told.iter().copied().collect();
        assert_eq!(told.len(), set.len(), "a code has two texts: {told:?}");
        let headings = TEXTS.iter().flat_map(|file| file.lines()).filter(|line| line.starts_with("##")).count();
        assert_eq!(told.len(), headings, "a heading cannot be read");
        assert_eq!(ruled.difference(&set).collect::<Vec<_>>(), Vec::<&u16>::new(), "rules without a text");
        let unruled: Vec<&u16> = set.difference(&ruled).collect();
        assert_eq!(unruled, Vec::<&u16>::new(), "texts without a rule");
    }

    #[test]
    fn titles_are_distinct_and_short() {
        let all = explanations();
        let titles: BTreeSet<String> = all.iter().map(|text| text.title.to_lowercase()).collect();
        assert_eq!(titles.len(), all.len());
        for Explanation { code, title, .. } in all {
            assert!((8..=45).contains(&title.len()) && !title.ends_with('.'), "{code} {title}");
        }
    }

    #[test]
    fn every_text_has_its_parts_in_their_order() {
        for Explanation { code, text, .. } in explanations() {
            let parts: Vec<&str> = text.split("\n\n").filter(|part| !part.starts_with("    ")).collect();
            assert_eq!(parts.len(), PARTS.len(), "{code}: {parts:#?}");
            for (part, label) in parts.iter().zip(PARTS) {
                assert!(part.starts_with(label) && part.len() > label.len() + 10, "{code} {label}: {part}");
                assert!(
                    part.lines().all(|line| !line.starts_with(' ')),
                    "{code}: a command belongs in a part of its own"
                );
            }
            assert!(text.lines().last().is_some_and(|line| line.starts_with("Source: ")), "{code}");
        }
    }

    #[test]
    fn every_text_fits_a_screen() {
        for file in TEXTS {
            let long: Vec<&str> = file.lines().filter(|line| line.chars().count() > 100).collect();
            assert_eq!(long, Vec::<&str>::new());
            let parted: Vec<&str> = file.lines().filter(|line| line.matches('`').count() % 2 == 1).collect();
            assert_eq!(parted, Vec::<&str>::new(), "a command goes over the end of a line");
            assert!(file.starts_with("# ") && file.ends_with('\n') && !file.contains("\n\n\n"));
            assert!(file.is_ascii() && !file.contains('\t'), "what wraps it counts on that");
            assert!(file.lines().all(|line| line.trim_end() == line), "{:?}", file.lines().next());
        }
        for Explanation { code, text, .. } in explanations() {
            assert!((8..=20).contains(&text.lines().count()), "{code} has {} lines", text.lines().count());
        }
    }

    #[test]
    fn other_findings_are_named_by_codes_that_exist() {
        let all = explanations();
        for Explanation { code, text, .. } in &all {
            for named in text.split("KF").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()) {
                let number = named.and_then(|digits| digits.parse().ok());
                assert!(all.iter().any(|other| Some(other.code.0) == number), "{code} names KF{named:?}");
            }
        }
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        for typed in ["KF012", "kf012", "kf12", "Kf12", "12", "012", " KF012 "] {
            assert_eq!(explain(typed).map(|text| text.code), Ok(Code(12)), "{typed}");
        }
        for typed in ["", "KF", "kf-12", "+12", "twelve", "99999999", "ä", "KFx"] {
            assert!(explain(typed).is_err_and(|why| why.contains("--list") && why.contains("no code")), "{typed}");
        }
        let why = explain("KF999").unwrap_err();
        assert!(
            why.contains("there is no KF999") && why.contains("nearest is KF06") && why.contains("--list"),
            "{why}"
        );
        assert!(explain("0").unwrap_err().contains("nearest is KF001"));
    }
}
