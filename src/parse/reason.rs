//! The line of a step's output that says why it failed.

/// From all lines of a step: our own guard's, else kubeadm's listed errors, else its summary, else the last line.
pub fn reason(lines: &[String]) -> String {
    let ours: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix("kfleet: ")).collect();
    if let Some(first) = ours.first() {
        let rest = lines.iter().filter(|l| l.starts_with('/')).map(String::as_str); // mount points behind our sentence
        return std::iter::once(*first).chain(rest).collect::<Vec<_>>().join(" ");
    }
    let listed = failed_checks(lines);
    if !listed.is_empty() {
        return listed.join("; ");
    }
    let telling = lines.iter().rfind(|l| l.starts_with("error execution phase") || l.starts_with("error:"));
    telling.or(lines.last()).map_or_else(|| "it printed nothing".to_owned(), |line| message(line))
}

/// Failed checks of kubeadm's preflight: "\t[ERROR Name]: text", one per check.
pub(super) fn failed_checks(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| line.trim()).filter(|line| line.starts_with("[ERROR ")).map(check).collect()
}

/// `[ERROR CRI]: container runtime is not running: output: time="…" level=fatal msg="…"`, without the form around the
/// message.
fn check(line: &str) -> String {
    match line.find("time=\"") {
        Some(at) => format!("{}{}", &line[..at], message(&line[at..])),
        None => line.to_owned(),
    }
}

/// What a line in logrus' form says (crictl, containerd: `time="…" level=fatal msg="…"`); any other line as it is.
pub fn message(line: &str) -> String {
    let quoted = line.split_once(" msg=\"").filter(|_| line.contains("level=")).map(|(_, rest)| rest);
    let Some(quoted) = quoted else { return line.to_owned() };
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            '"' => break,
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        reason(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_cause_is_found_in_what_kubeadm_1_20_2_prints() {
        let half = of(include_str!("../../tests/fixtures/kubeadm-1.20.2/join-preflight-half-joined.txt"));
        assert!(half.contains("[ERROR FileAvailable--etc-kubernetes-pki-ca.crt]"), "{half}");
        assert!(!half.contains("WARNING"), "{half}");
        let unhealthy = of(include_str!("../../tests/fixtures/kubeadm-1.20.2/join-kubelet-unhealthy.txt"));
        assert!(unhealthy.starts_with("error execution phase kubelet-start"), "{unhealthy}");
    }

    #[test]
    fn a_log_line_is_reduced_to_its_message() {
        let line = r#"time="2026-11-22T15:42:21Z" level=fatal msg="no API for \"unix:///x\": unknown service" code=1"#;
        assert_eq!(message(line), r#"no API for "unix:///x": unknown service"#);
        assert_eq!(message("plain msg=\"x\""), "plain msg=\"x\"");
        let listed =
            of(&format!("[preflight] x\n\t[ERROR CRI]: not running: output: {line}\n, error: exit status 1\n"));
        assert_eq!(listed, r#"[ERROR CRI]: not running: output: no API for "unix:///x": unknown service"#);
    }

    #[test]
    fn our_own_words_come_first() {
        assert_eq!(of("x\nkfleet: still mounted:\n/a\n/b\n"), "still mounted: /a /b");
        assert_eq!(of(""), "it printed nothing");
    }
}
