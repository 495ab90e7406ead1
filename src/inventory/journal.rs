//! `journal:`.

use super::problem::Problems;
use super::schema;
use super::value::number;

/// So many runs are kept where the file does not say it.
const KEPT: usize = 50;
/// More are no journal, but an archive.
const MOST: u32 = 10_000;

/// How many runs are kept.
pub(super) fn journal(written: Option<schema::Journal>, problems: &mut Problems) -> usize {
    let keep = problems.check(written.unwrap_or_default().keep, |text| number(&text, 1, MOST));
    keep.and_then(|n| usize::try_from(n).ok()).unwrap_or(KEPT)
}
