//! Folders of kubelet and containerd that the node itself names. Of what is in them only known entries go, and nothing
//! that could be anybody else's is taken for one.

use crate::case::Case;
use crate::outcome::Outcome;
use crate::{as_root, sandbox::Shell, steps::Run};

const CHECK: &str = "check that no protected path is in reach";

/// A node that says where its folders are: `says` goes into kubelet's environment, `dump` is what containerd prints.
fn node(says: &str, dump: &str, plant: &str) -> String {
    format!("mkdir -p /etc/default /data\necho '{says}' >/etc/default/kubelet\necho '{dump}' >/fake/dump\n{plant}")
}

/// Runs the phase, then tells what is left in /data and of the note.
const LOOK: &str = "/bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1
find /data -mindepth 1 ! -path '*/mine/*' | sort >/guard/notes; ls /var/lib/kfleet/moved >>/guard/notes 2>/dev/null || :\n";

const KUBELET: &str = "KUBELET_EXTRA_ARGS=\"--root-dir=/data/kubelet --v=1\"";

const KUBELETS_FILES: &str =
    "files /data/kubelet/pods/x/file /data/kubelet/plugins/p/file /data/kubelet/cpu_manager_state \
    /data/kubelet/mine/file /data/podsmith/file /data/kubelet/my.notes
    tmpfs /data/kubelet/mine/disk; files /data/kubelet/mine/disk/file";

const LEFT: &str = "/data/kubelet\n/data/kubelet/mine\n/data/kubelet/my.notes\n/data/podsmith\n/data/podsmith/file\n";

