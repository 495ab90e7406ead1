//! `kubeadm reset` deletes by itself, through mounts and from etcd's folder: it runs only after the same proof.

use crate::case::Case;
use crate::outcome::Outcome;
use crate::{as_root, steps::Run};

const MEMBER: &str = "remove this node's member from etcd";

const ETCD: &str = "mkdir -p /etc/kubernetes/manifests; printf '    - etcd\\n    - --data-dir=/var/lib/etcd\\n' >/etc/kubernetes/manifests/etcd.yaml";

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

    /// kubeadm ends well where it could not remove the member, and where it is the last one.
    fn etcds_data_go_only_with_a_member_that_the_cluster_let_go() {
        for said in ["[reset] Failed to remove etcd member: timeout", "[etcd] This is the only remaining etcd member", ""] {
            Case::new(Run::ControlPlane, format!("{ETCD}; echo '{said}' >/guard/etcd-word")).check(|outcome| {
                outcome.assert_refused(MEMBER, 1, "was not removed from etcd");
                outcome.assert_nothing_deleted();
            });
        }
        let removed = format!("{ETCD}; echo 'I1 local.go:1] [etcd] Updated etcd member list: [{{cp1 https://x}}]' >/guard/etcd-word");
        let listed = "/bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1; find /var/lib/etcd >/guard/notes";
        for outcome in Case::new(Run::ControlPlane, removed.clone()).how(listed).outcomes() {
            outcome.assert_complete();
            assert_eq!(outcome.notes.trim(), "/var/lib/etcd", "{outcome}");
        }
        for preserve in ["/var/lib/etcd", "/var/lib/etcd/member"] {
            Case::new(Run::ControlPlane, removed.clone()).protect(preserve).check(Outcome::assert_complete);
        }
        let elsewhere = format!("{removed}; sed -i s,/var/lib/etcd,/srv/media/etcd, /etc/kubernetes/manifests/etcd.yaml");
        Case::new(Run::ControlPlane, elsewhere).check(|outcome| outcome.assert_refused(MEMBER, 76, "not in /var/lib/etcd"));
        let media = format!("{removed}; bind /srv/media /var/lib/etcd/media");
        Case::new(Run::ControlPlane, media).check(|outcome| assert!(!outcome.bye, "{outcome}"));
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
