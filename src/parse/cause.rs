//! Why a join failed, read from what kubeadm printed and from the kubelet's own lines that follow it.
//!
//! kubeadm says itself what its checks and its talk to the API server found. From then on it only waits for the kubelet,
//! and what it says is that it waited; why is in the kubelet's journal, of which the script of the join prints the last
//! complaints, each behind `kubelet: `. A kubelet that has no configuration yet complains too, so its lines count only
//! after kubeadm has started it.

mod words;

use self::words::{CHECKS, KUBEADM, KUBELET_ENDS, KUBELET_GOES_ON, NETWORK, SAYS_NOTHING, Words};
use super::reason::{failed_checks, message, reason};
use crate::model::{Cause, Cure, Diagnosis};

/// The most characters of a sentence: kubelet quotes whole objects, and preflight may list many checks.
const MOST: usize = 800;

/// The cause of a failed join in all that its step printed.
pub fn diagnosis(lines: &[String]) -> Diagnosis {
    let checks = failed_checks(lines);
    if !checks.is_empty() {
        return of_checks(&checks, lines);
    }
    let end = end(lines);
    if let Some((words, cause)) = end.as_deref().and_then(|end| Some((end, first(KUBEADM, end)?))) {
        return Diagnosis::new(cause, sentence(words));
    }
    // From here kubeadm has only waited, unless it was its own connection that broke.
    let reached = end.as_deref().and_then(|end| first(NETWORK, end).filter(|_| !is_about_kubelet(end)));
    if reached.is_none()
        && let Some(found) = of_kubelet(lines, end.as_deref())
    {
        return found;
    }
    if let Some(end) = end {
        return Diagnosis::new(reached.unwrap_or(Cause::Unexplained), sentence(&end));
    }
    let said: Vec<String> = of_kubeadm(lines).filter(|line| !line.trim().is_empty()).cloned().collect();
    Diagnosis::new(Cause::Unexplained, sentence(&reason(&said)))
}

/// A reset comes first where it makes any of the checks pass: what is left then is seen at the next attempt.
fn of_checks(checks: &[String], lines: &[String]) -> Diagnosis {
    let cause = |check: &String| {
        let text = check.strip_prefix("[ERROR ").unwrap_or(check);
        let cause =
            CHECKS.iter().find(|(name, _)| text.starts_with(name)).map_or(Cause::Preflight, |(_, cause)| *cause);
        let disabled = cause == Cause::CriSilent && first(KUBELET_ENDS, text) == Some(Cause::CriDisabled);
        if disabled { Cause::CriDisabled } else { cause }
    };
    let mut causes: Vec<Cause> = checks.iter().map(cause).collect();
    let said = sentence(&checks.join("; "));
    let port = checks.len() == 1 && checks[0].contains("Port-10250");
    if port && unit(lines).is_some_and(|unit| unit.contains("ActiveState=inactive")) {
        return Diagnosis::new(Cause::Preflight, format!("{said} (not by kubelet.service, which is not running)"));
    }
    causes.sort_by_key(|cause| (cause.cure() != Cure::Reset, *cause == Cause::Leftovers));
    let one = causes.iter().all(|cause| *cause == causes[0]);
    let cause = if one || causes[0].cure() == Cure::Reset { causes[0] } else { Cause::Preflight };
    Diagnosis::new(cause, said)
}

/// What kubeadm ended with: its last error, up to its advice, as one line.
fn end(lines: &[String]) -> Option<String> {
    let ours: Vec<&str> = of_kubeadm(lines).map(String::as_str).collect();
    let start =
        ours.iter().rposition(|line| line.starts_with("error execution phase") || line.starts_with("error: "))?;
    let words = ours[start..].iter().take_while(|line| !line.starts_with("To see the stack trace"));
    let end = words.take(20).map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    Some(end.strip_prefix("error: ").map_or_else(|| end.clone(), str::to_owned)) // since 1.35
}

fn of_kubeadm(lines: &[String]) -> impl Iterator<Item = &String> {
    lines.iter().filter(|line| !line.starts_with("kubelet: ") && !line.starts_with("kfleet: "))
}

/// Whether kubeadm speaks of a kubelet that it waits for: of its health port, or in a phase that begins with waiting.
fn is_about_kubelet(end: &str) -> bool {
    end.contains(":10248")
        || (end.starts_with("error execution phase kubelet-")
            && (!end.contains("dial tcp") || end.contains("crisocket") || end.contains("CRISocket")))
}

