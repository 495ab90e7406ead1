//! Kubelet's folder and the media are one place under two names: nothing is deleted, and nothing is unmounted.

use crate::case::Case;
use crate::outcome::Outcome;
use crate::{as_root, sandbox::Shell, steps::Run};

/// Refused by the guard in the first step that would touch kubelet's folder, in each of the ways to get there.
fn refused(plant: &str) {
    for (run, shell) in [(Run::Kubelet, Shell::Dash), (Run::GuardOnly, Shell::Busybox)] {
        Case::new(run, plant).shells(&[shell]).check(|outcome| {
            assert!(outcome.stopped.is_some() && outcome.steps.iter().any(|step| step.1 == 76), "{outcome}");
            assert!(outcome.said.contains("refused") && !outcome.kubeadm_ran, "{outcome}");
        });
    }
}

fn complete(plant: &str) {
    Case::new(Run::Kubelet, plant).check(Outcome::assert_complete);
}

/// Kubelet's folder gives way to what `plant` puts in its place.
fn instead(plant: &str) -> String {
    format!("rm -rf /var/lib/kubelet; {plant}")
}

as_root! {
    fn kubelets_folder_is_a_link_elsewhere() {
        let moved = "mv /var/lib/kubelet /disk/kubelet; ln -s /disk/kubelet /var/lib/kubelet; bind /srv/media \"$SUBPATH\"";
        Case::new(Run::Aggressive, moved).check(|outcome| {
            outcome.assert_complete();
            assert!(outcome.kubeadm_ran, "{outcome}");
        });
    }

    fn kubelets_folder_is_a_link_into_the_media_or_above() {
        refused(&instead("mkdir /srv/media/kubelet; files /srv/media/kubelet/x; ln -s /srv/media/kubelet /var/lib/kubelet"));
        refused(&instead("ln -s /srv/media /var/lib/kubelet"));
        refused(&instead("ln -s ../../srv /var/lib/kubelet"));
        refused(&instead("ln -s / /var/lib/kubelet"));
        // Through a second link, and one that ends in a slash.
        refused(&instead("ln -s /mnt/media/deep /disk/link; mkdir /mnt/media/deep; ln -s /disk/link/ /var/lib/kubelet; files /mnt/media/deep/x"));
    }

    /// Before it can refuse to delete it must not have taken the media's disks away.
    fn the_medias_disk_stays_mounted_where_kubelets_folder_leads_there() {
        refused(&instead("tmpfs /srv/media; files /srv/media/film; ln -s /srv /var/lib/kubelet"));
        refused(&instead("tmpfs /srv/media/disk; files /srv/media/disk/film; ln -s /srv/media /var/lib/kubelet"));
        refused("tmpfs /var/lib/kubelet/disk; files /var/lib/kubelet/disk/film; rm -r /mnt/media; ln -s /var/lib/kubelet/disk /mnt/media");
    }

    /// A whole reset says no before kubelet and pods are stopped.
    fn a_refusal_comes_before_anything_is_touched() {
        for plant in [instead("ln -s /srv/media /var/lib/kubelet"), "rm -rf /var/lib/cni; ln -s /srv /var/lib/cni".to_owned()] {
            Case::new(Run::Gentle, plant).check(|outcome| {
                outcome.assert_refused("check that no protected path is in reach", 76, "refused");
                assert_eq!(outcome.steps.len(), 2, "{outcome}");
            });
        }
    }

    fn kubelets_folder_is_a_bind_mount_of_the_media() {
        refused("bind /srv/media /var/lib/kubelet");
        refused("bind_ro /srv/media /var/lib/kubelet");
        refused("bind /srv /var/lib/kubelet");
        refused("mount --rbind / /var/lib/kubelet");
        refused("bind /srv/media/deep /var/lib/kubelet");
        refused("bind /srv/media /disk/a; bind /disk/a/deep /disk/b; bind /disk/b/er /var/lib/kubelet");
    }

    fn kubelets_folder_is_the_medias_disk_again() {
        refused("tmpfs /disk/d; files /disk/d/media/film; bind /disk/d/media /mnt/media; bind /disk/d /var/lib/kubelet");
        refused("tmpfs /mnt/media; files /mnt/media/kubelet/x; bind /mnt/media/kubelet /var/lib/kubelet; files /var/lib/kubelet/y");
        // The same, behind a mount that hides the disk from its own name.
        refused("mount --make-rprivate /; tmpfs /disk/d; files /disk/d/film; bind /disk/d /mnt/media; bind /disk/d /var/lib/kubelet; tmpfs /disk/d");
    }

    fn kubelets_folder_is_a_bind_mount_of_a_disk_below_the_media() {
        let disk = "tmpfs /srv/media/disk; files /srv/media/disk/kubelet/x /srv/media/disk/film; ";
        refused(&format!("{disk} bind /srv/media/disk /var/lib/kubelet"));
        refused(&format!("{disk} bind /srv/media/disk/kubelet /var/lib/kubelet"));
        refused("tmpfs /disk/d; files /disk/d/a/film; bind /disk/d/a /srv/media/deep; bind /disk/d /var/lib/kubelet");
        refused("tmpfs /disk/d; files /disk/d/a/film; bind /disk/d/a '/srv/media/Some Artist'; bind /disk/d/a /var/lib/kubelet");
    }

    fn the_media_are_a_part_of_kubelets_folder() {
        let into = "rm -r /mnt/media; files /var/lib/kubelet/media/film; ";
        refused(&format!("{into} ln -s /var/lib/kubelet/media /mnt/media"));
        refused(&format!("{into} bind /var/lib/kubelet/media /mnt/media"));
        refused(&format!("{into} mkdir /mnt/media; bind /var/lib/kubelet/media /mnt/media/disk"));
        refused(&format!("{into} bind /var/lib/kubelet /mnt/media"));
    }

    fn another_protected_path_counts_alike() {
        for plant in ["bind /opt/data /var/lib/kubelet", "rm -r /var/lib/kubelet; ln -s /opt/data /var/lib/kubelet"] {
            Case::new(Run::Kubelet, format!("files /opt/data/x; {plant}")).protect("/opt/data").check(|outcome| {
                assert!(outcome.steps.iter().any(|step| step.1 == 76) && outcome.said.contains("/opt/data"), "{outcome}");
            });
        }
        Case::new(Run::Kubelet, "").protect("/var/lib/kubelet/keep").check(|outcome| {
            outcome.assert_refused("kubeadm reset", 76, "lie in each other");
        });
    }

    fn etcd_is_protected_under_other_names_too() {
        refused("bind /var/lib/etcd /var/lib/kubelet");
        refused(&instead("ln -s etcd /var/lib/kubelet"));
    }

    fn media_that_are_a_link_to_another_disk_are_fine() {
        complete("mv /mnt/media /disk/media; ln -s /disk/media /mnt/media; bind /mnt/media \"$SUBPATH\"");
        complete("tmpfs /disk/media; files /disk/media/film; rm -r /mnt/media; ln -s /disk/media /mnt/media");
    }

    fn media_that_are_missing_or_a_dangling_link_are_fine() {
        complete("rm -r /mnt/media");
        complete("rm -r /mnt/media; ln -s /nowhere/media /mnt/media");
        complete("rm -r /mnt; echo a file >/mnt; bind /srv/media \"$SUBPATH\"");
    }

    /// No answer is not the answer that nothing is there.
    fn media_that_cannot_be_looked_at_are_no_missing_media() {
        refused("rm -r /mnt/media; ln -s media /mnt/media");
        refused("rm -r /mnt/media; ln -s ../b/a /mnt/media; mkdir /b; ln -s ../mnt/media /b/a");
    }

    fn kubelets_folder_alone_on_its_own_disk_is_fine() {
        complete(&instead("tmpfs /var/lib/kubelet; files /var/lib/kubelet/x"));
        complete("tmpfs /disk/d; files /disk/d/kubelet/x /disk/d/media/film; rm -r /mnt/media; ln -s /disk/d/media /mnt/media; bind /disk/d/kubelet /var/lib/kubelet");
    }

    /// Names that begin alike are not paths that lie in each other.
    fn neighbours_with_longer_names_are_fine() {
        Case::new(Run::Aggressive, "files /var/lib/kubelet-media/x /disk/kubelet-media/x; mv /var/lib/kubelet /disk/kubelet; ln -s /disk/kubelet /var/lib/kubelet")
            .protect("/var/lib/kubelet-media")
            .protect("/disk/kubelet-media")
            .check(Outcome::assert_complete);
    }
}
