//! Words reach a script unharmed, whatever they hold.

use super::support::{SHELLS, nonce, run};
use kfleet::shell::{Fragment, Need, Script, Word};
use proptest::prelude::*;

fn echoed(shell: &[&str], word: &str) -> String {
    let step =
        Fragment::new("printf '<%s|%s>' \"$1\" \"$VALUE\"").args([Word::new(word)]).var("VALUE", Word::new(word));
    let script = Script::new("quoting").step(Need::Required, step).render(&nonce());
    String::from_utf8(run(shell, &["-s"], script.real().as_bytes()).stdout).unwrap()
}

#[test]
fn nasty_words_survive_every_shell() {
    for shell in SHELLS {
        for word in [
            "", " ", "'", "\"", "$HOME", "`id`", "$(id)", "a\nb", "-n", "!x", "*", "~", "a\\b", "ü €", "#c",
            "a'b\"c$d", "\t;&|", "--", "{a,b}", "^M\r",
        ] {
            let out = echoed(shell, word);
            assert!(out.contains(&format!("<{word}|{word}>")), "{shell:?} {word:?}: {out:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_words_survive_dash(word in "[^\\x00]{0,40}") {
        let out = echoed(SHELLS[0], &word);
        let wanted = format!("<{word}|{word}>");
        prop_assert!(out.contains(&wanted), "{:?}", out);
    }
}
