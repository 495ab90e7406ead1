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
        return listed.join("; ");
    }
    let telling = lines.iter().rfind(|l| l.starts_with("error execution phase") || l.starts_with("error:"));
    telling.or(lines.last()).cloned().unwrap_or_else(|| "it printed nothing".to_owned())
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
    fn our_own_words_come_first() {
        assert_eq!(of("x\nkfleet: still mounted:\n/a\n/b\n"), "still mounted: /a /b");
        assert_eq!(of(""), "it printed nothing");
    }
}
