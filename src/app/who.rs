//! Who makes this run, as others find it on a node.

/// `user@workstation`, in characters that mean nothing to anybody else.
pub(super) fn who() -> String {
    let user =
        ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    format!("{}@{}", plain(user.as_deref().unwrap_or("somebody")), plain(&host))
}

fn plain(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    text.chars().take(64).map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_word_whatever_the_environment_says() {
        assert_eq!(plain("alice"), "alice");
        assert_eq!(plain("a b\n$(x)'"), "a_b___x__");
        assert_eq!(plain(&"é".repeat(99)), "_".repeat(64));
        assert!(who().contains('@') && !who().contains(char::is_whitespace));
    }
}
