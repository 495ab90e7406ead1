//! File systems, protected paths, and where these can be seen besides.

use crate::model::{Filesystem, Identity, ImageFilesystem, MediaMount, Presence, ProtectedState, clean};

/// The path; then `stat -f`'s block size, blocks, blocks available to users, inodes, free inodes, and the type, which may
/// hold spaces.
pub(super) fn filesystem(text: &str) -> Option<Filesystem> {
    let mut lines = text.lines();
    let path = clean(lines.next().filter(|path| path.starts_with('/'))?);
    let mut words = lines.next()?.splitn(6, ' ');
    let mut number = || words.next()?.parse::<u64>().ok();
    let (size, blocks, available, inodes, inodes_free) = (number()?, number()?, number()?, number()?, number()?);
    Some(Filesystem {
        path,
        kind: clean(words.next()?),
        capacity_bytes: size.checked_mul(blocks)?,
        available_bytes: size.checked_mul(available)?,
        inodes,
        inodes_free,
    })
}

/// The same, then who named the path, then the bytes that images use, where they were counted.
pub(super) fn image_filesystem(text: &str) -> Option<ImageFilesystem> {
    let mut more = text.lines().skip(2);
    Some(ImageFilesystem {
        filesystem: filesystem(text)?,
        named_by: clean(more.next()?),
        used_bytes: more.next().and_then(|bytes| bytes.parse().ok()),
    })
}

/// Per line: inode, entries, all entries, mounts, and the path, which may hold spaces.
pub(super) fn protected(text: &str) -> Option<Vec<ProtectedState>> {
    let line = |line: &str| {
        let mut words = line.splitn(5, ' ');
        let mut word = || words.next();
        let (inode, entries, all, mounts, path) = (word()?, word()?, word()?, word()?, word()?);
        let seen = match inode {
            "absent" => Presence::Absent,
            "silent" => Presence::Silent,
            inode => Presence::Present(Identity {
                inode: clean(inode),
                entries: entries.parse().ok(),
                all_entries: all.parse().ok(),
                mounts: clean(mounts),
            }),
        };
        Some(ProtectedState { path: clean(path), seen })
    };
    text.lines().map(line).collect()
}

/// Per line: a mount point, as mountinfo spells it, and the protected path, which may hold spaces.
pub(super) fn media_mounts(text: &str) -> Option<Vec<MediaMount>> {
    let line = |line: &str| {
        let (mounted_at, protected) = line.split_once(' ')?;
        Some(MediaMount { protected: clean(protected), mounted_at: clean(mounted_at) })
    };
    text.lines().map(line).collect()
}
