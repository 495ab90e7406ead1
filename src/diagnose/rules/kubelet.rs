//! What the kubelet says of itself, and what it really means.

use super::{Rule, Seen, is_at_work, says_it_joined, state};
use crate::model::Severity::{Error, Note, Warning};
use crate::model::{Cause, Complaint, Facts, KubeletLog, KubeletStart, Level};

pub(super) const RULES: [Rule; 6] = [
    Rule::new(46, Note, capacity_once, "nothing to do: a kubelet looks once before it has measured"),
    Rule::new(47, Error, crash_loop, "mend what it says last; `journalctl -u kubelet` tells more")
        .cured_by(Level::Gentle)
        .blocks_join(),
    Rule::new(
        48,
        Error,
        capacity_lasting,
        "`systemctl restart kubelet`; where that does not help, see that containerd's root lies on a disk that is mounted",
    )
    .cured_by(Level::Gentle),
    Rule::new(
        49,
        Error,
        no_pause_image,
        "`crictl pull IMAGE` on the node tells why: registry, DNS, proxy, or a wrong sandbox image in containerd's config",
    ),
    Rule::new(
        52,
        Warning,
        certificate_ends,
        "`systemctl restart kubelet`, then `kubectl get csr` on the control plane: rotation is overdue",
    ),
    Rule::new(
        59,
        Error,
        runs_standalone,
        "put kubeadm's 10-kubeadm.conf back into kubelet.service.d, then `systemctl daemon-reload` and restart the kubelet",
    ),
];

fn last_start(log: &KubeletLog) -> Option<&KubeletStart> {
    log.starts.last()
}

/// Complaints that begin with the newest; systemd's about the unit among them.
fn newest<'a>(log: &'a KubeletLog, test: impl Fn(&Complaint) -> bool + 'a) -> impl Iterator<Item = &'a Complaint> {
    log.complaints.iter().rev().filter(move |complaint| test(complaint))
}

/// What the kubelet that ran last complained of, the newest first.
pub(super) fn last_complaints(log: &KubeletLog) -> Vec<String> {
    let last = last_start(log).map(|start| start.pid);
    newest(log, |complaint| Some(complaint.pid) == last).take(5).map(quoted).collect()
}

/// Whether the kubelet that ran last complained of this.
pub(super) fn complains_of(facts: &Facts, cause: Cause) -> bool {
    facts.kubelet_log.is_known_and(|log| {
        let last = last_start(log).map(|start| start.pid);
        newest(log, |complaint| Some(complaint.pid) == last && complaint.cause == Some(cause)).next().is_some()
    })
}

fn quoted(complaint: &Complaint) -> String {
    let times = if complaint.times > 1 { format!(" ({} times)", complaint.times) } else { String::new() };
    format!("kubelet[{}]: {}{times}", complaint.pid, complaint.line)
}

/// The kubelet asks for the capacity when it starts, before cAdvisor has measured (kubernetes#26000, #113066).
fn capacity_once(facts: &Facts) -> Option<Seen> {
    let last = last_start(facts.kubelet_log.known()?)?;
    let at_start = last.first_invalid_unix_seconds - last.first_unix_seconds < STARTING_SECONDS;
    let once = is_at_work(facts) && last.invalid_capacity == 1 && at_start && !is_crash_loop(facts);
    let cause = "the kubelet said \"invalid capacity 0 on image filesystem\" once, at its start, which is harmless";
    let evidence = format!("kubelet[{}]: invalid capacity 0 on image filesystem (1 look)", last.pid);
    once.then(|| Seen::from(cause.to_owned()).shown_by([evidence]))
}

/// The first look comes within this time.
const STARTING_SECONDS: i64 = 120;

/// The garbage collector of images looks at it as often as this.
const LOOKS_EVERY_SECONDS: i64 = 300;

/// Who says it at two looks has not measured in between. Who has not said it again since then has measured.
fn capacity_lasting(facts: &Facts) -> Option<Seen> {
    if let Some(images) = facts.image_filesystem.known().filter(|images| images.filesystem.capacity_bytes == 0) {
        let cause = format!("the image filesystem {} has no capacity", images.filesystem.path);
        let evidence = format!("stat -f {}: {} bytes of {}", images.filesystem.path, 0, images.filesystem.kind);
        return Some(Seen::from(cause).shown_by([evidence]));
    }
    let last = last_start(facts.kubelet_log.known()?)?;
    let said_for = last.last_invalid_unix_seconds - last.first_invalid_unix_seconds;
    let goes_on = facts.clock.is_known_and(|now| now - last.last_invalid_unix_seconds < 2 * LOOKS_EVERY_SECONDS);
    let lasting = is_at_work(facts) && last.invalid_capacity > 1 && goes_on;
    let minutes = said_for / 60;
    let cause = format!(
        "the kubelet cannot measure the image filesystem: it has said \"invalid capacity 0\" at {} looks in {minutes} minutes",
        last.invalid_capacity
    );
    let evidence =
        format!("kubelet[{}]: invalid capacity 0 on image filesystem ({} looks)", last.pid, last.invalid_capacity);
    lasting.then(|| Seen::from(cause).shown_by([evidence]))
}

