//! Mounts below kubelet's folder: they go, or nothing does.

use crate::case::Case;
use crate::outcome::Outcome;
use crate::sandbox::Shell;
use crate::{as_root, steps::Run};

const UNMOUNT: &str = "unmount below /var/lib/kubelet";
const EMPTY: &str = "remove contents of /var/lib/kubelet";

as_root! {
    fn media_bound_as_a_sub_path_of_a_volume() {
        for (run, shells) in [(Run::Gentle, &Shell::ALL[..]), (Run::Aggressive, &Shell::ALL[..2])] {
            Case::new(run, r#"bind /srv/media "$SUBPATH""#).shells(shells).check(|outcome| {
                outcome.assert_complete();
                assert!(outcome.kubeadm_ran, "{outcome}");
            });
        }
    }

    fn busy_media_stop_a_gentle_reset() {
        for hold in ["/srv/media/film.mkv", "$SUBPATH/film.mkv", "$SUBPATH/deep", "$SUBPATH"] {
            Case::new(Run::Gentle, format!(r#"bind /srv/media "$SUBPATH"; busy "{hold}""#)).check(|outcome| {
                // A process that holds the file under the media's own name is no reason for a mount to be busy.
                if hold.starts_with("/srv") {
                    outcome.assert_complete();
                } else {
                    outcome.assert_refused(UNMOUNT, 75, "still mounted below /var/lib/kubelet");
                    outcome.assert_nothing_deleted();
                }
            });
        }
    }

    fn busy_media_are_detached_by_an_aggressive_reset() {
        for hold in ["$SUBPATH/film.mkv", "$SUBPATH/deep"] {
            Case::new(Run::Aggressive, format!(r#"bind /srv/media "$SUBPATH"; busy "{hold}""#)).check(|outcome| {
                outcome.assert_complete();
                assert!(outcome.said.contains("detached"), "{outcome}");
            });
        }
    }

    /// A process elsewhere may hold a mount for good, and then the kernel's word counts, not umount's.
    fn without_unmounting_nothing_is_deleted() {
        Case::new(Run::GuardOnly, r#"bind /srv/media "$SUBPATH""#).check(|outcome| {
            outcome.assert_refused(EMPTY, 75, "volume-subpaths/v/c/0");
            outcome.assert_nothing_deleted();
        });
    }

    fn stacked_mounts() {
        let thrice = r#"for i in 1 2 3; do bind /srv/media "$SUBPATH"; done"#;
        Case::new(Run::Aggressive, thrice).check(Outcome::assert_complete);
        let others = format!(r#"{thrice}; tmpfs "$SUBPATH"; bind /mnt/media "$SUBPATH""#);
        Case::new(Run::Aggressive, others.clone()).private().check(Outcome::assert_complete);
        Case::new(Run::GuardOnly, others).private().check(|outcome| outcome.assert_refused(EMPTY, 75, "still mounted"));
    }

    /// The disk was mounted after kubelet had bound the folder, so it came to lie on both, and would go from both.
    fn a_disk_that_came_to_kubelets_folder_by_sharing_stays_on_the_media() {
        let plant = r#"bind /srv/media "$SUBPATH"; tmpfs /srv/media; files /srv/media/film"#;
        for run in [Run::Gentle, Run::Aggressive] {
            Case::new(run, plant).check(|outcome| {
                outcome.assert_refused(UNMOUNT, 75, "would go with it:\n/srv/media");
                outcome.assert_nothing_deleted();
            });
        }
        Case::new(Run::Aggressive, plant).private().check(Outcome::assert_complete);
    }

    /// The admin's own disk: it would be back after the next boot, and nobody asked to take it away.
    fn what_fstab_mounts_is_refused() {
        for (name, spelled) in [("disk", "disk"), ("my disk", "my\\\\040disk"), ("[ab]*", "[ab]*")] {
            let plant = format!(
                "mkdir -p '/var/lib/kubelet/{name}' /var/lib/kubelet/a; mount -t tmpfs tmpfs '/var/lib/kubelet/{name}'
                files '/var/lib/kubelet/{name}/kept'
                printf '%b\\n' '/dev/sdb1 /var/lib/kubelet/{spelled} ext4 defaults 0 0' >/etc/fstab"
            );
            Case::new(Run::Kubelet, plant).check(|outcome| {
                outcome.assert_refused("unmount below /var/lib/kubelet", 76, "/etc/fstab");
                outcome.assert_nothing_deleted();
            });
        }
    }

    fn nested_mounts() {
        let nested = r#"
            bind /srv/media "$SUBPATH"; bind /mnt/media "$SUBPATH/deep"; tmpfs "$SUBPATH/deep/tmp"
            bind_ro /srv/other "$SUBPATH/deep/tmp/er""#;
        Case::new(Run::Aggressive, nested).private().check(Outcome::assert_complete);
    }

    /// As systemd shares mounts, taking a disk off the volume's copy of the media would take it off the media too.
    fn the_medias_own_disks_stay_mounted() {
        let disk = r#"tmpfs /srv/media/disk; files /srv/media/disk/film; mkdir -p "$SUBPATH"; mount --rbind /srv/media "$SUBPATH""#;
        for run in [Run::Gentle, Run::Aggressive] {
            Case::new(run, disk).check(Outcome::assert_complete);
        }
        Case::new(Run::Aggressive, format!("{disk}; busy \"$SUBPATH/disk\"")).check(Outcome::assert_complete);
    }

    fn read_only_mounts_file_mounts_and_tmpfs() {
        let kinds = r#"
            bind_ro /srv/media "$SUBPATH"
            bind /srv/media/film.mkv /var/lib/kubelet/pods/0a1b2c3d/etc-hosts
            bind_ro /srv/media/.hidden /var/lib/kubelet/pods/0a1b2c3d/token
            tmpfs /var/lib/kubelet/pods/0a1b2c3d/volumes/secret; files /var/lib/kubelet/pods/0a1b2c3d/volumes/secret/token"#;
        for run in [Run::Gentle, Run::Aggressive] {
            Case::new(run, kinds).check(Outcome::assert_complete);
        }
        Case::new(Run::GuardOnly, kinds).check(|outcome| outcome.assert_refused(EMPTY, 75, "etc-hosts"));
    }

    fn media_mounted_in_containerds_folders() {
        let plant = "bind /srv/media /var/lib/containerd/snapshots/1/fs; bind /mnt/media /run/containerd/task/rootfs/media";
        Case::new(Run::Aggressive, format!("rm -f /run/containerd/task; {plant}; busy /run/containerd/task/rootfs/media"))
            .check(Outcome::assert_complete);
    }

    /// No step unmounts there, so a reset that could not end does not begin.
    fn media_mounted_where_nothing_is_unmounted() {
        for at in ["/etc/kubernetes/pki", "/var/lib/cni/networks", "/var/log/pods/p", "/run/flannel/x"] {
            Case::new(Run::Aggressive, format!("bind /srv/media {at}")).check(|outcome| {
                outcome.assert_refused("check that no protected path is in reach", 76, at);
                assert!(!outcome.touched, "{outcome}");
            });
        }
    }
}
