//! Machines on which nothing may be deleted at all, and machines on which nothing is left to delete.

use crate::case::Case;
use crate::{as_root, sandbox::Shell, steps::Run};

const CHECK: &str = "check that this is a worker";

as_root! {
    fn a_control_plane_is_refused() {
        for manifest in ["kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler"] {
            for (run, shell) in [(Run::Gentle, Shell::Dash), (Run::Aggressive, Shell::Busybox)] {
                Case::new(run, format!("files /etc/kubernetes/manifests/{manifest}.yaml")).shells(&[shell]).check(|outcome| {
                    outcome.assert_refused(CHECK, 76, "control-plane");
                    outcome.assert_nothing_deleted();
                });
            }
        }
    }

    fn a_missing_tool_is_refused() {
        for tool in ["readlink", "stat", "awk", "sort", "cut", "find", "unshare", "mount", "umount", "timeout", "sed", "rm", "wc"] {
            let plant = format!("echo {tool} >/guard/tool");
            Case::new(Run::Aggressive, plant).how(MASKED).shells(&[Shell::Dash]).check(|outcome| {
                outcome.assert_refused(CHECK, 76, tool);
            });
        }
    }

    /// The check may pass and the tool go afterwards, or break: each one missing, no delete goes wrong.
    fn without_a_tool_nothing_protected_is_deleted() {
        let plant = "
            tmpfs /srv/media/disk; files /srv/media/disk/kubelet/x
            bind /srv/media/disk/kubelet /var/lib/kubelet; bind /srv/media /var/lib/kubelet/pods/v 2>/dev/null";
        Case::new(Run::Unchecked, plant).how(EACH_TOOL_MISSING).check(|outcome| {
            assert_eq!(outcome.notes.lines().count(), 21, "{outcome}");
        });
        let plant = r#"bind /srv/media "$SUBPATH"; mount --bind /srv "$SUBPATH""#;
        Case::new(Run::GuardOnly, plant).how(EACH_TOOL_MISSING).check(|outcome| {
            assert_eq!(outcome.notes.lines().count(), 21, "{outcome}");
            outcome.assert_nothing_deleted();
        });
    }

    fn a_second_run_finds_nothing_to_do() {
        let plant = r#"bind /srv/media "$SUBPATH"; busy "$SUBPATH""#;
        Case::new(Run::Aggressive, plant).how(TWICE).shells(&[Shell::Dash, Shell::Mksh]).check(|outcome| {
            outcome.assert_complete();
            let (first, again) = outcome.steps.split_at(outcome.steps.len() / 2);
            for (title, status) in again.iter().filter(|step| step.1 != 64) {
                // What looks, and what always has something to say; containerd runs again, and has its folders again.
                let fine = ["check", "keep", "kubeadm reset", "reload"].iter().any(|word| title.starts_with(word))
                    || title.contains("containerd");
                assert!(fine && *status == 0, "{title}{outcome}");
            }
            assert_eq!(first.len(), again.len(), "{outcome}");
        });
    }
}

/// Hides the tool that /guard/tool names, in a mount namespace that goes with the phase, so that fingerprints are taken
/// with all tools.
const MASKED: &str = r#"
    : >/noexec
    tool=$(cat /guard/tool)
    unshare --mount --propagation private /bin/sh -c '
      mount --bind /noexec "$(readlink -f "/usr/bin/$1")" && exec /bin/sh /run/kfleet/phase.sh
    ' - "$tool" </dev/null >/guard/out 2>&1
"#;

const EACH_TOOL_MISSING: &str = r#"
    : >/noexec
    for tool in readlink stat awk sort cut find unshare mount umount timeout sed tr rm wc ls cat tail grep sleep env printf; do
      unshare --mount --propagation private /bin/sh -c '
        mount --bind /noexec "$(readlink -f "/usr/bin/$1")" && echo "$1" >>/guard/notes && exec /bin/sh /run/kfleet/phase.sh
      ' - "$tool" </dev/null >>/guard/out 2>&1
    done
"#;

const TWICE: &str = "
    for time in 1 2; do /bin/sh /run/kfleet/phase.sh </dev/null >>/guard/out 2>&1; done
";
