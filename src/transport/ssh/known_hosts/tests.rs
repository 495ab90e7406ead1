//! Files made by ssh-keygen, and a table of cases that OpenSSH 9.2's client was seen to treat the same way.

use super::*;
use std::path::Path;
use std::process::Command;

struct Keys {
    ed: String,
    ed_other: String,
    rsa: String,
    ecdsa: String,
}

fn keygen(arguments: &[&str]) -> String {
    let run = Command::new("ssh-keygen").args(arguments).output();
    let output = run.expect("ssh-keygen is not installed: apt-get install openssh-client");
    assert!(output.status.success(), "ssh-keygen {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `type base64` of a new key.
fn make(folder: &Path, kind: &str) -> String {
    let file = folder.join(format!("{kind}{}", std::fs::read_dir(folder).unwrap().count()));
    let bits: &[&str] = if kind == "rsa" { &["-b", "2048"] } else { &[] };
    keygen(&[&["-q", "-t", kind, "-N", "", "-C", "", "-f", file.to_str().unwrap()], bits].concat());
    std::fs::read_to_string(file.with_extension("pub")).unwrap().trim().to_owned()
}

fn keys(folder: &Path) -> Keys {
    Keys {
        ed: make(folder, "ed25519"),
        ed_other: make(folder, "ed25519"),
        rsa: make(folder, "rsa"),
        ecdsa: make(folder, "ecdsa"),
    }
}

fn data(key: &str) -> KeyData {
    PublicKey::from_openssh(key).unwrap().key_data().clone()
}

fn judge(text: &str, host: &str, port: u16, key: &str) -> Verdict {
    Records::find(text, host, port).verdict(&data(key))
}

fn unknown() -> Verdict {
    Verdict::Unknown { others: vec![] }
}

#[test]
fn a_table_of_lines() {
    let folder = tempfile::tempdir().unwrap();
    let Keys { ed, ed_other, rsa, ecdsa } = keys(folder.path());
    let trusted = Verdict::Trusted;
    let only_rsa = Verdict::Unknown { others: vec![(1, Algorithm::Rsa { hash: None })] };
    // (what it shows, the file, host, port, verdict on `ed`)
    let cases: Vec<(&str, String, &str, u16, Verdict)> = vec![
        ("nothing", String::new(), "n", 22, unknown()),
        ("plain", format!("n {ed}"), "n", 22, trusted.clone()),
        ("comment after the key", format!("n {ed} root@n # made today"), "n", 22, trusted.clone()),
        ("another host", format!("m {ed}"), "n", 22, unknown()),
        ("comma list", format!("m,n,10.0.0.1 {ed}"), "n", 22, trusted.clone()),
        ("comma list, address", format!("m,n,10.0.0.1 {ed}"), "10.0.0.1", 22, trusted.clone()),
        ("IPv6", format!("fe80::1 {ed}"), "fe80::1", 22, trusted.clone()),
        ("port", format!("[n]:2222 {ed}"), "n", 2222, trusted.clone()),
        ("IPv6 and port", format!("[fe80::1]:2222 {ed}"), "FE80::1", 2222, trusted.clone()),
        ("bare name does not cover another port", format!("n {ed}"), "n", 2222, unknown()),
        ("another port does not cover 22", format!("[n]:2222 {ed}"), "n", 22, unknown()),
        ("star", format!("node* {ed}"), "node7", 22, trusted.clone()),
        ("star in the middle", format!("n*.lab {ed}"), "node7.x.lab", 22, trusted.clone()),
        ("question mark", format!("node? {ed}"), "node7", 22, trusted.clone()),
        ("question mark is one", format!("node? {ed}"), "node77", 22, unknown()),
        ("star and port", format!("[node*]:2222 {ed}"), "node7", 2222, trusted.clone()),
        ("negation", format!("node*,!node7 {ed}"), "node7", 22, unknown()),
        ("negation first", format!("!node7,node* {ed}"), "node7", 22, unknown()),
        ("negation of another", format!("node*,!node7 {ed}"), "node8", 22, trusted.clone()),
        ("only a negation", format!("!node7 {ed}"), "node8", 22, unknown()),
        ("tabs", format!("n\t{}", ed.replace(' ', "\t")), "n", 22, trusted.clone()),
        ("two spaces", format!("n  {}", ed.replace(' ', "  ")), "n", 22, trusted.clone()),
        ("leading space", format!(" \t n {ed}"), "n", 22, trusted.clone()),
        ("CRLF", format!("m {rsa}\r\nn {ed}\r\n"), "n", 22, trusted.clone()),
        ("comment line", format!("#n {ed_other}\n\nn {ed}\n"), "n", 22, trusted.clone()),
        ("upper case asked", format!("node {ed}"), "NODE", 22, trusted.clone()),
        ("upper case recorded", format!("NoDe {ed}"), "node", 22, trusted.clone()),
        ("changed", format!("# c\nn {ed_other}"), "n", 22, Verdict::Changed { lines: vec![2] }),
        ("two of one type, second fits", format!("n {ed_other}\nn {ed}"), "n", 22, trusted.clone()),
        (
            "two of one type, none fits",
            format!("n {ed_other}\nn {ed_other}"),
            "n",
            22,
            Verdict::Changed { lines: vec![1, 2] },
        ),
        ("several types", format!("n {rsa}\nn {ecdsa}\nn {ed}"), "n", 22, trusted.clone()),
        ("other type only", format!("n {rsa}"), "n", 22, only_rsa.clone()),
        ("revoked everywhere", format!("n {ed}\n@revoked * {ed}"), "n", 22, Verdict::Revoked { line: 2 }),
        ("revoked before", format!("@revoked n {ed}\nn {ed}"), "n", 22, Verdict::Revoked { line: 1 }),
        ("revoked, tab", format!("@revoked\tn\t{ed}\nn {ed}"), "n", 22, Verdict::Revoked { line: 1 }),
        ("another key revoked", format!("@revoked * {ed_other}\nn {ed}"), "n", 22, trusted.clone()),
        ("revoked for another host", format!("@revoked m {ed}\nn {ed}"), "n", 22, trusted.clone()),
        ("a revoked key is no record", format!("@revoked n {ed_other}"), "n", 22, unknown()),
        ("an authority is no host key", format!("@cert-authority * {ed}"), "n", 22, unknown()),
        ("unknown marker", format!("@trusted n {ed}"), "n", 22, unknown()),
        ("bad lines before", format!("n\nn ssh-ed25519\nn ssh-ed25519 AAAA\nn {ed}"), "n", 22, trusted.clone()),
        ("type and key differ", format!("n ssh-rsa {}", &ed["ssh-ed25519 ".len()..]), "n", 22, unknown()),
        ("old RSA1 line", format!("n 1024 35 1234567\nn {ed}"), "n", 22, trusted.clone()),
        ("bad hash", format!("|1|x|y {ed}\n|1| {ed}\n|2|AAAA|AAAA {ed}\nn {ed}"), "n", 22, trusted),
    ];
    for (shows, text, host, port, expected) in cases {
        assert_eq!(judge(&text, host, port, &ed), expected, "{shows}:\n{text}");
    }
    assert_eq!(judge(&format!("n {rsa}"), "n", 22, &rsa), Verdict::Trusted);
    assert_eq!(judge(&format!("n {ecdsa}"), "n", 22, &ecdsa), Verdict::Trusted);
}

#[test]
fn names_hashed_by_ssh_keygen() {
    let folder = tempfile::tempdir().unwrap();
    let Keys { ed, ed_other, .. } = keys(folder.path());
    let file = folder.path().join("known_hosts");
    std::fs::write(&file, format!("n,10.0.0.1 {ed}\n[n]:2222 {ed_other}\nmany {ed_other}\n")).unwrap();
    keygen(&["-H", "-f", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("10.0.0.1") && text.starts_with("|1|"), "{text}");
    // ssh-keygen writes one line per name of a list.
    for (host, port, key, expected) in [
        ("n", 22, &ed, Verdict::Trusted),
        ("N", 22, &ed, Verdict::Trusted),
        ("10.0.0.1", 22, &ed, Verdict::Trusted),
        ("n", 2222, &ed_other, Verdict::Trusted),
        ("n", 2222, &ed, Verdict::Changed { lines: vec![3] }),
        ("many", 22, &ed, Verdict::Changed { lines: vec![4] }),
        ("m", 22, &ed, unknown()),
    ] {
        assert_eq!(judge(&text, host, port, key), expected, "{host}:{port}\n{text}");
    }
    let revoked = format!("{text}@revoked {}", text.lines().next().unwrap());
    assert_eq!(judge(&revoked, "n", 22, &ed), Verdict::Revoked { line: 5 });
}

#[test]
fn what_was_skipped_is_noted_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let ed = make(folder.path(), "ed25519");
    let text =
        format!("# fine\nn\nn ssh-ed25519 AAAA\n@cert-authority * {ed}\nelsewhere ssh-ed25519 AAAA\n@odd n {ed}\n");
    let records = Records::find(&text, "n", 22);
    let lines: Vec<&str> = records.notes().iter().filter_map(|n| n.split(' ').nth(1)).collect();
    assert_eq!(lines, ["2", "3", "4", "6"], "{:?}", records.notes());
}

#[test]
fn recorded_types_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let Keys { ed, rsa, .. } = keys(folder.path());
    let records = Records::find(&format!("n {rsa}\n@revoked n {ed}\n@cert-authority n {ed}"), "n", 22);
    assert!(records.has(&Algorithm::Rsa { hash: Some(russh::keys::HashAlg::Sha512) }));
    assert!(!records.has(&Algorithm::Ed25519));
}

#[test]
fn globs() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("*", "", true),
        ("**", "abc", true),
        ("a*b*c", "axxbyyc", true),
        ("a*b*c", "axxbyy", false),
        ("*a", "bbba", true),
        ("?", "", false),
        ("[n]:2222", "[n]:2222", true),
        ("[n]:2222", "n:2222", false),
    ] {
        assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
    }
}
