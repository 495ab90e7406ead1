//! Names that shells, mountinfo and printf each read in their own way.

use crate::case::Case;
use crate::outcome::Outcome;
use crate::sandbox::Shell;
use crate::{as_root, steps::Run};
use std::fmt::Write;

/// Each is one path segment, as a word for `printf %b`.
pub(crate) const NAMES: [&str; 20] = [
    "a space",
    "\\0040 two  spaces ",
    "new\\nline",
    "ends in newline\\n",
    "tab\\ttab",
    "back\\\\slash",
    "back\\\\0040slash\\\\134",
    "%s%d%n%%",
    "*",
    "[a-z]?*",
    "-rf",
    "--",
    ".hidden",
    "...",
    "$(touch x)`touch y`",
    "quo\"te'quote",
    "x//deleted",
    "carriage\\rreturn\\fform\\vvertical",
    "\\0377\\0376 no utf8 \\0303",
    "#;&|<>!~{a,b}",
];

as_root! {
    fn odd_names_of_mount_points_and_of_what_is_mounted() {
        let mut plant = String::from("n=0\n");
        for name in NAMES {
            let name = name.replace("//", "");
            let word = quoted(&name);
            writeln!(plant, "name=$(printf '%b' {word} && printf x); name=${{name%x}}; n=$((n + 1))").expect("memory");
            plant.push_str(
                r#"mkdir -p -- "/srv/media/in/$name" && files "/srv/media/in/$name/film"
                bind "/srv/media/in/$name" "/var/lib/kubelet/pods/$name"
                bind_ro /mnt/media "/var/lib/kubelet/pods/$name mnt/$name"
                files "/var/lib/kubelet/pods/$n/$name file"
                "#,
            );
        }
        Case::new(Run::Kubelet, plant.clone()).shells(&Shell::ALL).check(|outcome| {
            outcome.assert_complete();
            assert!(!outcome.said.contains("detached"), "{outcome}");
        });
        Case::new(Run::GuardOnly, plant).check(|outcome| {
            outcome.assert_refused("remove contents of /var/lib/kubelet", 75, "still mounted");
            outcome.assert_nothing_deleted();
        });
    }

    fn odd_names_of_the_media_under_kubelets_own_name() {
        for name in NAMES {
            let name = name.replace("//", "");
            let plant = format!(
                r#"name=$(printf '%b' {} && printf x); name=${{name%x}}
                mkdir -p -- "/srv/media/in/$name"; files "/srv/media/in/$name/film" "/srv/media/in/$name/config.yaml"
                bind "/srv/media/in/$name" /var/lib/kubelet"#,
                quoted(&name)
            );
            Case::new(Run::Kubelet, plant).shells(&[Shell::Dash]).check(refused);
        }
    }

    /// A disk below the media has the odd name, and kubelet's folder is on that disk.
    fn odd_names_of_disks_below_the_media() {
        for name in NAMES {
            let name = name.replace("//", "");
            let plant = format!(
                r#"name=$(printf '%b' {} && printf x); name=${{name%x}}
                mkdir -p -- "/disk/source/$name"; files "/disk/source/$name/kubelet/config.yaml"
                bind "/disk/source/$name" "/srv/media/$name disk"
                bind "/disk/source/$name/kubelet" /var/lib/kubelet"#,
                quoted(&name)
            );
            Case::new(Run::Kubelet, plant).shells(&[Shell::Dash]).check(refused);
        }
    }

    fn odd_names_of_what_is_protected() {
        for protect in ["/srv/a b", "/srv/*", "/srv/[a]\\", "/srv/%s 'q' \"$HOME\"", "/srv/-rf", "/srv/ü", "/srv/ x "] {
            let plant = format!("mkdir -p -- {0}; files {0}/film; bind {0} /var/lib/kubelet", quoted(protect));
            Case::new(Run::Kubelet, plant).protect(protect).shells(&[Shell::Dash]).check(refused);
        }
    }
}

fn refused(outcome: &Outcome) {
    assert!(outcome.stopped.is_some() && outcome.steps.iter().any(|step| step.1 == 76), "{outcome}");
    assert!(!outcome.kubeadm_ran, "{outcome}");
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