/// Restarts that systemd did by itself since somebody last started the unit; a kubelet that has run for longer than this is
/// no part of a loop any more.
const RESTARTS: u64 = 3;
const SETTLED_SECONDS: i64 = 120;

pub(super) fn is_crash_loop(facts: &Facts) -> bool {
    // systemd keeps the number of restarts of a unit that somebody has stopped
    let restarts = facts.kubelet.is_known_and(|unit| unit.restarts >= RESTARTS && unit.active != "inactive");
    let settled = is_at_work(facts)
        && match (facts.clock.known(), facts.kubelet_log.known().and_then(last_start)) {
            (Some(now), Some(last)) => now - last.first_unix_seconds > SETTLED_SECONDS,
            _ => true, // it runs, and that it is young is not known
        };
    says_it_joined(facts) && restarts && !settled
}

/// Each start says "invalid capacity 0" once; what it ends with is another line.
fn crash_loop(facts: &Facts) -> Option<Seen> {
    if !is_crash_loop(facts) {
        return None;
    }
    let restarts = facts.kubelet.known()?.restarts;
    let log = facts.kubelet_log.known();
    let told = |complaint: &Complaint| !complaint.line.contains("capacity 0 on image filesystem");
    let known = log.and_then(|log| newest(log, |c| told(c) && c.cause.is_some()).next());
    let telling = known.or_else(|| log.and_then(|log| newest(log, told).next()));
    let says = telling.map_or_else(|| "; why is not in its journal".to_owned(), |c| format!("; it says: {}", c.line));
    let seen = Seen::from(format!("the kubelet starts again and again ({restarts} restarts){says}"));
    let lines = log.into_iter().flat_map(|log| newest(log, told).take(5)).map(quoted);
    Some(state::with_files(seen.shown_by(lines), facts))
}

/// containerd's words, which the kubelet quotes.
const PAUSE: [&str; 3] = ["failed to get sandbox image", "failed to pull sandbox image", "sandbox image \""];

fn no_pause_image(facts: &Facts) -> Option<Seen> {
    let log = facts.kubelet_log.known()?;
    let last = last_start(log)?;
    let about = |complaint: &Complaint| {
        complaint.pid == last.pid
            && PAUSE.iter().any(|words| complaint.line.contains(words))
            && is_recent(facts, complaint)
    };
    let complaint = newest(log, about).next()?;
    let configured = facts.containerd_configured.known().and_then(|setup| setup.sandbox_image.as_deref());
    let cause = format!("no pod can start: the pause image {} cannot be had", configured.unwrap_or("of containerd"));
    is_at_work(facts).then(|| Seen::from(cause).shown_by([quoted(complaint)]))
}

/// Within ten minutes, by the node's clock. The kubelet tries again within less.
fn is_recent(facts: &Facts, complaint: &Complaint) -> bool {
    facts.clock.is_known_and(|now| now - complaint.last_unix_seconds < 600)
}

/// The kubelet renews it when 70 to 90 % of its life are over.
fn certificate_ends(facts: &Facts) -> Option<Seen> {
    let certificate = facts.client_certificate.known()?.as_ref()?;
    let now = *facts.clock.known()?;
    let (life, left) = (certificate.not_after - certificate.not_before, certificate.not_after - now);
    let overdue = says_it_joined(facts) && left >= 0 && left < life / 12;
    let left = if left >= 172_800 { format!("{} days", left / 86_400) } else { format!("{} hours", left / 3600) };
    let cause = format!("the kubelet's client certificate ends in {left} and was not renewed, which is overdue");
    overdue.then(|| Seen::from(cause).shown_by([super::period(certificate)]))
}

/// What a kubelet without a kubeconfig says at its start (kubernetes#69456).
fn runs_standalone(facts: &Facts) -> Option<Seen> {
    if !facts.kubelet.is_known_and(|unit| unit.active == "active") {
        return None;
    }
    let says = facts.kubelet_log.known().and_then(|log| {
        let last = last_start(log)?.pid;
        newest(log, |c| c.pid == last && c.cause == Some(Cause::KubeletStandalone)).next().map(quoted)
    });
    let is_ready = facts.node_object().is_known_and(|node| node.as_ref().is_some_and(|node| node.ready == "True"));
    let lacks = facts.kubelet_arguments.known().filter(|words| {
        !is_ready
            && words.first().is_some_and(|program| program.ends_with("kubelet"))
            && !words.iter().any(|word| word.starts_with("--kubeconfig") || word.starts_with('$'))
    });
    let evidence = says.or_else(|| lacks.map(|words| words.join(" ")))?;
    let cause = "the kubelet runs for itself, without an API server: it was given no kubeconfig";
    Some(Seen::from(cause.to_owned()).shown_by([evidence]))
}
