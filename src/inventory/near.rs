//! "Did you mean".

/// The candidates that `word` may be a slip of, nearest first, at most three.
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = strsim::damerau_levenshtein(&word.to_lowercase(), candidate);
            // One slip in three letters, or a word cut short or drawn out (`hostname` for `host`).
            let slip = distance <= 1.max(word.len().max(candidate.len()) / 3) && distance < candidate.len();
            let cut =
                word.len().min(candidate.len()) >= 3 && (word.starts_with(candidate) || candidate.starts_with(word));
            (slip || cut).then_some((distance, candidate))
        })
        .collect();
    found.sort_by_key(|(distance, _)| *distance); // stable: the inventory's order among equals
    found.dedup_by_key(|(_, candidate)| *candidate);
    found.truncate(3);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// "did you mean `x`?", for a closed set of words.
pub(super) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    near(word, candidates).first().map(|found| format!("did you mean `{found}`?"))
}

/// "`a`, `b` or `c`".
pub(super) fn one_of(words: &[&str]) -> String {
    list(words, "or")
}

/// "`a`, `b` and `c`".
pub(super) fn all_of(words: &[&str]) -> String {
    list(words, "and")
}

fn list(words: &[&str], last: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., tail] => format!("{} {last} {tail}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognized_and_strangers_are_not() {
        let keys = ["name", "host", "port", "user", "identity_file"];
        assert_eq!(near("prot", keys), ["port"]);
        assert_eq!(near("hostname", keys), ["host"]);
        assert_eq!(near("identity", keys), ["identity_file"]);
        assert_eq!(near("NAME", keys), ["name"]);
        assert!(near("colour", keys).is_empty());
        assert!(near("", keys).is_empty());
        assert!(near("x", ["y"]).is_empty());
    }

    #[test]
    fn lists_read_as_a_person_would_say_them() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
