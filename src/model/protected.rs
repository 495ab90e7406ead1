//! What a protected path looked like: what is compared before and after a reset.

use serde::{Deserialize, Serialize};

/// One protected path of a node, as a probe saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedState {
    /// As the inventory writes it.
    pub path: String,
    /// What was there.
    pub seen: Presence,
}

/// Whether a protected path is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Nothing of that name.
    Absent,
    /// It did not answer in time or not well: a disk or server that is away.
    Silent,
    /// It is there.
    Present(Identity),
}

/// By which a folder is known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `st_dev:st_ino`, links followed.
    pub inode: String,
    /// Entries directly in it; `None` where counting took too long.
    pub entries: Option<u64>,
    /// All entries below it, on all file systems; `None` where nobody asked or counting took too long.
    pub all_entries: Option<u64>,
    /// A checksum of the mounts at and below it.
    pub mounts: String,
}

impl ProtectedState {
    /// What is worse about `later` than about this, if anything: gone, another folder, other mounts, fewer entries. More
    /// entries are its owner's doing.
    pub fn loss(&self, later: Option<&Presence>) -> Option<String> {
        let path = &self.path;
        let (before, after) = match (&self.seen, later) {
            (Presence::Absent, _) => return None,
            (Presence::Silent, _) => return Some(format!("{path} did not answer before, so it cannot be compared")),
            (_, None) => return Some(format!("{path} was not looked at afterwards")),
            (_, Some(Presence::Absent)) => return Some(format!("{path} is not there any more")),
            (_, Some(Presence::Silent)) => return Some(format!("{path} does not answer any more")),
            (Presence::Present(before), Some(Presence::Present(after))) => (before, after),
        };
        if before.inode != after.inode {
            return Some(format!("{path} is another folder now (it was inode {}, is {})", before.inode, after.inode));
        }
        if before.mounts != after.mounts {
            return Some(format!("what is mounted at or below {path} has changed"));
        }
        let fewer = |before: Option<u64>, after: Option<u64>| match (before, after) {
            (Some(before), Some(after)) if after < before => Some((before, after)),
            _ => None,
        };
        let (before, after) =
            fewer(before.all_entries, after.all_entries).or_else(|| fewer(before.entries, after.entries))?;
        Some(format!("{path} has {after} entries and had {before}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(inode: &str, entries: Option<u64>, all_entries: Option<u64>, mounts: &str) -> Presence {
        Presence::Present(Identity { inode: inode.to_owned(), entries, all_entries, mounts: mounts.to_owned() })
    }

    #[test]
    fn what_is_gone_changed_or_fewer_is_a_loss_and_what_is_more_is_not() {
        let loss = |before: Presence, after: Option<Presence>| {
            ProtectedState { path: "/srv/media".to_owned(), seen: before }.loss(after.as_ref())
        };
        let was = || present("1:2", Some(5), Some(50), "7");
        for fine in [was(), present("1:2", Some(6), Some(51), "7"), present("1:2", Some(5), None, "7")] {
            assert_eq!(loss(was(), Some(fine)), None);
        }
        for (worse, word) in [
            (Some(Presence::Absent), "not there any more"),
            (Some(Presence::Silent), "does not answer"),
            (Some(present("1:3", Some(5), Some(50), "7")), "another folder"),
            (Some(present("1:2", Some(5), Some(50), "8")), "mounted"),
            (Some(present("1:2", Some(5), Some(49), "7")), "49 entries and had 50"),
            (Some(present("1:2", Some(4), None, "7")), "4 entries and had 5"),
            (None, "not looked at"),
        ] {
            assert!(loss(was(), worse).is_some_and(|said| said.contains(word)), "{word}");
        }
        assert_eq!(loss(Presence::Absent, Some(was())), None);
        assert!(loss(Presence::Silent, Some(was())).is_some());
    }
}
