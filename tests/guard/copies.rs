//! Copies: what a reset keeps must not be written through, and must be there.

use crate::case::Case;
use crate::{as_root, steps::Run};

/// Two phases of one run, as on a ladder; between them a join has written files where links were.
const TWICE: &str = "/bin/sh /run/kfleet/phase.sh </dev/null >/guard/out.first 2>&1
mkdir -p /etc/kubernetes/pki; echo new >/etc/kubernetes/pki/ca.crt; echo new >/etc/kubernetes/kubelet.conf
/bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1
echo $? >/guard/status
cat /var/lib/kfleet/backup/guard/etc/kubernetes/kubelet.conf >/guard/notes
readlink /var/lib/kfleet/backup/guard/etc/kubernetes/pki/ca.crt >>/guard/notes
";

const ONCE: &str = "/bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1
echo $? >/guard/status
cat /var/lib/kfleet/backup/guard/etc/kubernetes/pki/ca.crt >/guard/notes
";

as_root! {
    fn a_second_phase_writes_through_no_link_among_the_copies() {
        let plant = "rm /etc/kubernetes/pki/ca.crt; ln -s /srv/media/film.mkv /etc/kubernetes/pki/ca.crt";
        for run in [Run::Gentle, Run::Aggressive] {
            Case::new(run, plant).how(TWICE).check(|outcome| {
                outcome.assert_complete();
                let kept = "this is /etc/kubernetes/kubelet.conf\n/srv/media/film.mkv\n";
                assert_eq!(outcome.notes, kept, "what was there first is not what was kept: {outcome}");
            });
        }
    }

    fn of_a_folder_that_is_a_link_its_contents_are_kept() {
        let plant = "mv /etc/kubernetes /disk/kubernetes; ln -s /disk/kubernetes /etc/kubernetes";
        for run in [Run::Gentle, Run::Aggressive] {
            Case::new(run, plant).how(ONCE).check(|outcome| {
                assert_eq!(outcome.notes, "this is /etc/kubernetes/pki/ca.crt\n", "{outcome}");
            });
        }
    }

    fn what_fstab_mounts_is_refused_before_anything_is_touched() {
        for point in ["/var/lib/kubelet/pods/disk", "/var/lib/containerd/disk", "/run/containerd/a b"] {
            let spelled = point.replace(' ', "\\\\040");
            let plant = format!("tmpfs '{point}'; printf 'tmpfs {spelled}/ tmpfs defaults 0 0\\n' >/etc/fstab");
            Case::new(Run::Aggressive, plant).check(|outcome| {
                outcome.assert_refused("check that no protected path is in reach", 76, "fstab");
                outcome.assert_nothing_deleted();
            });
        }
    }
}
