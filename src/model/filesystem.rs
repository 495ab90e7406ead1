//! File systems, as `statfs` measures them.

use serde::{Deserialize, Serialize};

/// One file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filesystem {
    /// The path that was asked about, which may lie below the mount point.
    pub path: String,
    /// Its type, as `stat -f` names it: "ext2/ext3", "xfs", "tmpfs".
    pub kind: String,
    /// Size.
    pub capacity_bytes: u64,
    /// Free to ordinary users.
    pub available_bytes: u64,
    /// How many files there can be; 0 where the file system has no such limit (btrfs).
    pub inodes: u64,
    /// How many more there can be.
    pub inodes_free: u64,
}

impl Filesystem {
    /// Part of it that is free, in percent, rounded down; `None` where its size is 0.
    pub fn available_percent(&self) -> Option<u64> {
        percent(self.available_bytes, self.capacity_bytes)
    }

    /// Part of its inodes that is free, in percent, rounded down; `None` where they are not limited.
    pub fn inodes_free_percent(&self) -> Option<u64> {
        percent(self.inodes_free, self.inodes)
    }
}

fn percent(part: u64, whole: u64) -> Option<u64> {
    let share = (u128::from(part) * 100).checked_div(u128::from(whole))?;
    u64::try_from(share).ok()
}

/// Where images lie. CRI gives the mount point and what images use; the capacity is the file system's, as CRI has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageFilesystem {
    /// Who named it: "CRI" or "containerd's config".
    pub named_by: String,
    /// What images use, as CRI counts it; `None` where CRI was not asked.
    pub used_bytes: Option<u64>,
    /// The file system there.
    pub filesystem: Filesystem,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_rounded_down_and_of_nothing_there_is_no_part() {
        let filesystem = Filesystem { capacity_bytes: 1000, available_bytes: 149, ..Filesystem::default() };
        assert_eq!((filesystem.available_percent(), filesystem.inodes_free_percent()), (Some(14), None));
        assert_eq!(percent(u64::MAX, u64::MAX), Some(100));
    }
}
