//! The line of a step's output that says why it failed.

/// From all lines of a step: our own guard's, else kubeadm's listed errors, else its summary, else the last line.
pub fn reason(lines: &[String]) -> String {
    let ours: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix("kfleet: ")).collect();
    if let Some(first) = ours.first() {
        let rest = lines.iter().filter(|l| l.starts_with('/')).map(String::as_str); // mount points behind our sentence
        return std::iter::once(*first).chain(rest).collect::<Vec<_>>().join(" ");
    }
    // kubeadm's preflight: "\t[ERROR Name]: text", one per failed check
    let listed: Vec<&str> = lines.iter().map(|l| l.trim()).filter(|l| l.starts_with("[ERROR ")).collect();
    if !listed.is_empty() {
        return listed.into_iter().map(check).collect::<Vec<_>>().join("; ");
    }
    let telling = lines.iter().rfind(|l| l.starts_with("error execution phase") || l.starts_with("error:"));
    telling.or(lines.last()).map_or_else(|| "it printed nothing".to_owned(), |line| message(line))
}

/// `[ERROR CRI]: container runtime is not running: output: time="…" level=fatal msg="…"`, without the form around the
/// message.
fn check(line: &str) -> String {
    match line.find("time=\"") {
        Some(at) => format!("{}{}", &line[..at], message(&line[at..])),
        None => line.to_owned(),
    }
}

/// Whether kubeadm failed for a reason that no reset of the node can cure.
///
/// It says these words where the API server does not answer, its certificate or the token is wrong, or a Node of that
/// name is Ready (kubeadm's `discovery/token` and `join/kubelet`, unchanged from 1.17 on); and of its preflight checks a
/// reset cures only leftovers, a port that an old kubelet holds, and a sick runtime.
pub fn no_reset_cures(lines: &[String]) -> bool {
    const OUTSIDE: [&str; 4] = [
        "couldn't validate the identity of the API Server",
        "could not find a JWS signature",
        "unable to fetch the kubeadm-config ConfigMap",
        "\" already exists in the cluster",
    ];
    const CURABLE: [&str; 5] = ["FileAvailable", "DirAvailable", "Port-10250", "CRI", "Service-Kubelet"];
    let failed: Vec<&str> = lines.iter().filter_map(|line| line.trim().strip_prefix("[ERROR ")).collect();
    let curable = failed.iter().any(|check| CURABLE.iter().any(|name| check.starts_with(name)));
    lines.iter().any(|line| OUTSIDE.iter().any(|words| line.contains(words))) || (!failed.is_empty() && !curable)
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
    fn what_lies_outside_the_node_is_known_from_what_a_reset_cures() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        for outside in [
            include_str!("../../tests/fixtures/kubeadm-1.20.2/join-token-unknown.txt"),
            include_str!("../../tests/fixtures/kubeadm-1.20.2/join-api-unreachable.txt"),
        ] {
            assert!(no_reset_cures(&lines(outside)), "{outside}");
            assert!(of(outside).starts_with("error execution phase preflight: couldn't validate"), "{}", of(outside));
        }
        for inside in [
            include_str!("../../tests/fixtures/kubeadm-1.20.2/join-preflight-half-joined.txt"),
            include_str!("../../tests/fixtures/kubeadm-1.20.2/join-kubelet-unhealthy.txt"),
        ] {
            assert!(!no_reset_cures(&lines(inside)), "{inside}");
        }
        let sysctl = "\t[ERROR FileContent--proc-sys-net-ipv4-ip_forward]: contents are not set to 1";
        assert!(no_reset_cures(&lines(sysctl)));
        assert!(!no_reset_cures(&lines(&format!("{sysctl}\n\t[ERROR CRI]: container runtime is not running"))));
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
