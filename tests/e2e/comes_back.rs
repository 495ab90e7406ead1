//! What makes a boot a risk is seen before it, on a real node: each alone, and beside it what looks like it and is none.

use crate::bed::Bed;
use crate::run::path;
use kfleet::attached::fresh_nonce;
use kfleet::inventory::parse;
use kfleet::model::{Node, Phase};
use kfleet::plan::{PhaseScript, Step};
use std::io::Write;
use std::process::Stdio;

/// What is done to the node, what undoes it, and the words of the refusal; none where it is fine.
const CASES: &[(&str, &str, &[&str])] = &[
    (
        "echo 'data UUID=0b1c none luks' >/etc/crypttab",
        "rm /etc/crypttab",
        &["wait for a passphrase", "data in /etc/crypttab"],
    ),
    ("echo 'data UUID=0b1c' >/etc/crypttab", "rm /etc/crypttab", &["data in /etc/crypttab"]),
    (
        "printf '%s\\n' '# a UUID=0 none luks' 'b UUID=1 /root/key luks' 'c UUID=2 none luks,noauto' 'd UUID=3 none luks,nofail' 'e UUID=4 - tpm2-device=auto' >/etc/crypttab",
        "rm /etc/crypttab",
        &[],
    ),
    (
        "mkdir /srv/absent && echo 'UUID=0b1c2d3e-0000-4000-8000-000000000000 /srv/absent ext4 defaults 0 2' >>/etc/fstab",
        "sed -i /absent/d /etc/fstab; rmdir /srv/absent",
        &["/etc/fstab asks for what is not there", "0b1c2d3e"],
    ),
    (
        "mkdir /srv/absent && echo 'UUID=0b1c2d3e-0000-4000-8000-000000000000 /srv/absent ext4 nofail 0 2' >>/etc/fstab",
        "sed -i /absent/d /etc/fstab; rmdir /srv/absent",
        &[],
    ),
    (
        "mkdir /srv/media/later && echo 'none /srv/media/later tmpfs noauto 0 0' >>/etc/fstab && systemctl daemon-reload && mount /srv/media/later",
        "umount /srv/media/later; sed -i /later/d /etc/fstab; systemctl daemon-reload; rmdir /srv/media/later",
        &["mounted by hand", "/srv/media/later"],
    ),
    (
        "mkdir /srv/media/always && echo 'none /srv/media/always tmpfs defaults 0 0' >>/etc/fstab && systemctl daemon-reload && mount /srv/media/always",
        "umount /srv/media/always; sed -i /always/d /etc/fstab; systemctl daemon-reload; rmdir /srv/media/always",
        &[],
    ),
    (
        "mkdir '/mnt/media/by hand' && mount -t tmpfs none '/mnt/media/by hand'",
        "umount '/mnt/media/by hand'; rmdir '/mnt/media/by hand'",
        &["mounted by hand", "/mnt/media/by hand"],
    ),
    (
        "systemctl is-enabled ssh.service ssh.socket >/run/was-enabled; systemctl disable --quiet ssh.service ssh.socket",
        "grep -q enabled /run/was-enabled && systemctl enable --quiet ssh.service",
        &["no SSH server was found that systemd starts"],
    ),
    (
        ": >/run/not-a-program && mount --bind /run/not-a-program /usr/bin/findmnt",
        "umount /usr/bin/findmnt",
        &["whether all that /etc/fstab asks for is there could not be told"],
    ),
    ("true", "true", &[]),
];

pub fn is_checked(bed: &Bed, node: &str) {
    bed.fresh(&[node]);
    bed.plant(node, "media");
    for (planted, undone, words) in CASES {
        bed.see(node, planted);
        let (status, said) = check(bed, node);
        bed.see(node, undone);
        let wanted = if words.is_empty() { 0 } else { 76 };
        assert_eq!(status, wanted, "after {planted}: {said}");
        for word in *words {
            assert!(said.contains(word), "{word:?} is not said after {planted}: {said}");
        }
    }
}

/// Runs the check of the reboot rung, and nothing else of it; its status and what it said.
fn check(bed: &Bed, node: &str) -> (i32, String) {
    let script = PhaseScript::new(Phase::Reboot, None, &described(bed, node), "check", vec![Step::CheckReboot]);
    let rendered = script.render(&fresh_nonce());
    let config = bed.file("ssh_config");
    let mut ssh = bed.in_fleet("ssh", &["-F", path(&config), node, "sh -s"]);
    let mut ssh = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("ssh is installed");
    let mut stdin = ssh.stdin.take().expect("it is piped");
    stdin.write_all(rendered.real().as_bytes()).expect("the node reads it");
    drop(stdin);
    let output = ssh.wait_with_output().expect("ssh ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let end = said.lines().find_map(|line| line.split_once(" end 0 ")).and_then(|(_, status)| status.parse().ok());
    (end.unwrap_or_else(|| panic!("the check did not end: {said}")), said)
}

fn described(bed: &Bed, node: &str) -> Node {
    let text = std::fs::read_to_string(bed.file("inventory.yaml")).expect("the bed wrote it");
    let inventory = parse("inventory.yaml", &text, &bed.file("home")).expect("it is right");
    inventory.nodes.into_iter().find(|known| known.name.as_str() == node).expect("the node is in it")
}
