//! Single files outside of Kubernetes' folders: what goes, where it goes, and what stays beside it.

use crate::case::Case;
use crate::outcome::Outcome;
use crate::{as_root, sandbox::Shell, steps::Run};

const ASIDE: &str = "move broken kubelet drop-ins aside";
const KUBECONFIG: &str = "move root's kubeconfig of this cluster aside";
const TMP: &str = "remove leftovers in /tmp";

/// Runs the phase, then lists what is where, contents of files and targets of links included.
const LISTED: &str = r#"
    /bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1
    for top in /etc/systemd /root /tmp /disk/units /disk/kube /var/lib/kfleet/backup/guard; do
      [ ! -e "$top" ] || find "$top" ! -type d -printf '%p %y %m -> %l|' -exec sh -c 'tr "\n" "|" <"$1"' - {} \; -exec echo \;
    done >/guard/notes 2>/dev/null
"#;

const DROPINS: &str = r#"
    D=/etc/systemd/system/kubelet.service.d; mkdir -p $D
    printf '# mine\n\n [Service]\nEnvironment=A=b\n' >$D/50-admin.conf
    printf 'Environment=A=b\n[Service]\nEnvironment=B=c\n' >$D/51-half.conf
    printf 'Environment=A=b\n' >$D/60-broken.conf
    printf 'Environment=A=b\n' >"$D/61 odd name.conf"
    printf 'Environment=A=b\n' >$D/10-kubeadm.conf
    printf '# nothing\n; at all\n' >$D/80-empty.conf
    ln -s /dev/null $D/90-mask.conf
    mkdir $D/95-folder.conf
    printf '[Service]\nExecStart=\n' >$D/20-bootstrap-kubeadm.conf
    printf '#!/bin/bash\n' >$D/kubelet-bootstrap-wrapper.sh
    printf 'Environment=A=b\n' >/srv/media/x.conf; ln -s /srv/media/x.conf $D/70-link.conf
"#;

/// kubeconfig FILE SERVER CA
const KUBECONFIGS: &str = r#"
    kubeconfig() {
      mkdir -p "${1%/*}"
      printf 'apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: %s\n    server: %s\n  name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: me\n' "$3" "$2" >"$1"
    }
    kubeconfig /etc/kubernetes/kubelet.conf https://10.0.0.1:6443 Q0E=
"#;

const BACKUP: &str = "/var/lib/kfleet/backup/guard";

fn has(outcome: &Outcome, start: &str) -> bool {
    outcome.notes.lines().any(|line| line.starts_with(start))
}

fn assert_has(outcome: &Outcome, starts: &[&str]) {
    for start in starts {
        assert!(has(outcome, start), "{start} is missing{outcome}");
    }
}

