//! What a join waits for, as it goes.

/// What kubeadm waits for, where it says so in this line. It is silent while it looks for the API server and the token.
pub fn join_progress(line: &str) -> Option<&'static str> {
    const PHASES: [(&str, &str); 9] = [
        (
            "[preflight] Running pre-flight checks",
            "kubeadm checks the node, then asks for the identity of the API server",
        ),
        ("[preflight] Reading configuration from the ", "kubeadm reads the configuration of the cluster"),
        ("[kubelet-start] Starting the kubelet", "kubeadm starts the kubelet"),
        ("[kubelet-check] Waiting for a healthy kubelet", "kubeadm waits for a healthy kubelet"),
        (
            "[kubelet-check] The kubelet is healthy",
            "kubeadm waits for the TLS bootstrap of the kubelet, which is healthy",
        ),
        (
            "[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap",
            "kubeadm waits for the TLS bootstrap of the kubelet",
        ),
        (
            "[kubelet-check] Initial timeout of 40s passed",
            "kubeadm waits for the TLS bootstrap of the kubelet for more than 40 s",
        ),
        ("[kubelet-check] It seems like the kubelet isn't running", "kubeadm waits for a kubelet that does not answer"),
        ("[kubelet-check] The kubelet is not healthy", "kubeadm waited in vain for a healthy kubelet"),
    ];
    PHASES.iter().find(|(words, _)| line.starts_with(words)).map(|(_, phrase)| *phrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_of_a_join_is_named() {
        let phrases = |output: &str| output.lines().filter_map(join_progress).collect::<Vec<_>>();
        let old = phrases(include_str!("../../tests/fixtures/kubeadm-1.20.2/join-kubelet-unknown-flag.txt"));
        assert_eq!(old.first(), Some(&"kubeadm checks the node, then asks for the identity of the API server"));
        assert!(old.contains(&"kubeadm waits for the TLS bootstrap of the kubelet"), "{old:?}");
        assert_eq!(old.last(), Some(&"kubeadm waits for a kubelet that does not answer"));
        let new = phrases(include_str!("../../tests/fixtures/kubeadm-public/2025-not-registered.txt"));
        assert_eq!(
            new[2..],
            [
                "kubeadm starts the kubelet",
                "kubeadm waits for a healthy kubelet",
                "kubeadm waits for the TLS bootstrap of the kubelet, which is healthy",
                "kubeadm waits for the TLS bootstrap of the kubelet",
            ]
        );
        assert_eq!(join_progress("kubelet: [kubelet-check] The kubelet is healthy"), None);
        assert_eq!(join_progress(""), None);
    }
}
