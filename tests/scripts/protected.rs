//! What the probe says of protected folders.

use super::support::{NONCE, SHELLS, nonce, run};
use kfleet::shell::{Fragment, Need, Script, Word};
use std::fs;
use std::path::Path;

/// The lines that `probe_protected` prints for these paths.
fn seen(shell: &[&str], count: &str, paths: &[&Path]) -> Vec<String> {
    let words = std::iter::once(Word::new(count)).chain(paths.iter().map(|p| Word::new(p.to_str().unwrap())));
    let script = Script::new("protected")
        .answers()
        .library(include_str!("../../src/plan/sh/guard.sh"))
        .library(include_str!("../../src/plan/sh/protected.sh"))
        .step(Need::Required, Fragment::new("probe_protected \"$@\"").args(words))
        .render(&nonce());
    let output = String::from_utf8(run(shell, &["-s"], script.real().as_bytes()).stdout).unwrap();
    assert!(output.contains(&format!("{NONCE} end 0 0")), "{shell:?}: {output}");
    output.lines().filter(|l| l.contains('/')).map(str::to_owned).collect()
}

#[test]
fn a_protected_folder_is_known_again_and_its_entries_are_counted_whatever_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let media = folder.path().join("me dia");
    fs::create_dir_all(media.join("deep/er")).unwrap();
    for name in ["film", "two\nlines", "-rf", "deep/er/x", "*"] {
        fs::write(media.join(name), "x").unwrap();
    }
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&media, &link).unwrap();
    let gone = folder.path().join("gone");
    for shell in SHELLS {
        let all = seen(shell, "yes", &[&media, &link, &gone]);
        let words: Vec<&str> = all[0].splitn(5, ' ').collect();
        assert_eq!((words[1], words[2], words[4]), ("5", "7", media.to_str().unwrap()), "{shell:?}");
        assert_eq!(all[1].rsplit_once(' ').unwrap().0, words[..4].join(" "), "{shell:?}: a link is where it leads");
        assert_eq!(all[2], format!("absent - - - {}", gone.display()), "{shell:?}");
        assert_eq!(seen(shell, "no", &[&media])[0].split(' ').nth(2), Some("-"), "{shell:?}");

        let later = media.join("later");
        fs::write(&later, "x").unwrap();
        let more = seen(shell, "yes", &[&media]);
        assert_eq!(more[0].splitn(5, ' ').collect::<Vec<_>>()[..3], [words[0], "6", "8"], "{shell:?}");
        fs::remove_file(later).unwrap();
        assert_eq!(seen(shell, "yes", &[&media])[0], all[0], "{shell:?}");
    }
}
