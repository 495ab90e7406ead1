//! Folders of kubelet and containerd that the node's own configuration moves.

use crate::bed::Bed;
use crate::run::kfleet;
use kfleet::model::Outcome;

/// containerd's by a file that config.toml imports, kubelet's by its environment; others' files beside what is theirs.
const MOVE: &str = "set -e
mkdir /data; mount -t tmpfs tmpfs /data
mkdir -p /data/films /data/kubelet/mine /data/containerd/mine /etc/containerd/conf.d
for folder in films kubelet/mine containerd/mine; do echo \"$folder\" >/data/$folder/file; done
echo 'KUBELET_EXTRA_ARGS=\"--root-dir /data/kubelet\"' >/etc/default/kubelet
version=$(grep ^version /etc/containerd/config.toml)
printf '%s\\nroot = \"/data/containerd\"\\n' \"$version\" >/etc/containerd/conf.d/10-data.toml
sed -i 's,^imports = .*,imports = [\"/etc/containerd/conf.d/*.toml\"],' /etc/containerd/config.toml
systemctl restart containerd; test -d /data/containerd/io.containerd.metadata.v1.bolt";

/// What a pod would have left there, with the media in it.
const POD: &str = "set -e
mkdir -p /data/kubelet/pods/u/volume-subpaths/v/c/0 /data/kubelet/mine/disk
mount --bind /srv/media /data/kubelet/pods/u/volume-subpaths/v/c/0
mount -t tmpfs tmpfs /data/kubelet/mine/disk; echo disk >/data/kubelet/mine/disk/file
echo layer >/data/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots-file
mkdir -p /data/containerd/io.containerd.content.v1.content/blobs/sha256; echo blob >/data/containerd/io.containerd.content.v1.content/blobs/sha256/0";

const OF_OTHERS: &str = "find /data/films /data/kubelet/mine /data/containerd/mine -type f -exec cat {} +";

pub fn moved(bed: &Bed) {
    bed.fresh(&["node1"]);
    bed.plant("node1", "media");
    bed.see("node1", MOVE);
    kfleet(bed, &["join", "node1", "--yes"]).expect("node1", Outcome::Joined);
    bed.see("node1", POD);
    let (media, others) = (bed.media("node1"), bed.see("node1", OF_OTHERS));
    assert!(bed.see("node1", "ls /data/kubelet").contains("plugins_registry"), "kubelet did not move");

    kfleet(bed, &["reset", "node1", "--aggressive", "--yes"]).expect("node1", Outcome::Reset);
    assert_eq!(bed.media("node1"), media, "the reset touched media");
    assert_eq!(bed.see("node1", OF_OTHERS), others, "the reset touched what others have beside it");
    assert_eq!(bed.see("node1", "ls /data/kubelet"), "mine\n");
    let gone = "cd /data/containerd; ls io.containerd.snapshotter.v1.overlayfs/snapshots-file io.containerd.content.v1.content/blobs/*/* 2>/dev/null; ls /var/lib/kfleet";
    assert_eq!(bed.see("node1", gone), "backup\n");
    kfleet(bed, &["reset", "node1", "--aggressive", "--yes"]).expect("node1", Outcome::AlreadyClean);

    // A folder that is more than kubelet's is never taken for it, and nothing is touched.
    bed.see("node1", "echo 'KUBELET_EXTRA_ARGS=--root-dir=/srv' >/etc/default/kubelet; mkdir -p /etc/kubernetes/manifests; echo x >/etc/kubernetes/kubelet.conf");
    let refused = kfleet(bed, &["reset", "node1", "--yes"]);
    let report = refused.expect("node1", Outcome::Refused);
    assert!(report.error.as_deref().unwrap_or_default().contains("system folder"), "{report:?}");
    assert_eq!(refused.code, Some(3));
    assert_eq!(bed.see("node1", "cat /etc/kubernetes/kubelet.conf"), "x\n");
}