as_root! {
    fn of_a_moved_kubelet_its_entries_go_and_nothing_else() {
        let plant = format!("{KUBELETS_FILES}\nbind /srv/media /data/kubelet/pods/x/volume-subpaths/v/c/0\nbind_ro /mnt/media /data/kubelet/plugins/p/m");
        for run in [Run::Gentle, Run::Roots] {
            Case::new(run, node(KUBELET, "", &plant)).how(LOOK).shells(&Shell::ALL).protect("/data/kubelet.keep").check(|outcome| {
                outcome.assert_complete();
                assert_eq!(outcome.notes, LEFT, "{outcome}");
                assert!(outcome.mounts.contains(" /data/kubelet/mine/disk "), "somebody's disk was unmounted{outcome}");
            });
        }
    }

    fn what_keeps_a_mount_in_a_moved_kubelet_keeps_all_of_it() {
        let plant = format!("{KUBELETS_FILES}\nbind /srv/media /data/kubelet/pods/x/m; busy /data/kubelet/pods/x/m");
        Case::new(Run::Gentle, node(KUBELET, "", &plant)).how(LOOK).check(|outcome| {
            outcome.assert_refused("unmount below kubelet's moved folder", 75, "still mounted below /data/kubelet");
            assert!(outcome.notes.contains("/data/kubelet/cpu_manager_state\n"), "{outcome}");
        });
    }

    fn of_moved_containerd_folders_its_entries_go() {
        let plant = "files /disk/big/io.containerd.content.v1.content/blobs/sha256/x /disk/big/io.containerd.metadata.v1.bolt/meta.db \
            /disk/big/mine/file /disk/big/io.containers/file /data/state/io.containerd.runtime.v2.task/k8s.io/c/rootfs/f /data/state/mine/file
            mkdir -p /disk/big/tmpmounts; ln -s /disk/big /data/containerd
            bind /srv/media /data/state/io.containerd.runtime.v2.task/k8s.io/c/rootfs";
        let dump = "version = 2\nroot = \"/data/containerd\"\nstate = \"/data/state\"\n[grpc]\nroot = \"/srv\"";
        let look = "/bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1\nfind /disk/big /data | sort >/guard/notes\n";
        Case::new(Run::Roots, node("", dump, plant)).how(look).shells(&Shell::ALL).check(|outcome| {
            outcome.assert_complete();
            let left = "/data\n/data/containerd\n/data/state\n/data/state/mine\n/data/state/mine/file\n\
                        /disk/big\n/disk/big/io.containers\n/disk/big/io.containers/file\n/disk/big/mine\n/disk/big/mine/file\n";
            assert_eq!(outcome.notes, left, "{outcome}");
        });
    }

    fn no_folder_of_the_system_is_taken_for_kubelets() {
        for (folder, plant) in [
            ("/srv", ""), ("/", ""), ("/mnt/", ""), ("/etc/kubelet", ""), ("/home/joe", ""), ("/data/../srv", ""), ("/var/lib", ""),
            ("relative", ""), ("$DIR", ""), ("/data/a\\b", ""), ("/data/*", ""),
            ("/data/link", "ln -s /srv /data/link"), ("/data/alias", "bind /mnt /data/alias"), ("/data/joe", "echo joe:x:1:1::/data/joe:/bin/sh >/etc/passwd"),
        ] {
            let plant = format!("{plant}\nfiles /srv/pods/film /mnt/pods/film /var/lib/pods/film");
            let says = format!("A=--root-dir={folder}");
            Case::new(Run::Gentle, node(&says, "", &plant)).protect("/srv/pods").shells(&[Shell::Dash]).check(|outcome| refused(outcome, "refused"));
            let dump = format!("root = \"{folder}\"");
            Case::new(Run::Roots, node("", &dump, &plant)).protect("/mnt/pods").shells(&[Shell::Busybox]).check(|outcome| refused(outcome, "refused"));
        }
    }

    fn a_moved_folder_in_or_around_the_media_is_refused() {
        for (folder, plant) in [
            ("/srv/media", ""), ("/srv/media/deep", ""), ("/data/m", "ln -s /srv/media/deep /data/m"), ("/data/m", "bind /srv/media /data/m"),
            ("/data/m", "files /data/m/x; bind /data/m /srv/media/empty"), ("/data", "files /data/keep/x"),
        ] {
            let plant = format!("files /srv/media/pods/film /srv/media/deep/pods/film\n{plant}");
            for (says, dump) in [(format!("A=\"--root-dir {folder}\""), String::new()), (String::new(), format!("state = '\\''{folder}'\\''"))] {
                Case::new(Run::Roots, node(&says, &dump, &plant)).protect("/data/keep").shells(&[Shell::Dash]).check(|outcome| refused(outcome, "protected path"));
            }
        }
    }

    fn where_it_cannot_be_told_nothing_is_touched() {
        for (says, plant, why) in [
            ("A=--root-dir=/data/a\nB=--root-dir=/data/b", "", "differs"),
            ("", "echo --root /x >/fake/options", "options of its own"),
            ("", "files /etc/containerd/x; echo \"root = \\\"/data/c\\\"\" >/etc/containerd/config.toml; rm /fake/dump", "mend that first"),
            ("", "mkdir -p /var/lib/kfleet; echo \"@kubelet /data/kubelet\" >/var/lib/kfleet/moved; chmod 666 /var/lib/kfleet/moved", "root's alone"),
            ("", "mkdir -p /var/lib/kfleet; (umask 077; echo \"@kubelet /srv\" >/var/lib/kfleet/moved)", "system folder"),
        ] {
            Case::new(Run::Roots, node(says, "", plant)).check(|outcome| refused(outcome, why));
        }
        let plant = "mkdir -p /etc/containerd; echo \"root = /var/lib/containerd/ # [broken\" >/etc/containerd/config.toml; rm /fake/dump";
        Case::new(Run::Roots, node("", "", plant)).check(Outcome::assert_complete);
    }

    fn a_running_kubelet_knows_best() {
        let plant = format!("{KUBELETS_FILES}
            mkdir /fake/pids; ln -s /usr/bin/dash /fake/kubelet
            /fake/kubelet -c 'sleep 600; :' --root-dir /data/old --root-dir=/data/kubelet & echo $! >/fake/pids/kubelet.service");
        Case::new(Run::Gentle, node("A=--root-dir=/data/other", "", &plant)).how(LOOK).check(|outcome| {
            outcome.assert_complete();
            assert_eq!(outcome.notes, LEFT, "{outcome}");
        });
    }

    /// What says where the folder is goes first, and then something breaks.
    fn a_reset_that_was_interrupted_is_finished_by_the_next() {
        let plant = format!("{KUBELETS_FILES}\nprintf 'A=--root-dir=/data/kubelet' >/var/lib/kubelet/kubeadm-flags.env
            rm /etc/default/kubelet
            program rm 'case $* in */data/kubelet/*) exit 1 ;; esac; exec /usr/bin/rm \"$@\"'");
        let how = "/bin/sh /run/kfleet/phase.sh </dev/null >/guard/first 2>&1
            ls /var/lib/kubelet/kubeadm-flags.env >>/guard/first 2>&1 && echo still >/guard/notes
            cat /var/lib/kfleet/moved >>/guard/first; rm /programs/rm
            /bin/sh /run/kfleet/phase.sh </dev/null >/guard/out 2>&1
            find /data -mindepth 1 ! -path '*/mine/*' | sort >>/guard/notes; ls /var/lib/kfleet/moved >>/guard/notes 2>/dev/null || :\n";
        for run in [Run::Gentle, Run::Roots] {
            Case::new(run, node("", "", &plant)).how(how).check(|outcome| {
                outcome.assert_complete();
                assert_eq!(outcome.notes, LEFT, "{outcome}");
                assert_eq!(outcome.status("remove Kubernetes' files in kubelet's moved folder"), Some(0), "{outcome}");
            });
        }
    }

    fn snapshots_that_are_more_than_files_are_refused() {
        for (dump, folder) in [("", "/var/lib/containerd"), ("root = \"/data/c\"", "/data/c")] {
            let plant = format!("files {folder}/io.containerd.snapshotter.v1.btrfs/metadata.db; mkdir {folder}/io.containerd.snapshotter.v1.btrfs/active");
            Case::new(Run::Roots, node("", dump, &plant)).check(Outcome::assert_complete);
            let more = format!("{plant}/1");
            let more = more.replace("mkdir", "mkdir -p");
            Case::new(Run::Roots, node("", dump, &more)).check(|outcome| {
                outcome.assert_refused("check how containerd keeps snapshots", 76, "btrfs");
                outcome.assert_nothing_deleted();
            });
        }
    }

    fn media_on_an_image_in_a_folder_to_be_emptied_are_refused() {
        let image = |file: &str, above: &str| format!("
            tmpfs /srv/media/disk; files /srv/media/disk/film {file}
            mkdir -p /sys/block/loop7/loop /sys/block/loop7/holders /sys/block/dm-0; echo {file} >/sys/block/loop7/loop/backing_file
            number=$(awk '$5 == \"/srv/media/disk\" {{ print $3 }}' /proc/self/mountinfo); {above}");
        for above in [
            "echo $number >/sys/block/loop7/dev",
            "echo 7:7 >/sys/block/loop7/dev; mkdir /sys/block/loop7/loop7p1; echo $number >/sys/block/loop7/loop7p1/dev",
            "echo 7:7 >/sys/block/loop7/dev; echo $number >/sys/block/dm-0/dev; ln -s ../../dm-0 /sys/block/loop7/holders/dm-0",
        ] {
            Case::new(Run::Kubelet, image("/var/lib/kubelet/pods/disk.img", above)).check(|outcome| {
                assert!(outcome.said.contains("is made of what lies in"), "{outcome}");
                outcome.assert_nothing_deleted();
            });
            let alias = format!("bind /var/lib/kubelet /disk/alias; {}", image("/disk/alias/pods/disk.img", above));
            Case::new(Run::Kubelet, alias).check(Outcome::assert_nothing_deleted);
            Case::new(Run::Kubelet, image("/disk/other/disk.img", above)).check(Outcome::assert_complete);
        }
    }

    fn media_with_a_layer_in_a_folder_to_be_emptied_are_refused() {
        let overlay = |lower: &str, upper: &str| format!("
            mkdir -p '{lower}' '{upper}/u' '{upper}/w' /disk/lower /srv/media/merged; files '{lower}/film'
            mount -t overlay -o \"lowerdir=/disk/lower:$(printf %s '{lower}' | sed 's/[:\\\\]/\\\\&/g'),upperdir={upper}/u,workdir={upper}/w\" overlay /srv/media/merged; files /srv/media/merged/own");
        for (lower, upper) in [("/disk/l", "/var/lib/kubelet/pods/x"), ("/var/lib/kubelet/pods/a b:c", "/disk/x"), ("/disk/l", "/var/lib/kubelet")] {
            Case::new(Run::Kubelet, overlay(lower, upper)).check(|outcome| {
                assert!(outcome.said.contains("is made of what lies in"), "{outcome}");
                outcome.assert_nothing_deleted();
            });
        }
        Case::new(Run::Kubelet, overlay("/disk/l:m", "/disk/x")).check(Outcome::assert_complete);
    }
}

fn refused(outcome: &Outcome, why: &str) {
    outcome.assert_refused(CHECK, 76, why);
    outcome.assert_nothing_deleted();
}
