//! Secrets in text that leaves the machine.
//!
//! What a node prints may hold the secrets of others than kfleet: a registry's password in containerd's config, a token in
//! the kubelet's journal. They are known by their form (tokens, keys) or by their name (passwords); what is in doubt is
//! masked. Each look goes from the left, and looks go on until one finds nothing more.

mod value;
mod word;

use value::{Style, Value};
use word::Key;

/// What stands for a secret, however long it is.
const STARS: &str = "****";

/// How a block of PEM begins.
const BEGIN: &str = "-----BEGIN";

/// `text` with stars for what looks like a secret:
/// * the secret half of bootstrap tokens (their ids stay), JSON web tokens, private keys in PEM;
/// * passwords in URLs, and what follows `Bearer` and `Authorization:`;
/// * the values of what is called a password, token, secret or key of certificates, in the forms of flags, variables, JSON,
///   YAML and TOML.
///
/// Hashes and ids stay.
pub fn mask_secrets(text: &str) -> String {
    let mut masked = look(text);
    for _ in 0..LOOKS {
        let again = look(&masked);
        if again == masked {
            break;
        }
        masked = again;
    }
    masked
}

/// The stars of one secret may end a word that the next one begins in, so what is seen is looked at again, as often as this.
const LOOKS: usize = 4;

fn look(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        at = private_key(text, at, &mut masked)
            .or_else(|| url(text, at, &mut masked))
            .or_else(|| named(text, at, &mut masked))
            .unwrap_or_else(|| {
                masked.push(c);
                at + c.len_utf8()
            });
    }
    masked
}

/// A private key between its lines; to the end where its last line is cut off.
fn private_key(text: &str, at: usize, masked: &mut String) -> Option<usize> {
    const DASHES: &str = "-----";
    let label = text[at..].strip_prefix(BEGIN)?.strip_prefix(" ")?;
    let length = label.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != ' ')?;
    let (label, rest) = label.split_at(length);
    let body = rest.strip_prefix(DASHES).filter(|_| label.ends_with("PRIVATE KEY"))?;
    let end = body.find("-----END ").unwrap_or(body.len());
    masked.push_str(&text[at..text.len() - body.len()]);
    masked.push_str(STARS);
    Some(text.len() - body.len() + end)
}

/// `://user:password@`.
fn url(text: &str, at: usize, masked: &mut String) -> Option<usize> {
    let authority = text[at..].strip_prefix("://")?;
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '`');
    let authority = &authority[..authority.find(ends).unwrap_or(authority.len())];
    let (user, password) = authority.rsplit_once('@')?.0.split_once(':')?;
    // Stars and more: what was masked in there was longer, and no password of a URL when it was first read.
    if password.is_empty() || (password != STARS && password.contains(STARS)) {
        return None;
    }
    masked.push_str("://");
    masked.push_str(&look(user));
    masked.push(':');
    masked.push_str(STARS);
    Some(at + "://".len() + user.len() + 1 + password.len())
}

/// A word, and the value behind it where it names a secret.
fn named(text: &str, at: usize, masked: &mut String) -> Option<usize> {
    let word = word::at(text, at)?;
    let end = at + word::mask(text, at, word, masked);
    if end < at + word.len() {
        return Some(end); // what follows the stars is a word of its own, as it is when they are read again
    }
    let Some(value) = word::key(text, at, word).and_then(|key| value_of(text, end, word, key)) else {
        return Some(end);
    };
    let secret = &text[value.from..value.to];
    masked.push_str(&text[end..value.from]);
    masked.push_str(&if word::is_token_with_stars(secret) { secret.to_owned() } else { word::stars(secret) });
    Some(value.to)
}

fn value_of(text: &str, end: usize, word: &str, key: Key) -> Option<Value> {
    let sign = value::after_sign(text, end);
    let (is_password, flag) = match key {
        Key::Bearer => {
            return value::after_gap(text, end).filter(|value| !word::is_about_bearers(value.of(text)));
        }
        Key::Authorization => {
            // "authorization: failed" is a sentence.
            let header = sign.filter(|sign| word.contains('A') || word::begins_with_scheme(sign.of(text)));
            return value::bounds(text, header?, Style::Header);
        }
        Key::Password { flag } => (true, flag),
        Key::Secret { flag } => (false, flag),
    };
    let style = if value::begins_line(text, end - word.len()) { Style::Line } else { Style::Word };
    let value = match sign {
        Some(sign) => value::bounds(text, sign, style)?,
        None if flag => value::after_gap(text, end)?,
        None => return None,
    };
    let secret = value.of(text);
    let sentence = value.in_sentence && style == Style::Word && !is_password && !word::looks_secret(secret);
    (!sentence && !word::is_nothing(secret)).then_some(value)
}

#[cfg(test)]
mod tests;
