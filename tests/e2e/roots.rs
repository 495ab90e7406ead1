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

pub fn moved(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "media");
    bed.see(node, MOVE);
    kfleet(bed, &["join", node, "--yes"]).expect(node, Outcome::Joined);
    bed.see(node, POD);
    let (media, others) = (bed.media(node), bed.see(node, OF_OTHERS));
    assert!(bed.see(node, "ls /data/kubelet").contains("plugins_registry"), "kubelet did not move");

    kfleet(bed, &["reset", node, "--aggressive", "--yes"]).expect(node, Outcome::Reset);
    assert_eq!(bed.media(node), media, "the reset touched media");
    assert_eq!(bed.see(node, OF_OTHERS), others, "the reset touched what others have beside it");
    assert_eq!(bed.see(node, "ls /data/kubelet"), "mine\n");
    let gone = "cd /data/containerd; ls io.containerd.snapshotter.v1.overlayfs/snapshots-file io.containerd.content.v1.content/blobs/*/* 2>/dev/null; ls /var/lib/kfleet";
    assert_eq!(bed.see(node, gone), "backup\n");
    kfleet(bed, &["reset", node, "--aggressive", "--yes"]).expect(node, Outcome::AlreadyClean);

    // A folder that is more than kubelet's is never taken for it, and nothing is touched.
    bed.see(node, "echo 'KUBELET_EXTRA_ARGS=--root-dir=/srv' >/etc/default/kubelet; mkdir -p /etc/kubernetes/manifests; echo x >/etc/kubernetes/kubelet.conf");
    let refused = kfleet(bed, &["reset", node, "--yes"]);
    let report = refused.expect(node, Outcome::Refused);
    assert!(report.error.as_deref().unwrap_or_default().contains("system folder"), "{report:?}");
    assert_eq!(refused.code, Some(3));
    assert_eq!(bed.see(node, "cat /etc/kubernetes/kubelet.conf"), "x\n");
}
