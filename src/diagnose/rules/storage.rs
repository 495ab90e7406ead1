//! Disks: what the kubelet evicts pods by, and media that can be seen where a reset deletes.

use super::{Rule, Seen, is_apart, says_it_joined};
use crate::model::Severity::{Error, Note, Warning};
use crate::model::{Facts, Filesystem, Level};

pub(super) const RULES: [Rule; 5] = [
    Rule::new(
        53,
        Error,
        images_full,
        "`crictl rmi --prune` removes images that nobody uses; or give containerd a larger disk",
    ),
    Rule::new(54, Error, images_without_inodes, "`crictl rmi --prune`; or a file system with more inodes"),
    Rule::new(55, Error, kubelet_full, "`du -xh -d 2 /var | sort -h` shows what takes the room"),
    Rule::new(
        57,
        Warning,
        media_left,
        "a reset unmounts it and deletes nothing through it; by hand: `umount` it first",
    )
    .cured_by(Level::Gentle),
    Rule::new(
        57,
        Note,
        media_in_use,
        "nothing to do: a pod uses it; kfleet unmounts it before it deletes anything there",
    ),
];

/// The kubelet's defaults of hard eviction (`imagefs.available`, `nodefs.available`, `*.inodesFree`), in percent.
const IMAGES_AVAILABLE: u64 = 15;
const NODE_AVAILABLE: u64 = 10;
const INODES_FREE: u64 = 5;

fn images_full(facts: &Facts) -> Option<Seen> {
    full(&facts.image_filesystem.known()?.filesystem, "images lie on", IMAGES_AVAILABLE)
}

fn images_without_inodes(facts: &Facts) -> Option<Seen> {
    without_inodes(&facts.image_filesystem.known()?.filesystem, "images lie on")
}

/// Where both are one file system, the findings about images say it. It is, where all of its numbers are alike; what changed
/// between two looks is little.
fn kubelet_full(facts: &Facts) -> Option<Seen> {
    let node = facts.kubelet_filesystem.known()?;
    let told = facts.image_filesystem.is_known_and(|images| {
        let images = &images.filesystem;
        let near = |one: u64, other: u64, of: u64| one.abs_diff(other) <= of / 1000;
        (images.capacity_bytes, images.inodes) == (node.capacity_bytes, node.inodes)
            && near(images.available_bytes, node.available_bytes, node.capacity_bytes)
            && near(images.inodes_free, node.inodes_free, node.inodes)
    });
    let full = full(node, "the kubelet's folder lies on", NODE_AVAILABLE);
    full.or_else(|| without_inodes(node, "the kubelet's folder lies on")).filter(|_| !told)
}

fn full(filesystem: &Filesystem, what: &str, least: u64) -> Option<Seen> {
    let left = filesystem.available_percent().filter(|left| *left < least)?;
    let cause = format!(
        "the file system that {what} is full: {left} % are free ({}), and the kubelet by default evicts pods below {least} %",
        filesystem.path
    );
    Some(Seen::from(cause).shown_by([measured(filesystem)]))
}

fn without_inodes(filesystem: &Filesystem, what: &str) -> Option<Seen> {
    let left = filesystem.inodes_free_percent().filter(|left| *left < INODES_FREE)?;
    let cause = format!(
        "the file system that {what} has hardly any inodes left: {left} % ({}), and the kubelet by default evicts pods below {INODES_FREE} %",
        filesystem.path
    );
    Some(Seen::from(cause).shown_by([measured(filesystem)]))
}

fn measured(filesystem: &Filesystem) -> String {
    let Filesystem { path, kind, capacity_bytes, available_bytes, inodes, inodes_free } = filesystem;
    format!(
        "stat -f {path}: {kind}, {available_bytes} of {capacity_bytes} bytes available, {inodes_free} of {inodes} inodes free"
    )
}

fn media_left(facts: &Facts) -> Option<Seen> {
    media(facts).filter(|_| is_apart(facts))
}

fn media_in_use(facts: &Facts) -> Option<Seen> {
    media(facts).filter(|_| says_it_joined(facts))
}

fn media(facts: &Facts) -> Option<Seen> {
    let mounts = facts.media_mounts.known()?;
    let first = mounts.first()?;
    let more = if mounts.len() > 1 { format!(" and {} more", mounts.len() - 1) } else { String::new() };
    let cause = format!(
        "the protected path {} can also be seen at {}{more}, below a folder that a reset empties",
        first.protected, first.mounted_at
    );
    let lines = mounts.iter().map(|mount| format!("mountinfo: {} shows {}", mount.mounted_at, mount.protected));
    Some(Seen::from(cause).shown_by(lines))
}
