//! Scripts that do not arrive whole, and what a script must leave alone while it runs.

use crate::case::Case;
use crate::{as_root, sandbox::Shell, steps::Run};

as_root! {
    fn a_script_cut_off_anywhere_runs_no_step() {
        Case::new(Run::Aggressive, "").how(CUTS).shells(&[Shell::Dash, Shell::Bash]).check(|outcome| {
            let (cuts, begun) = outcome.notes.trim().split_once(' ').expect("two numbers");
            assert!(cuts.parse::<usize>().unwrap() > 400, "{outcome}");
            assert_eq!(begun, "0", "steps ran in a script that was cut off{outcome}");
            outcome.assert_nothing_deleted();
            assert!(!outcome.kubeadm_ran, "{outcome}");
        });
    }

    fn no_step_reads_what_is_not_its_own() {
        Case::new(Run::Gentle, r#"bind /srv/media "$SUBPATH""#).how(STDIN).shells(&Shell::ALL).check(|outcome| {
            assert_eq!(outcome.notes, "the rest\n", "{outcome}");
            outcome.assert_complete();
        });
    }

    /// Without a file of its own a script cannot continue in a namespace, so it must not delete outside of one.
    fn a_script_from_standard_input_deletes_nothing() {
        Case::new(Run::GuardOnly, "").how("cd /; /bin/sh -s </run/kfleet/phase.sh >/guard/out 2>&1").check(|outcome| {
            outcome.assert_nothing_deleted();
            assert!(outcome.stopped.is_some(), "{outcome}");
        });
    }
}

/// The last prefix, which lacks only the newline at the end, is a whole script and is left out.
const CUTS: &str = r#"
    size=$(wc -c </run/kfleet/phase.sh)
    at=0
    cuts=0
    while [ "$at" -lt $((size - 1)) ]; do
      head -c "$at" /run/kfleet/phase.sh >/run/kfleet/cut.sh
      /bin/sh /run/kfleet/cut.sh </dev/null >>/guard/cut-out 2>&1
      cuts=$((cuts + 1))
      if [ "$at" -lt $((size - 264)) ]; then at=$((at + size / 500)); else at=$((at + 1)); fi
    done
    echo "$cuts $(grep -c -e ' begin [0-9]' /guard/cut-out)" >/guard/notes
"#;

const STDIN: &str = r"
    echo 'the rest' | { /bin/sh /run/kfleet/phase.sh >/guard/out 2>&1; cat >/guard/notes; }
";
