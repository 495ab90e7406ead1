//! Secrets in lines that come one by one.

use super::mask_secrets;

/// The most lines of one private key that are waited for its end.
const KEY_LINES: usize = 200;
const STARS: &str = "****";

/// Masks line after line of one text: a private key goes over many, of which only the first says so.
#[derive(Clone, Debug, Default)]
pub struct SecretLines {
    /// Lines that may still be of the key whose beginning was seen.
    left: usize,
}

impl SecretLines {
    /// The line with stars for what looks like a secret, read together with those before it.
    pub fn mask(&mut self, line: &str) -> String {
        if self.left > 0 {
            let Some(end) = line.find("-----END ") else {
                self.left -= 1;
                return STARS.to_owned();
            };
            self.left = 0;
            return format!("{STARS}{}", self.mask(&line[end..]));
        }
        if begins_key(line) {
            self.left = KEY_LINES;
        }
        mask_secrets(line)
    }
}

/// Whether a private key begins in it and does not end.
fn begins_key(line: &str) -> bool {
    let Some((_, rest)) = line.rsplit_once("-----BEGIN ") else { return false };
    rest.split_once("-----").is_some_and(|(label, body)| label.ends_with("PRIVATE KEY") && !body.contains("-----END "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_masked_from_its_first_line_to_its_last() {
        let mut lines = SecretLines::default();
        let shown: Vec<String> = [
            "key: -----BEGIN RSA PRIVATE KEY-----",
            "MIIEowIBAAKCAQEA",
            "q1w2e3",
            "-----END RSA PRIVATE KEY-----",
            "-----BEGIN CERTIFICATE-----",
            "MIIC",
        ]
        .map(|line| lines.mask(line))
        .into();
        assert_eq!(shown[1..4], ["****", "****", "****-----END RSA PRIVATE KEY-----"], "{shown:?}");
        assert_eq!(shown[4..], ["-----BEGIN CERTIFICATE-----", "MIIC"]);
    }

    #[test]
    fn a_key_without_an_end_hides_not_everything() {
        let mut lines = SecretLines::default();
        lines.mask("-----BEGIN PRIVATE KEY-----");
        for _ in 0..KEY_LINES {
            assert_eq!(lines.mask("x"), STARS);
        }
        assert_eq!(lines.mask("x"), "x");
    }

    #[test]
    fn a_key_on_one_line_hides_no_other() {
        let mut lines = SecretLines::default();
        assert!(!lines.mask("-----BEGIN PRIVATE KEY-----MIIE-----END PRIVATE KEY-----").contains("MIIE"));
        assert_eq!(lines.mask("x"), "x");
    }
}