as_root! {
    fn drop_ins_that_break_the_kubelet_are_moved_and_the_admins_stay() {
        Case::new(Run::Aggressive, DROPINS).how(LISTED).shells(&Shell::ALL).check(|outcome| {
            outcome.assert_complete();
            let folder = "/etc/systemd/system/kubelet.service.d";
            for gone in ["60-broken.conf", "70-link.conf", "20-bootstrap-kubeadm.conf", "kubelet-bootstrap-wrapper.sh"] {
                assert!(!has(outcome, &format!("{folder}/{gone}")), "{gone} is still there{outcome}");
                assert_has(outcome, &[&format!("{BACKUP}{folder}/{gone} ")]);
            }
            assert_has(outcome, &[&format!("{BACKUP}{folder}/70-link.conf l 777 -> /srv/media/x.conf|")]);
            for stays in ["50-admin.conf", "51-half.conf", "61 odd name.conf", "10-kubeadm.conf", "80-empty.conf", "90-mask.conf"] {
                assert_has(outcome, &[&format!("{folder}/{stays} ")]);
            }
            assert_eq!(outcome.notes.matches(&format!("{BACKUP}/etc/systemd")).count(), 4, "{outcome}");
        });
    }

    fn a_copy_of_a_step_that_was_cut_off_is_used_or_made_again() {
        let planted = format!(
            "{DROPINS} B={BACKUP}$D; mkdir -p $B; cp -a $D/60-broken.conf $B; printf '[Serv' >$B/20-bootstrap-kubeadm.conf.part"
        );
        Case::new(Run::Aggressive, planted).how(LISTED).shells(&Shell::ALL).check(|outcome| {
            outcome.assert_complete();
            for gone in ["60-broken.conf", "20-bootstrap-kubeadm.conf"] {
                assert!(!has(outcome, &format!("/etc/systemd/system/kubelet.service.d/{gone}")), "{gone} is still there{outcome}");
            }
            let folder = format!("{BACKUP}/etc/systemd/system/kubelet.service.d");
            assert_has(outcome, &[&format!("{folder}/20-bootstrap-kubeadm.conf f 644 -> |[Service]|ExecStart=|")]);
            assert!(!has(outcome, &format!("{folder}/20-bootstrap-kubeadm.conf.part")), "{outcome}");
        });
    }

    fn a_drop_in_folder_that_lies_elsewhere_is_left_alone() {
        let planted = format!("{DROPINS} mv $D /disk/units; ln -s /disk/units $D");
        Case::new(Run::Aggressive, planted).how(LISTED).check(|outcome| {
            outcome.assert_complete_but(ASIDE);
            assert_eq!(outcome.status(ASIDE), Some(75), "{outcome}");
            assert_has(outcome, &["/disk/units/20-bootstrap-kubeadm.conf ", "/disk/units/60-broken.conf "]);
        });
    }

    /// It stays, and the rest of the reset is done all the same.
    fn what_is_protected_stays_where_it_is() {
        let planted = format!("{DROPINS}{KUBECONFIGS}kubeconfig /root/.kube/config https://10.0.0.1:6443 Q0E=; echo secret >/tmp/kubeadm_join_wrapper.sh");
        let case = Case::new(Run::Aggressive, planted).how(LISTED);
        for protected in ["/root", "/etc/systemd/system/kubelet.service.d/50-admin.conf", "/tmp"] {
            case.clone().protect(protected).check(|outcome| {
                assert!(outcome.bye && outcome.kubelet_is_empty(), "{outcome}");
                let stayed: Vec<_> = [ASIDE, KUBECONFIG, TMP].into_iter().filter(|step| outcome.status(step) == Some(75)).collect();
                assert_eq!(stayed.len(), 1, "{stayed:?}{outcome}");
            });
        }
        let bound = format!("{KUBECONFIGS} kubeconfig /srv/media/kube/config https://10.0.0.1:6443 Q0E=; bind /srv/media/kube /root/.kube");
        Case::new(Run::Aggressive, bound).how(LISTED).check(|outcome| {
            assert_eq!(outcome.status(KUBECONFIG), Some(75), "{outcome}");
            assert!(outcome.bye && outcome.said.contains("/srv/media"), "{outcome}");
        });
    }

    fn roots_kubeconfig_goes_only_with_its_cluster() {
        for (server, ca, moved) in [
            ("https://10.0.0.1:6443", "Q0E=", true),
            ("\"https://10.0.0.1:6443\"", "Q0E=", true),
            ("https://10.0.0.1:6443", "", true),
            ("https://10.0.0.1:6443", "b3RoZXI=", false),
            ("https://10.0.0.2:6443", "Q0E=", false),
            ("https://10.0.0.1:64430", "Q0E=", false),
        ] {
            let plant = format!("{KUBECONFIGS} kubeconfig /root/.kube/config '{server}' '{ca}'; echo x >/root/.kube/notes");
            Case::new(Run::Aggressive, plant).how(LISTED).check(|outcome| {
                outcome.assert_complete();
                assert_eq!(has(outcome, &format!("{BACKUP}/root/.kube/config f 600")), moved, "{server} {ca}{outcome}");
                assert_eq!(has(outcome, "/root/.kube/config "), !moved, "{server} {ca}{outcome}");
                assert_has(outcome, &["/root/.kube/notes "]);
            });
        }
    }

    fn a_kubeconfig_of_which_little_is_known_stays() {
        for plant in [
            "kubeconfig /root/.kube/config https://10.0.0.1:6443 Q0E=; printf -- '- cluster:\\n    server: https://10.0.0.2:6443\\n' >>/root/.kube/config",
            "files /root/.kube/config",
            "mkdir -p /root/.kube; echo '{\"clusters\":[{\"cluster\":{\"server\":\"https://10.0.0.1:6443\"}}]}' >/root/.kube/config",
            "kubeconfig /root/.kube/config https://10.0.0.1:6443 Q0E=; rm /etc/kubernetes/kubelet.conf",
            "mkdir -p /root/.kube/config",
        ] {
            Case::new(Run::Aggressive, format!("{KUBECONFIGS} {plant}")).how(LISTED).check(|outcome| {
                outcome.assert_complete();
                assert_eq!(outcome.status(KUBECONFIG), Some(64), "{outcome}");
                assert!(!has(outcome, &format!("{BACKUP}/root")), "{outcome}");
            });
        }
    }

    fn of_a_kubeconfig_that_is_a_link_the_link_is_moved() {
        let plant = "kubeconfig /srv/media/config https://10.0.0.1:6443 Q0E=; mkdir -p /root/.kube; ln -s /srv/media/config /root/.kube/config";
        Case::new(Run::Aggressive, format!("{KUBECONFIGS} {plant}")).how(LISTED).check(|outcome| {
            outcome.assert_complete();
            assert_has(outcome, &[&format!("{BACKUP}/root/.kube/config l 777 -> /srv/media/config|")]);
            assert!(!has(outcome, "/root/.kube/config"), "{outcome}");
        });
    }

    fn of_tmp_only_the_exact_names_of_root_go() {
        let plant = "cd /tmp; echo token >kubeadm-join-20250102-030405.log; echo token >kubeadm_join_wrapper.sh
            echo mine >kube-notes.txt; echo mine >kubeadm-notes; echo mine >kubeadm-join-2025.log; echo mine >kubeadm-join-20250102-030405.log.txt
            echo mine >kubeadm-join-20250102-030406.log; chown 1000 kubeadm-join-20250102-030406.log
            ln -s /srv/media/film.mkv kubeadm-join-20250102-030407.log; mkdir kubeadm-join-20250102-030408.log
            tmpfs /tmp/mounted; cd /";
        Case::new(Run::Aggressive, plant).how(LISTED).shells(&Shell::ALL).check(|outcome| {
            outcome.assert_complete();
            assert_eq!(outcome.status(TMP), Some(0), "{outcome}");
            let left = outcome.notes.lines().filter(|line| line.starts_with("/tmp/")).count();
            assert_eq!(left, 6, "{outcome}");
            assert!(!outcome.notes.contains("token"), "{outcome}");
        });
    }

    /// In a run of two levels the copies of the first are kept, and nothing is written through a link among them.
    fn a_copy_that_is_there_is_never_written_over() {
        let plant = format!(
            "mkdir -p /etc/systemd/system/kubelet.service.d {BACKUP}/etc/systemd/system/kubelet.service.d
            ln -s /srv/media/film.mkv {BACKUP}/etc/systemd/system/kubelet.service.d/60-broken.conf
            echo A=b >/etc/systemd/system/kubelet.service.d/60-broken.conf"
        );
        Case::new(Run::Aggressive, plant).how(LISTED).check(|outcome| {
            outcome.assert_complete_but(ASIDE);
            assert_has(outcome, &["/etc/systemd/system/kubelet.service.d/60-broken.conf "]);
        });
    }
}
