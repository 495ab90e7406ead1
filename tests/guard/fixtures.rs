//! Machines on which something went wrong once, by chance or by hand: each is a file in `fixtures`, with what it must
//! come to on its first lines. Seeds do not survive a change of the generator; these do.

use crate::as_root;
use crate::case::Case;
use crate::steps::Run;

/// Value of the line `# KEY: VALUE`.
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(key)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no line `# {key}:` in\n{text}"))
}

as_root! {
    fn machines_that_failed_once() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guard/fixtures");
        let files = std::fs::read_dir(folder).expect("the folder of fixtures");
        let mut tried = 0;
        for file in files {
            let text = std::fs::read_to_string(file.expect("a file").path()).expect("a fixture");
            value(&text, "wrong");
            let run = match value(&text, "reset") {
                "gentle" => Run::Gentle,
                "aggressive" => Run::Aggressive,
                other => panic!("no such reset: {other}"),
            };
            let case = Case::new(run, text.clone());
            let case = if value(&text, "mounts") == "private" { case.private() } else { case };
            case.check(|outcome| match value(&text, "must").split_once(' ').unwrap_or((value(&text, "must"), "")) {
                ("complete", _) => outcome.assert_complete(),
                // Before anything is touched.
                ("refuse", why) => {
                    assert!(outcome.refused() && !outcome.touched && outcome.said.contains(why), "{text}{outcome}");
                }
                // It may have begun, and says what is in the way.
                ("end", why) => assert!(outcome.stopped.is_some() && outcome.said.contains(why), "{text}{outcome}"),
                other => panic!("no such end: {other:?}"),
            });
            tried += 1;
        }
        assert!(tried > 0, "no fixture in {folder}");
    }
}