/// Why the kubelet did not come up, or did not register, if kubeadm got so far as to start it.
fn of_kubelet(lines: &[String], end: Option<&str>) -> Option<Diagnosis> {
    of_kubeadm(lines).find(|line| line.starts_with("[kubelet-start] Starting the kubelet"))?;
    let says: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("kubelet: "))
        .filter(|line| !SAYS_NOTHING.iter().any(|words| line.contains(words)))
        .collect();
    let health = health(lines, end);
    // The last that means something: what kubelet ended with before kubeadm gave it a configuration stands further up.
    let telling = says.iter().rev().find_map(|line| Some((meaning(line, health)?, *line)));
    let quote = |cause: Cause, line: &str| Diagnosis::new(cause, format!("kubelet says: {}", sentence(line)));
    match (telling, health) {
        (Some((Cause::BootstrapPending, _)), _) => Some(Diagnosis::new(
            Cause::BootstrapPending,
            "kubelet runs, and speaks to the API server as nobody (system:anonymous), since the cluster has not signed \
             its certificate",
        )),
        (Some((cause, line)), _) => Some(quote(cause, line)),
        (None, Some(false)) => {
            let image = says.iter().rev().find(|line| line.contains("capacity 0 on image filesystem"));
            let image = image.map(|line| quote(Cause::ImageFilesystem, line));
            image.or_else(|| says.last().map(|line| quote(Cause::Kubelet, line))).or_else(|| {
                let unit = unit(lines).map_or_else(String::new, |unit| format!(" ({})", unit.trim()));
                let said = format!("kubelet did not get healthy, and what it says about that is not known{unit}");
                Some(Diagnosis::new(Cause::Kubelet, said))
            })
        }
        (None, Some(true)) => Some(registering(end.unwrap_or_default())),
        (None, None) => None,
    }
}

/// What a complaint of the kubelet's means by itself; `None` where its words are not known.
pub(super) fn of_complaint(line: &str) -> Option<Cause> {
    meaning(line, None).filter(|cause| *cause != Cause::Kubelet)
}

fn meaning(line: &str, health: Option<bool>) -> Option<Cause> {
    let ends = first(KUBELET_ENDS, line).filter(|_| health != Some(true));
    let goes_on = || first(KUBELET_GOES_ON, line).or_else(|| first(NETWORK, line));
    if ends == Some(Cause::Kubelet) { goes_on().or(ends) } else { ends.or_else(goes_on) }
}

/// A healthy kubelet without a complaint: without a certificate up to kubeadm's last step, without a Node in that.
fn registering(end: &str) -> Diagnosis {
    let said = sentence(end);
    if !end.to_lowercase().contains("crisocket") {
        return Diagnosis::new(
            Cause::BootstrapPending,
            "kubelet is healthy, but had no certificate from the cluster in time",
        );
    }
    match first(NETWORK, end).filter(|_| !end.ends_with("context deadline exceeded")) {
        Some(cause) => Diagnosis::new(cause, said),
        None => {
            Diagnosis::new(Cause::Kubelet, format!("kubelet is healthy, but did not register its Node in time: {said}"))
        }
    }
}

/// Whether the kubelet is healthy, as kubeadm and systemd see it; `None` where neither says.
fn health(lines: &[String], end: Option<&str>) -> Option<bool> {
    const SICK: [&str; 2] = ["kubelet isn't running or healthy", "kubelet is not healthy"];
    const WELL: [&str; 2] = ["[kubelet-check] The kubelet is healthy", "[kubelet-check] Initial timeout of 40s passed"];
    let checked = |words: &[&str]| {
        let mut checks = of_kubeadm(lines).filter(|line| line.starts_with("[kubelet-check]"));
        checks.any(|line| words.iter().any(|words| line.contains(words)))
    };
    let unit = unit(lines).unwrap_or_default();
    let down = ["SubState=auto-restart", "ActiveState=failed", "ActiveState=inactive"];
    if checked(&SICK) || end.is_some_and(|end| end.contains(":10248")) || down.iter().any(|state| unit.contains(state))
    {
        return Some(false);
    }
    (checked(&WELL) || unit.contains("SubState=running")).then_some(true)
}

/// The state of the kubelet's unit as the script prints it.
fn unit(lines: &[String]) -> Option<&str> {
    lines.iter().rev().find_map(|line| line.strip_prefix("kubelet: unit: "))
}

fn first(words: &Words, line: &str) -> Option<Cause> {
    let line = line.to_lowercase();
    words.iter().find(|(words, ..)| line.contains(words)).map(|(.., cause)| *cause)
}

/// A line without what stands around the message: kubeadm's phase, and the form of structured logs.
fn sentence(line: &str) -> String {
    let line = line.trim();
    let line = line
        .strip_prefix("error execution phase ")
        .and_then(|rest| rest.split_once(": "))
        .map_or(line, |(_, rest)| rest);
    let line = structured(line).unwrap_or_else(|| message(line));
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// klog's form since 1.21, `"what" key="value" err="why"`, as "what: why"; "command failed" is what each fatal one says.
fn structured(line: &str) -> Option<String> {
    let (what, why) = line.strip_prefix('"')?.split_once(r#"" err=""#)?;
    let what = what.split('"').next().filter(|what| *what != "command failed");
    let why = message(&format!(r#"level= msg="{}"#, why.replace(r"\t", " ").replace(r"\n", " ")));
    Some(what.into_iter().chain([why.as_str()]).collect::<Vec<_>>().join(": "))
}

#[cfg(test)]
mod tests;
