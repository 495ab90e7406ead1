//! The stand-alone reset, run on the same machines: it carries the same steps, and holds the same guards by itself.

use crate::as_root;
use crate::case::Case;
use crate::interrupt::WORKER;
use crate::sandbox::Shell;
use crate::steps::Run;
use kfleet::model::Level;
use kfleet::plan::alone_reset;

/// The part that its unit runs, whose id is the first word behind it.
const UNIT: &str =
    "/bin/sh /run/kfleet/phase.sh inside alone_unit guard '' '' </dev/null >/guard/out 2>&1\necho $? >/guard/notes\n";

fn alone(level: Level, plant: &str) -> Case {
    let run = if level == Level::Gentle { Run::Gentle } else { Run::Aggressive };
    Case::new(run, plant)
        .text(alone_reset(level, &[]).expect("it can be planned").render())
        .how(UNIT)
        .shells(&Shell::ALL)
}

as_root! {
    fn a_stand_alone_reset_empties_the_node_and_leaves_media_alone() {
        for (level, run) in [(Level::Gentle, Run::Gentle), (Level::Aggressive, Run::Aggressive)] {
            // A gentle one does not detach what is in use.
            let plant = match level {
                Level::Gentle => "bind /srv/media \"$SUBPATH\"".to_owned(),
                // What stands there is no config, which a script cannot mend.
                _ => format!("{WORKER}\nrm /etc/containerd/config.toml"),
            };
            alone(level, &plant).private().check(|outcome| {
                assert_eq!(outcome.notes, "0\n", "{outcome}");
                assert!(outcome.is_empty(run), "something is left{outcome}");
                assert!(outcome.said.contains("protected paths are as they were: /mnt/media, /srv/media"), "{outcome}");
                assert!(!outcome.said.contains("FAILED") && !outcome.said.contains("REFUSED"), "{outcome}");
            });
        }
    }

    fn a_stand_alone_reset_refuses_where_media_are_in_reach() {
        for level in Level::RESETS {
            alone(level, "rm -r /var/lib/kubelet/pods; bind /srv/media/deep /var/lib/kubelet").check(|outcome| {
                assert_eq!(outcome.notes, "3\n", "{outcome}");
                assert!(outcome.said.contains("REFUSED") && outcome.said.contains("/srv/media"), "{outcome}");
                assert!(!outcome.kubeadm_ran && !outcome.touched, "something was changed{outcome}");
            });
        }
    }
}
