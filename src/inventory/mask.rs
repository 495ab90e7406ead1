//! A join command's token must not be shown, not even in the line that is drawn because something is wrong with it.

use std::ops::Range;

/// `text` with tokens as stars. Its length in bytes stays, so that places found in the original still hold.
pub(super) fn mask_tokens(text: &str) -> String {
    let mut secrets = bare_tokens(text);
    secrets.extend(flag_values(text));
    text.char_indices()
        .map(|(at, c)| {
            let is_secret = secrets.iter().any(|secret| secret.contains(&at));
            if is_secret { "*".repeat(c.len_utf8()) } else { c.to_string() }
        })
        .collect()
}

/// The secret half of every word that looks like `abcdef.0123456789abcdef`.
fn bare_tokens(text: &str) -> Vec<Range<usize>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let mut tokens = Vec::new();
    let mut start = 0;
    for word in text.split(|c| !is_word(c)) {
        if word.len() == 23 && word.as_bytes()[6] == b'.' && !word[7..].contains(['.', '-']) {
            tokens.push(start + 7..start + 23);
        }
        start += word.len() + text[start + word.len()..].chars().next().map_or(0, char::len_utf8);
    }
    tokens
}

/// The whole word after every `--token`, whatever it looks like: a mistyped token is secret too.
fn flag_values(text: &str) -> Vec<Range<usize>> {
    const FLAG: &str = "--token";
    let is_gap = |c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\'' | '\\');
    let mut values = Vec::new();
    for (at, _) in text.match_indices(FLAG) {
        let rest = &text[at + FLAG.len()..];
        let value = rest.trim_start_matches(is_gap);
        let start = text.len() - value.len();
        if value.len() < rest.len() && !value.starts_with('-') {
            values.push(start..start + value.find(is_gap).unwrap_or(value.len()));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_hidden_however_they_are_written() {
        for (text, shown) in [
            ("kubeadm join a:1 abcdef.0123456789abcdef x", "kubeadm join a:1 abcdef.**************** x"),
            ("--token abcdef.0123456789abcdef --x", "--token *********************** --x"),
            ("--token=ABC.1 x", "--token=***** x"),
            ("--token \\\n  'sécret'", "--token \\\n  '*******'"),
            ("--token-ttl 5m --token", "--token-ttl 5m --token"),
            ("--token --discovery-token-ca-cert-hash x", "--token --discovery-token-ca-cert-hash x"),
            ("host: storagenodet3500.example.lab", "host: storagenodet3500.example.lab"),
            ("ü abcdef.0123456789abcdef", "ü abcdef.****************"),
        ] {
            assert_eq!(mask_tokens(text), shown);
            assert_eq!(mask_tokens(text).len(), text.len());
        }
    }
}
