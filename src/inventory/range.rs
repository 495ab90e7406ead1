//! `node[01-20]`, `w[1-3,7]`, `rack[1-2]-node[01-04]`: many names in one.

use super::MAX_NODES;

/// What brackets without numbers mean: in a node's name a mistake, in a selector a glob's `[ab]`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherBrackets {
    Refuse,
    Keep,
}

/// Every name that `text` stands for, in order; `text` itself where it holds no range.
///
/// Brackets are a range where they hold only numbers, `-` and `,`. Zeros in front of a first number are kept.
pub(super) fn expand(text: &str, other: OtherBrackets) -> Result<Vec<String>, String> {
    let mut names = vec![String::new()];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        append(&mut names, &[before.to_owned()]);
        let inside = after.split_once(']').filter(|(inside, _)| is_range(inside));
        rest = match inside {
            Some((inside, after)) => {
                let parts = parts(inside)?;
                if names.len() * parts.len() > MAX_NODES as usize {
                    return Err(too_many());
                }
                append(&mut names, &parts);
                after
            }
            None if other == OtherBrackets::Keep => {
                append(&mut names, &["[".to_owned()]);
                after
            }
            None => return Err("brackets hold numbers, as in `node[01-20]` or `w[1-3,7]`".to_owned()),
        };
    }
    append(&mut names, &[rest.to_owned()]);
    Ok(names)
}

fn is_range(inside: &str) -> bool {
    inside.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b',')) && inside.bytes().any(|b| b.is_ascii_digit())
}

fn append(names: &mut Vec<String>, parts: &[String]) {
    *names = names.iter().flat_map(|name| parts.iter().map(move |part| format!("{name}{part}"))).collect();
}

/// `1-3,7` as four numbers.
fn parts(inside: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    for item in inside.split(',') {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (Ok(low), Ok(high)) = (first.parse::<u32>(), last.parse::<u32>()) else {
            return Err(format!("`{item}` is no range of numbers"));
        };
        if low > high {
            return Err(format!("`{item}` runs backwards; did you mean `{last}-{first}`?"));
        }
        if high - low >= MAX_NODES {
            return Err(too_many());
        }
        let width = if first.starts_with('0') { first.len() } else { 1 };
        parts.extend((low..=high).map(|number| format!("{number:0width$}")));
    }
    Ok(parts)
}

fn too_many() -> String {
    format!("it stands for more than {MAX_NODES} nodes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, String> {
        expand(text, OtherBrackets::Refuse)
    }

    #[test]
    fn ranges_are_spelled_out() {
        for (text, want) in [
            ("node1", "node1"),
            ("w[1-3,7]", "w1 w2 w3 w7"),
            ("node[08-11]", "node08 node09 node10 node11"),
            ("n[099-101].lab", "n099.lab n100.lab n101.lab"),
            ("n[9-10]", "n9 n10"),
            ("r[1-2]-n[01-02]", "r1-n01 r1-n02 r2-n01 r2-n02"),
            ("n[3]", "n3"),
        ] {
            assert_eq!(names(text).unwrap().join(" "), want);
        }
        assert_eq!(names("n[1-10000]").unwrap().len(), 10_000);
    }

    #[test]
    fn what_is_no_range_says_why() {
        for (text, why) in [
            ("n[3-1]", "did you mean `1-3`"),
            ("n[1-10001]", "more than 10000"),
            ("n[1-200]-[1-200]", "more than 10000"),
            ("n[1-99999999999]", "no range of numbers"),
            ("n[1-2-3]", "no range of numbers"),
            ("n[1,,3]", "no range of numbers"),
            ("n[", "brackets hold numbers"),
            ("n[]", "brackets hold numbers"),
            ("n[ab]", "brackets hold numbers"),
        ] {
            assert!(names(text).unwrap_err().contains(why), "{text}");
        }
    }

    #[test]
    fn a_selector_keeps_a_globs_brackets() {
        assert_eq!(expand("n[ab][1-2]*", OtherBrackets::Keep).unwrap(), ["n[ab]1*", "n[ab]2*"]);
        assert_eq!(expand("n[!0-9]", OtherBrackets::Keep).unwrap(), ["n[!0-9]"]);
        assert_eq!(expand("n[1", OtherBrackets::Keep).unwrap(), ["n[1"]);
    }
}
