//! Single files outside of Kubernetes' folders, and the control plane: what is moved, what stays, what is refused.

use crate::bed::Bed;
use crate::run::{kfleet, people};
use kfleet::model::Outcome;

/// What a join by the shell script before kfleet leaves, and what others have beside it.
const PLANTED: &str = r"set -e
folder=/etc/systemd/system/kubelet.service.d; mkdir -p $folder /root/.kube /srv/media
printf '[Service]\nEnvironment=A=b\n' >$folder/50-admin.conf
printf 'Environment=A=b\n' >$folder/60-broken.conf
printf 'Environment=A=b\n' >/srv/media/x.conf; ln -s /srv/media/x.conf $folder/70-link.conf
printf '[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --standalone\n' >$folder/20-bootstrap-kubeadm.conf
mkdir -p /etc/kubernetes
printf 'clusters:\n- cluster:\n    server: https://10.0.0.9:6443\n  name: kubernetes\n' | tee /etc/kubernetes/bootstrap-kubelet.conf >/root/.kube/config
echo token >/tmp/kubeadm_join_wrapper.sh; echo token >/tmp/kubeadm-join-20250102-030405.log
echo mine >/tmp/kube-notes.txt; ln -s /srv/media/x.conf /tmp/kubeadm-join-20250102-030406.log
systemctl daemon-reload";

pub fn moved_aside(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.see(node, PLANTED);
    let packaged = bed.see(node, "cat /lib/systemd/system/kubelet.service.d/10-kubeadm.conf");
    let run = kfleet(bed, &["reset", node, "--aggressive", "--yes"]);
    run.expect(node, Outcome::Reset);

    assert_eq!(bed.see(node, "ls /etc/systemd/system/kubelet.service.d").trim(), "50-admin.conf");
    assert_eq!(bed.see(node, "cat /lib/systemd/system/kubelet.service.d/10-kubeadm.conf"), packaged);
    assert_eq!(bed.see(node, "cat /srv/media/x.conf").trim(), "Environment=A=b");
    assert!(!bed.see(node, "systemctl cat kubelet").contains("standalone"));
    let tmp = bed.see(node, "ls /tmp | grep kube");
    assert_eq!(tmp.split_whitespace().collect::<Vec<_>>(), ["kube-notes.txt", "kubeadm-join-20250102-030406.log"]);
    let copies = bed.see(node, "cd /var/lib/kfleet/backup/*/ && stat -c '%n %a' root/.kube/config && ls etc/systemd/system/kubelet.service.d && readlink etc/systemd/system/kubelet.service.d/70-link.conf; ls /root/.kube/config 2>&1 || true");
    let words =
        ["root/.kube/config 600", "20-bootstrap-kubeadm.conf", "60-broken.conf", "70-link.conf", "/srv/media/x.conf"];
    assert!(words.iter().all(|word| copies.contains(word)) && copies.contains("No such file"), "{copies}");

    kfleet(bed, &["reset", node, "--aggressive", "--yes"]).expect(node, Outcome::AlreadyClean);
    bed.see(node, "echo A=b >/etc/systemd/system/kubelet.service.d/60-broken.conf");
    let (_, table, _) = people(bed, &["status", node]);
    assert!(table.contains("60-broken.conf"), "{table}");
}

pub fn last_control_plane(bed: &Bed, node: &str) {
    let before = bed.see("cp1", "find /etc/kubernetes /var/lib/etcd -maxdepth 2 | sort");
    let run = kfleet(bed, &["reset", "cp1", "--aggressive", "--allow-control-plane", "--yes"]);
    let report = run.expect("cp1", Outcome::Refused);
    assert!(report.error.as_ref().is_some_and(|why| why.contains("the last one is never reset")), "{report:?}");
    assert_eq!(run.code, Some(3));
    assert_eq!(bed.see("cp1", "find /etc/kubernetes /var/lib/etcd -maxdepth 2 | sort"), before);
    bed.see("cp1", "kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz");

    bed.fresh(&[node]);
    bed.see(node, "mkdir -p /var/lib/kubelet; echo x >/var/lib/kubelet/x; systemd-run --quiet --unit=etcd sleep 1000");
    let run = kfleet(bed, &["reset", node, "--yes"]);
    let report = run.expect(node, Outcome::Refused);
    assert!(report.error.as_ref().is_some_and(|why| why.contains("etcd.service")), "{report:?}");
    bed.see(node, "systemctl stop etcd");
}
