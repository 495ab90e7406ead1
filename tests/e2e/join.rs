//! `kfleet join` on nodes of different naughtiness.

use crate::bed::Bed;
use crate::run::{kfleet, path, people};
use kfleet::model::{Level, Outcome};

pub fn three_ladders(bed: &Bed) {
    let nodes = ["node1", "node2", "node3"];
    bed.fresh(&nodes);
    for node in nodes {
        bed.plant(node, "media");
    }
    bed.plant("node2", "half-joined");
    bed.plant("node3", "corrupt-containerd");
    let before: Vec<String> = nodes.iter().map(|n| bed.media(n)).collect();

    let run = kfleet(bed, &["join", "node[1-3]", "--yes"]);
    for (node, attempts, level) in
        // what is wrong with them is seen beforehand, and no attempt is made that could not succeed
        [("node1", 1, None), ("node2", 1, Some(Level::Gentle)), ("node3", 1, Some(Level::Aggressive))]
    {
        let report = run.expect(node, Outcome::Joined);
        assert_eq!((report.attempts, report.level), (attempts, level), "{node}");
        assert!(bed.nodes().contains(&node.to_owned()), "the API server has no {node}");
    }
    assert_eq!(run.code, Some(0));
    assert!(run.finished_at("node1") < run.finished_at("node3"), "a healthy node waited for a sick one");
    let after: Vec<String> = nodes.iter().map(|n| bed.media(n)).collect();
    assert_eq!(before, after, "media changed");
    no_token_in(&run.text);

    let again = kfleet(bed, &["join", "node[1-3]", "--yes"]);
    for node in nodes {
        assert_eq!(again.expect(node, Outcome::AlreadyJoined).attempts, 0);
    }
    assert_eq!(again.code, Some(0));
}

/// Every bootstrap token of the cluster, one per line.
fn tokens_of(bed: &Bed) -> String {
    let mut tokens: Vec<String> = bed
        .see("cp1", "kubeadm --kubeconfig /etc/kubernetes/admin.conf token list")
        .lines()
        .filter_map(|line| line.split_whitespace().next().filter(|word| word.contains('.')).map(str::to_owned))
        .collect();
    tokens.sort();
    tokens.join("\n")
}

/// Nothing that kfleet prints has the form of a bootstrap token: its second half is always masked.
pub fn no_token_in(text: &str) {
    let part =
        |word: &str, len| word.len() == len && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.') {
        let token = word.split_once('.').is_some_and(|(id, secret)| part(id, 6) && part(secret, 16));
        assert!(!token, "a token is in the output: {text}");
    }
}

/// The token of a run is in a file that root alone can read, in no argument, and gone with the run.
pub fn token(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.see(
        node,
        "mv /usr/bin/kubeadm /usr/bin/kubeadm.real
printf '#!/bin/sh\\necho \"$*\" >>/root/arguments\\nfor a; do [ ! -f \"$a\" ] || { stat -c %%a:%%u \"$a\"; cat \"$a\"; } >>/root/file; done\\nexec kubeadm.real \"$@\"\\n' >/usr/bin/kubeadm
chmod 755 /usr/bin/kubeadm",
    );
    let before = tokens_of(bed);
    let run = kfleet(bed, &["join", node, "--yes"]);
    run.expect(node, Outcome::Joined);
    let arguments = bed.see(node, "cat /root/arguments");
    assert!(arguments.contains("join --config /run/kfleet/join.yaml"), "{arguments}");
    no_token_in(&arguments);
    let file = bed.see(node, "cat /root/file");
    assert!(file.starts_with("600:0\n") && file.contains("\"token\": \""), "{file}");
    let left = "ls /run/kfleet | grep -v -e '\\.out$' -e '\\.json$' || true";
    assert_eq!(bed.see(node, left), "", "something is left on the node");
    no_token_in(&bed.see(node, "cat /run/kfleet/*.json"));
    assert_eq!(tokens_of(bed), before, "the token lives on");
}

