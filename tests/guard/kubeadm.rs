//! `kubeadm reset` deletes by itself, through mounts and from etcd's folder: it runs only after the same proof.

use crate::case::Case;
use crate::{as_root, steps::Run};

as_root! {
    /// Proves the fake: what it would do to the media if it were let.
    fn the_fake_kubeadm_deletes_like_the_real_one() {
        for outcome in Case::new(Run::Kubelet, r#"bind /srv/media "$SUBPATH""#).how("kubeadm reset").outcomes() {
            assert!(outcome.kubeadm_ran && !outcome.kept(), "the fake deleted nothing{outcome}");
        }
    }

    fn kubeadm_does_not_run_while_something_is_mounted_below() {
        for at in ["\"$SUBPATH\"", "/var/lib/cni/networks/cbr0", "/etc/kubernetes/manifests", "/run/kubernetes/x", "/var/lib/dockershim/x"] {
            // No step unmounts kubelet's folder here: umount is broken, as it is for a mount that will not go.
            let plant = format!("bind /srv/media {at}; mount --bind /usr/bin/false /usr/bin/umount");
            Case::new(Run::Unchecked, plant).check(|outcome| {
                assert!(outcome.stopped.is_some() && !outcome.kubeadm_ran, "{outcome}");
                outcome.assert_nothing_deleted();
            });
        }
    }

    fn etcds_data_survive_kubeadm() {
        Case::new(Run::Gentle, "files /var/lib/etcd/member/wal/0.wal").check(|outcome| {
            outcome.assert_complete();
            assert!(outcome.kubeadm_ran, "{outcome}");
        });
        Case::new(Run::Gentle, "mv /var/lib/etcd /disk/etcd; ln -s /disk/etcd /var/lib/etcd").protect("/disk/etcd").check(
            |outcome| {
                outcome.assert_complete();
                assert!(outcome.kubeadm_ran, "{outcome}");
            },
        );
    }

    fn a_folder_that_kubeadm_empties_leads_to_the_media() {
        for folder in ["/var/lib/cni", "/var/lib/dockershim", "/run/kubernetes"] {
            for target in ["/srv/media", "/srv", "/mnt/media", "/disk/alias"] {
                let plant = format!("bind /srv/media /disk/alias; rm -rf {folder}; ln -s {target} {folder}");
                Case::new(Run::Kubelet, plant).check(|outcome| {
                    outcome.assert_refused("kubeadm reset", 76, "refused");
                    outcome.assert_nothing_deleted();
                });
            }
        }
    }
}
