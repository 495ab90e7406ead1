//! Words: which are secrets by their form, and which name one.

use super::{BEGIN, STARS};

/// What a word says of what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A bearer token, after a space.
    Bearer,
    /// Whatever a client signs in with.
    Authorization,
    /// A password. `flag` where it is an option of a command, whose value may follow without a sign.
    Password { flag: bool },
    /// Another secret, in a word that sentences have too.
    Secret { flag: bool },
}

/// The last words of names, without what stands between words.
const PASSWORDS: [&str; 3] = ["password", "passwd", "passphrase"];
const SECRETS: [&str; 7] = ["secret", "token", "apikey", "accesskey", "secretkey", "certificatekey", "clientkeydata"];

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The word that begins at `at`; what begins a key in PEM is never within one.
pub(super) fn at(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..];
    let ends = |(at, c): &(usize, char)| !is_part(*c) || (*at > 0 && *c == '-' && rest[*at..].starts_with(BEGIN));
    let length = rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at);
    (length > 0).then(|| &rest[..length])
}

/// What the word at `at` says of what follows it.
pub(super) fn key(text: &str, at: usize, word: &str) -> Option<Key> {
    // Only the end of a name counts, and no name is longer.
    let tail: Vec<char> = word.chars().rev().take(64).filter(char::is_ascii_alphanumeric).collect();
    let name: String = tail.iter().rev().map(char::to_ascii_lowercase).collect();
    let flag = word.starts_with("--");
    let is_path = text[..at].ends_with('/') && text[at + word.len()..].starts_with(':');
    if is_path {
        return None; // "open /run/secrets/token: no such file"
    }
    match name.as_str() {
        "bearer" => Some(Key::Bearer),
        "authorization" | "proxyauthorization" => Some(Key::Authorization),
        // Docker's and containerd's: user and password in base64.
        "auth" if is_quoted_auth(&text[at + word.len()..]) => Some(Key::Password { flag }),
        name if PASSWORDS.iter().any(|end| name.ends_with(end)) => Some(Key::Password { flag }),
        name if SECRETS.iter().any(|end| name.ends_with(end)) => Some(Key::Secret { flag }),
        _ => None,
    }
}

/// `" : "…` or ` = "…`.
fn is_quoted_auth(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['\\', '"', '\'', ' ']);
    rest.strip_prefix(['=', ':']).is_some_and(|value| value.trim_start_matches(['\\', ' ']).starts_with(['"', '\'']))
}

/// `word`, which stands at `at`, with stars for the tokens in it, up to the first bootstrap token; how much of it that is.
pub(super) fn mask(text: &str, at: usize, word: &str, masked: &mut String) -> usize {
    let dots = word.match_indices('.').map(|(dot, _)| dot);
    let mut ids = dots.filter(|dot| *dot >= 6);
    let Some(dot) = ids.find(|dot| is_token(&text[at + dot - 6..], &text[..at + dot - 6])) else {
        masked.push_str(&web_tokens(word));
        return word.len();
    };
    masked.push_str(&web_tokens(&word[..=dot]));
    masked.push_str(&"*".repeat(16));
    dot + 17
}

/// Whether a bootstrap token begins `rest`, and is no part of a longer name.
fn is_token(rest: &str, before: &str) -> bool {
    if !has_token_form(rest.get(..23).unwrap_or_default()) {
        return false;
    }
    let after = &rest[23..];
    let goes_on = |text: &str| text.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_domain = after.strip_prefix('.').is_some_and(|label| goes_on(label) && !label.starts_with("eyJ"));
    // `\n` within quotes is the end of a line.
    let escaped = before.ends_with(['n', 't', 'r']) && before[..before.len() - 1].ends_with('\\');
    let glued = before.ends_with(|c: char| c.is_ascii_alphanumeric()) && !escaped;
    let is_sub = before.strip_suffix('.').is_some_and(|name| name.ends_with(|c: char| c.is_ascii_alphanumeric()));
    !goes_on(after) && !is_domain && !glued && !is_sub
}

fn has_token_form(text: &str) -> bool {
    let part = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.split_once('.').is_some_and(|(id, secret)| part(id, 6) && part(secret, 16))
}

/// JSON web tokens are base64 of `{"…`. To the end of the word, also where that is cut off.
fn web_tokens(word: &str) -> String {
    const SHORTEST: usize = 20;
    let starts = word
        .match_indices("eyJ")
        .find(|(at, _)| word.len() - at >= SHORTEST && !word[..*at].ends_with(|c: char| c.is_ascii_alphanumeric()));
    match starts {
        Some((at, _)) => format!("{}{STARS}", &word[..at]),
        None => word.to_owned(),
    }
}

/// Stars for a secret; the id of a token stays.
pub(super) fn stars(secret: &str) -> String {
    if has_token_form(secret) { format!("{}{}", &secret[..7], "*".repeat(16)) } else { STARS.to_owned() }
}

/// Whether this is a token that was masked before.
pub(super) fn is_token_with_stars(secret: &str) -> bool {
    let id = secret.strip_suffix("*".repeat(16).as_str());
    id.is_some_and(|id| has_token_form(&format!("{id}{}", "0".repeat(16))))
}

/// Values that hide nothing.
pub(super) fn is_nothing(value: &str) -> bool {
    matches!(value, "true" | "false" | "null" | "nil" | "none" | "~" | "{}" | "[]" | "|" | ">" | "|-" | ">-")
}

/// Whether a word is more likely a secret than one of a sentence.
pub(super) fn looks_secret(word: &str) -> bool {
    let has = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
    let mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    word == STARS || word.len() >= 20 || (word.len() >= 8 && mixed)
}

/// Words that follow "bearer" in sentences.
pub(super) fn is_about_bearers(word: &str) -> bool {
    const WORDS: [&str; 16] = [
        "token",
        "tokens",
        "auth",
        "authentication",
        "authorization",
        "scheme",
        "realm",
        "of",
        "is",
        "was",
        "and",
        "or",
        "for",
        "in",
        "has",
        "credentials",
    ];
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    WORDS.iter().any(|known| bare.eq_ignore_ascii_case(known))
}

/// Whether a text begins with a scheme of HTTP, as a header's value does.
pub(super) fn begins_with_scheme(value: &str) -> bool {
    const SCHEMES: [&str; 5] = ["basic", "bearer", "token", "digest", "negotiate"];
    let first = value.split([' ', '\n']).next().unwrap_or_default();
    first.starts_with(STARS) || SCHEMES.iter().any(|scheme| first.eq_ignore_ascii_case(scheme))
}