pub fn control_plane_is_refused(bed: &Bed) {
    let before = bed.see("cp1", "find /etc/kubernetes | sort");
    let (code, _, stderr) = people(bed, &["reset", "cp1", "--yes"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("cp1 is a control-plane node"), "{stderr}");

    let disguised = format!(
        "defaults: {{user: root, identity_file: {}, known_hosts: {}}}\nnodes:\n  - {{name: cp1, host: {}}}\n",
        path(&bed.file("id_ed25519")),
        path(&bed.file("known_hosts")),
        bed.address("cp1")
    );
    let inventory = bed.inventory("disguised.yaml", &disguised);
    let run = kfleet(bed, &["reset", "cp1", "--aggressive", "--yes", "--inventory", path(&inventory)]);
    let report = run.expect("cp1", Outcome::Refused);
    assert!(report.error.as_ref().is_some_and(|e| e.contains("/etc/kubernetes/manifests/")), "{report:?}");
    assert_eq!((run.code, report.level), (Some(3), None));
    assert_eq!(bed.see("cp1", "find /etc/kubernetes | sort"), before);
}

pub fn given_command(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    let command = bed.join_command();
    let inventory = bed.without_control_plane(node);
    let inventory = path(&inventory);
    let tampered = format!("{command}; touch /tmp/owned");
    let (code, _, stderr) = people(bed, &["join", "lonely", "--yes", "--join-command", &tampered]);
    assert_eq!(code, Some(2), "{stderr}");

    let run = kfleet(bed, &["join", "--inventory", inventory, "--yes", "--join-command", &command]);
    run.expect("lonely", Outcome::Joined);
    assert!(bed.nodes().contains(&node.to_owned()));
    no_token_in(&run.text);

    // Nobody can say any more how it stands in its cluster: that is no reason to reset it.
    bed.see(node, "mv /usr/bin/kubectl /usr/bin/kubectl.away");
    let run = kfleet(bed, &["join", "--inventory", inventory, "--yes", "--join-command", &command]);
    let report = run.expect("lonely", Outcome::Failed);
    assert_eq!((report.attempts, report.level), (0, None), "{report:?}");
    assert_eq!(bed.see(node, "systemctl is-active kubelet").trim(), "active");
}

pub fn reset_and_join(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    kfleet(bed, &["join", node, "--yes"]).expect(node, Outcome::Joined);
    kfleet(bed, &["reset", node, "--yes"]).expect(node, Outcome::Reset);
    // The API server still believes in the old Node for a while, and kubeadm would refuse the name.
    let run = kfleet(bed, &["join", node, "--yes"]);
    let report = run.expect(node, Outcome::Joined);
    assert_eq!((report.attempts, report.level), (1, None), "{report:?}");
}

pub fn dry_run(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    let look = "find /etc /var/lib/kubelet /run/kfleet -newer /proc/1/exe -type f 2>/dev/null | sort; ls -d /run/kfleet 2>/dev/null; true";
    let before = bed.see(node, look);
    let tokens = tokens_of(bed);
    let (code, stdout, stderr) = people(bed, &["join", node, "--dry-run"]);
    assert_eq!(code, Some(0), "{stderr}");
    for part in [&format!("{node}: join it\n"), "first: join\n", "reset (gentle)\n", "reset (aggressive)\n"] {
        assert!(stdout.contains(part), "{part} is not told: {stdout}");
    }
    assert!(!stdout.contains("unshare --mount"), "nobody asked for scripts: {stdout}");
    let (code, stdout, stderr) = people(bed, &["join", node, "--dry-run", "-v"]);
    assert_eq!(code, Some(0), "{stderr}");
    for part in ["kubeadm join", "level=gentle", "level=aggressive", "unshare --mount", ".****************"] {
        assert!(stdout.contains(part), "{part} is not shown: {stdout}");
    }
    no_token_in(&stdout);
    assert_eq!(bed.see(node, look), before, "the dry run left something");
    assert_eq!(tokens_of(bed), tokens, "a token was made");
}
