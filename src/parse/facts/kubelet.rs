//! The digest of the kubelet's journal, as `kubelet_log` of the shell library prints it.

use crate::model::{Complaint, KubeletLog, KubeletStart, clean, mask_secrets};
use crate::parse::cause;

/// `lines N`; per kubelet `start PID FIRST LAST INVALID FIRST-OF-THESE LAST-OF-THESE`; per complaint `said TIMES LAST PID LINE`.
pub(super) fn log(text: &str) -> Option<KubeletLog> {
    let mut log =
        KubeletLog { lines: text.lines().next()?.strip_prefix("lines ")?.parse().ok()?, ..KubeletLog::default() };
    for line in text.lines().skip(1) {
        match line.split_once(' ')? {
            ("start", rest) => log.starts.push(start(rest)?),
            ("said", rest) => log.complaints.push(complaint(rest)?),
            _ => return None,
        }
    }
    Some(log)
}

fn start(text: &str) -> Option<KubeletStart> {
    let mut words = text.split(' ');
    Some(KubeletStart {
        pid: words.next()?.parse().ok()?,
        first_unix_seconds: words.next()?.parse().ok()?,
        last_unix_seconds: words.next()?.parse().ok()?,
        invalid_capacity: words.next()?.parse().ok()?,
        first_invalid_unix_seconds: words.next()?.parse().ok()?,
        last_invalid_unix_seconds: words.next()?.parse().ok()?,
    })
}

fn complaint(text: &str) -> Option<Complaint> {
    let mut words = text.splitn(4, ' ');
    let (times, last, pid) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let line = mask_secrets(&clean(words.next()?));
    Some(Complaint { times, last_unix_seconds: last, pid, cause: cause::of_complaint(&line), line })
}

/// A flag's value may be the word behind it.
pub(super) fn without_secrets(words: &[String]) -> Vec<String> {
    let line = words.join(" ");
    let masked = mask_secrets(&line);
    if masked == line { words.to_vec() } else { masked.split(' ').map(str::to_owned).collect() }
}
