//! What machines are made of: each kind has a name, which is counted, and a plant in the words of `plant.sh`.

/// A kind's name and its plant.
pub(crate) type Kind = (&'static str, &'static str);

/// Where the media really are.
pub(crate) const MEDIA: [Kind; 11] = [
    ("media in a plain folder", ""),
    ("media are a link", "moved /srv/media"),
    (
        "media are a link to a link",
        "moved /mnt/media; ln -s /disk/moved/media /disk/link; link_instead /mnt/media /disk/link",
    ),
    ("media on a disk", "on_a_disk /mnt/media"),
    ("media with a disk below", "tmpfs /srv/media/disk; files /srv/media/disk/film /srv/media/disk/sub/film"),
    ("media are a bind mount", "bound /srv/media; bound /mnt/media"),
    ("media with bind mounts below", "bind /disk/other /mnt/media/other; bind /mnt/media /srv/media/empty"),
    (
        "media are stacked mounts",
        "on_a_disk /srv/media; bind /srv/media/deep /srv/media/deep; tmpfs /mnt/media; tmpfs /mnt/media; files /mnt/media/film",
    ),
    ("media are one tree twice", "bind /srv/media /mnt/media"),
    ("media missing", "vacate /mnt/media"),
    ("media are a dangling link", "link_instead /mnt/media /nowhere"),
];

/// Where one of the folders that a reset empties really is, where that is safe.
pub(crate) const MOVED: [Kind; 6] = [
    ("root in place", ""),
    ("root behind a link", "moved ROOT"),
    ("root behind two links", "moved ROOT; mv /disk/moved /disk/away; ln -s away /disk/moved"),
    ("root on a bind mount", "bound ROOT"),
    ("root on a disk", "on_a_disk ROOT"),
    ("root on a disk behind a link", "tmpfs /disk/d; cp -a ROOT /disk/d/root; link_instead ROOT /disk/d/root"),
];

/// Where it is not: it and the media are one, or one lies in the other. Each works with every place of the media.
pub(crate) const ALIASED: [Kind; 20] = [
    ("root is a link to the media", "link_instead ROOT /srv/media"),
    ("root is a link into the media", "link_instead ROOT /srv/media/deep"),
    ("root is a link above the media", "link_instead ROOT /srv"),
    ("root is a link to a link to the media", "ln -s /srv/media /disk/link; link_instead ROOT /disk/link/"),
    ("root is the media", "bind /srv/media ROOT"),
    ("root is the media, read-only", "bind_ro /srv/media ROOT"),
    ("root is in the media", "bind /srv/media/deep/er ROOT"),
    ("root is above the media", "bind \"$(readlink -f /srv/media/..)\" ROOT"),
    ("root is the whole machine", "bind / ROOT"),
    ("root is etcd's folder", "bind /var/lib/etcd ROOT"),
    (
        "root is on the media's disk",
        "tmpfs /disk/d; files /disk/d/m/film; bind /disk/d/m /srv/media; bind /disk/d ROOT",
    ),
    (
        "root is on a disk below the media",
        "tmpfs /srv/media/disk; files /srv/media/disk/film /srv/media/disk/x/film; bind /srv/media/disk/x ROOT",
    ),
    (
        "root is on the media's hidden disk",
        "mount --make-rprivate /; tmpfs /disk/d; files /disk/d/film; bind /disk/d /srv/media; bind /disk/d ROOT; tmpfs /disk/d",
    ),
    ("media are a link into the root", "files ROOT/m/film; link_instead /mnt/media ROOT/m"),
    ("media are a link in the root", "vacate /mnt/media; ln -s /disk/other ROOT/media; bind ROOT /mnt"),
    ("media are in the root", "files ROOT/m/film; vacate /mnt/media; bind ROOT/m /mnt/media"),
    // No mount says so: overlays, and disks that are a file.
    ("media are written to the root", "vacate /mnt/media; overlay_of /disk/other ROOT /mnt/media"),
    ("media are read from the root", "vacate /mnt/media; overlay_of ROOT /disk/upper /mnt/media"),
    (
        "media are an image in the root",
        "files ROOT/disk.img; vacate /mnt/media; tmpfs /mnt/media; files /mnt/media/film; image ROOT/disk.img /mnt/media",
    ),
    ("a part of the media is in the root", "files ROOT/m/film; bind ROOT/m /srv/media/deep"),
];

/// One more thing at `$at`, which is a path below a root; FROM is something to mount there.
pub(crate) const ITEMS: [Kind; 22] = [
    ("bind", "bind FROM \"$at\""),
    ("bind twice", "bind FROM \"$at\"; bind FROM \"$at\""),
    ("bind over a disk", "tmpfs \"$at\"; files \"$at/file\"; bind FROM \"$at\""),
    ("recursive bind", "mkdir -p -- \"$at\"; mount --rbind -- FROM \"$at\""),
    ("read-only bind", "bind_ro FROM \"$at\""),
    ("file bind", "bind /srv/media/film.mkv \"$at\""),
    ("bind of the root itself", "bind ROOT \"$at\""),
    ("private bind", "bind FROM \"$at\"; mount --make-private -- \"$at\""),
    ("slave bind", "bind FROM \"$at\"; mount --make-rslave -- \"$at\""),
    ("tmpfs", "tmpfs \"$at\"; files \"$at/file\""),
    ("read-only tmpfs", "tmpfs \"$at\"; files \"$at/file\"; mount -o remount,ro -- \"$at\""),
    ("overlay", "overlay \"$at\""),
    ("busy bind", "bind FROM \"$at\"; busy \"$at\""),
    ("busy tmpfs", "tmpfs \"$at\"; files \"$at/open\"; busy \"$at/open\""),
    ("bind held by a pod", "bind FROM \"$at\"; pod \"$at\""),
    ("overlay held by a pod", "overlay \"$at\"; pod \"$at\""),
    ("bind held in another namespace", "bind FROM \"$at\"; container"),
    ("link to the media", "mkdir -p -- \"${at%/*}\"; ln -s -- FROM \"$at\""),
    ("hard link to the media", "mkdir -p -- \"${at%/*}\"; ln -- /srv/media/film.mkv \"$at\""),
    ("link from the media", "ln -s -- \"$at\" \"/srv/media/to $n\"; ln -s ROOT \"/mnt/media/to $n\""),
    ("link in /etc/kubernetes", "link_instead /etc/kubernetes/pki FROM"),
    ("plain file", "files \"$at\""),
];
