//! Links of both kinds, and files that cannot be removed.

use crate::case::Case;
use crate::outcome::Outcome;
use crate::{as_root, sandbox::Shell, steps::Run};

const KUBEADM_FILES: &str = "remove Kubernetes' files in /etc/kubernetes";

as_root! {
    fn of_a_link_to_the_media_only_the_link_goes() {
        let links = "
            ln -s /srv/media /var/lib/kubelet/media; ln -s ../../../srv /var/lib/kubelet/srv; ln -s / /var/lib/kubelet/root
            ln -s /srv/media/film.mkv /var/lib/kubelet/film; ln -s /nowhere /var/lib/kubelet/dangling
            ln -s /mnt/media/ '/var/lib/kubelet/a link'";
        for run in [Run::Gentle, Run::Kubelet] {
            Case::new(run, links).check(Outcome::assert_complete);
        }
    }

    /// kubeadm opens these two folders by name and empties what they lead to, so it must not run at all.
    fn of_links_in_etc_kubernetes_only_the_links_go() {
        for (entry, target) in [
            ("pki", "/srv/media"),
            ("manifests", "/mnt/media"),
            ("pki", "/srv"),
            ("pki", "/disk/alias"),
            ("manifests", "/disk/other"),
        ] {
            let plant = format!("bind /srv/media /disk/alias; rm -rf /etc/kubernetes/{entry}; ln -s {target} /etc/kubernetes/{entry}");
            for (run, shell) in [(Run::Gentle, Shell::Dash), (Run::Aggressive, Shell::Busybox)] {
                Case::new(run, plant.clone()).shells(&[shell]).check(|outcome| {
                    outcome.assert_complete_but("kubeadm reset");
                    assert!(!outcome.kubeadm_ran, "{outcome}");
                    assert_eq!(outcome.left, ["/etc/kubernetes/admin-notes.txt"], "{outcome}");
                });
            }
        }
        Case::new(Run::Aggressive, "ln -s /srv/media /etc/kubernetes/tmp; ln -s /srv/media/film.mkv /etc/kubernetes/admin.conf")
            .check(|outcome| assert_eq!(outcome.left, ["/etc/kubernetes/admin-notes.txt"], "{outcome}"));
    }

    fn the_admins_files_in_etc_kubernetes_stay() {
        let plant = "files /etc/kubernetes/pki-backup/ca.key /etc/kubernetes/audit.yaml /etc/kubernetes/.keep /etc/kubernetes/admin.conf";
        Case::new(Run::Aggressive, plant).check(|outcome| {
            outcome.assert_complete();
            let mut left = outcome.left.clone();
            left.sort();
            let stay = [".keep", "admin-notes.txt", "audit.yaml", "pki-backup", "pki-backup/ca.key"];
            assert_eq!(left, stay.map(|name| format!("/etc/kubernetes/{name}")), "{outcome}");
        });
    }

    fn etc_kubernetes_is_a_link_into_the_media() {
        for target in ["/srv/media", "/srv", "/srv/media/deep"] {
            let plant = format!("rm -r /etc/kubernetes; files /srv/media/pki/x {target}/kubelet.conf; ln -s {target} /etc/kubernetes");
            Case::new(Run::Aggressive, plant).check(|outcome| {
                outcome.assert_refused("check that no protected path is in reach", 76, "/etc/kubernetes");
                outcome.assert_nothing_deleted();
            });
        }
    }

    fn hard_links_to_the_media_leave_the_media() {
        let plant = "for n in 1 2 3; do ln /srv/media/film.mkv /var/lib/kubelet/film$n; done; ln /mnt/media/photo.jpg /etc/kubernetes/admin.conf";
        Case::new(Run::Kubelet, plant).check(Outcome::assert_complete);
    }

    fn links_from_the_media_into_kubelets_folder_stay() {
        Case::new(Run::Kubelet, "ln -s /var/lib/kubelet/pods /srv/media/pods; ln -s /var/lib/kubelet /mnt/media/kubelet")
            .check(Outcome::assert_complete);
    }

    /// What cannot be removed is not reported as removed.
    fn a_file_that_may_not_be_removed_fails_the_step() {
        let plant = "chattr +i /var/lib/kubelet/config.yaml && echo immutable >/guard/notes || :";
        Case::new(Run::GuardOnly, plant).check(|outcome| {
            if outcome.notes.is_empty() {
                crate::sandbox::not_run("a_file_that_may_not_be_removed_fails_the_step (no chattr +i on a tmpfs)");
                return;
            }
            assert_eq!(outcome.status("remove contents of /var/lib/kubelet"), Some(1), "{outcome}");
            assert_eq!(outcome.status(KUBEADM_FILES), None, "{outcome}");
            assert!(outcome.left.contains(&"/var/lib/kubelet/config.yaml".to_owned()), "{outcome}");
        });
    }

    /// A name of nothing but newlines is a name.
    fn a_file_whose_name_is_a_newline_is_something_to_remove() {
        let plant = "rm -r /var/lib/kubelet; mkdir /var/lib/kubelet; : >'/var/lib/kubelet/\n'";
        Case::new(Run::GuardOnly, plant).check(|outcome| {
            assert_eq!(outcome.status("remove contents of /var/lib/kubelet"), Some(0), "{outcome}");
            outcome.assert_complete();
        });
    }
}
