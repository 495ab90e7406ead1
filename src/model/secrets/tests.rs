use super::*;
use proptest::prelude::*;

const TOKEN: &str = "abcdef.0123456789abcdef";
const MASKED: &str = "abcdef.****************";
const JWT: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl";
const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn secrets_are_masked_in_the_forms_that_they_come_in() {
    for (text, shown) in [
        // bootstrap tokens
        ("TOKEN", "MASKED"),
        ("the token TOKEN is no good", "the token MASKED is no good"),
        ("token TOKEN.", "token MASKED."),
        ("kubeadm join a:1 --token TOKEN --v=5", "kubeadm join a:1 --token MASKED --v=5"),
        ("--token=TOKEN", "--token=MASKED"),
        ("--token \\\n  TOKEN \\\n --v=5", "--token \\\n  MASKED \\\n --v=5"),
        ("--token mistyped.1 x", "--token **** x"),
        ("  token: TOKEN\n  ttl: 24h0m0s", "  token: MASKED\n  ttl: 24h0m0s"),
        (r#"err="line\nTOKEN""#, r#"err="line\nMASKED""#),
        ("--TOKEN=1 (TOKEN) TOKEN,TOKEN", "--MASKED=1 (MASKED) MASKED,MASKED"),
        // passwords in URLs
        ("http://me:hunter2@proxy:3128/x", "http://me:****@proxy:3128/x"),
        ("HTTPS_PROXY=https://me:p@ss:w@proxy:1", "HTTPS_PROXY=https://me:****@proxy:1"),
        ("\"http://:x@h\" <http://u:y@h>", "\"http://:****@h\" <http://u:****@h>"),
        // bearers and headers
        ("Bearer xxx", "Bearer ****"),
        ("got Bearer abc.def-1, then", "got Bearer ****, then"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: ****"),
        ("authorization: bearer x\nAccept: */*", "authorization: ****\nAccept: */*"),
        ("curl -H 'Authorization: token x y' https://h", "curl -H 'Authorization: ****' https://h"),
        (r#"{"Authorization":"Bearer x","a":1}"#, r#"{"Authorization":"****","a":1}"#),
        ("Proxy-Authorization: NTLM TlRM", "Proxy-Authorization: ****"),
        // web tokens
        ("got JWT, ok", "got ****, ok"),
        ("k8s-aws-v1.eyJhbGciOiJSUzI1NiIsImtpZ", "k8s-aws-v1.****"),
        // names
        ("password=hunter2 user=me", "password=**** user=me"),
        ("mysql://h?user=u&password=hunter2&x=1", "mysql://h?user=u&password=****&x=1"),
        ("DB_PASSWORD=\"hunter 2\" X=1", "DB_PASSWORD=\"****\" X=1"),
        ("passwd: hunter2, user: me", "passwd: ****"),
        ("login with password: hunter2, user me", "login with password: ****, user me"),
        ("--password hunter2 --user me", "--password **** --user me"),
        (r#"{"password": "hun\"ter2", "user": "me"}"#, r#"{"password": "****", "user": "me"}"#),
        (r#"msg="{\"password\":\"hunter2\",\"user\":\"me\"}""#, r#"msg="{\"password\":\"****\",\"user\":\"me\"}""#),
        ("  password = \"hunter2\"\n  username = \"me\"", "  password = \"****\"\n  username = \"me\""),
        ("- 'password': 'it''s' # x", "- 'password': '****' # x"),
        ("password: correct horse battery", "password: ****"),
        ("clientSecret: abc def\naccess_token: x", "clientSecret: ****\naccess_token: ****"),
        ("AWS_SECRET_ACCESS_KEY=abc/def+1", "AWS_SECRET_ACCESS_KEY=****"),
        ("tls {Token:abc Secret:def}", "tls {Token:**** Secret:****}"),
        ("the secret: s3cr3tvalue is out", "the secret: **** is out"),
        ("x password=\"never closed", "x password=\"****"),
        (r#""auths":{"h":{"auth":"dXNlcjpwYXNz"}}"#, r#""auths":{"h":{"auth":"****"}}"#),
        ("  auth = \"dXNlcjpwYXNz\"", "  auth = \"****\""),
        ("    client-key-data: LS0tLS1CRUdJTg==", "    client-key-data: ****"),
        // keys
        ("--certificate-key HEX --v=5", "--certificate-key **** --v=5"),
        ("certificateKey: HEX", "certificateKey: ****"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest",
            "-----BEGIN RSA PRIVATE KEY-----****-----END RSA PRIVATE KEY-----\nrest",
        ),
        ("token=-----BEGIN PRIVATE KEY-----\nMIIE", "token=-----BEGIN PRIVATE KEY-----****"),
        ("secret: \"-----BEGIN PRIVATE KEY-----\nMIIE\"", "secret: \"-----BEGIN PRIVATE KEY-----****"),
        (r"x\n-----BEGIN PRIVATE KEY-----\nMIIE\n", r"x\n-----BEGIN PRIVATE KEY-----****"),
    ] {
        let fill =
            |text: &str| text.replace("TOKEN", TOKEN).replace("MASKED", MASKED).replace("JWT", JWT).replace("HEX", HEX);
        assert_eq!(mask_secrets(&fill(text)), fill(shown), "{text}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "",
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "--discovery-token-ca-cert-hash sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "machine_id=30b86870600e41dba8aa83b95e05417d",
        "boot_id=8e24e3b1-89f3-4b7a-bedb-bffbd63b1bea",
        "uid=4a884fc6-0b5c-1a3e-9c59-4f4e8a5d0000",
        "abcdef.****************",
        "storagenodet3500.example.lab master.internalcluster1.example.com sub.master.internalcluster1",
        "https://registry.k8s.io/pause:3.8@sha256:0123 http://h:80/a:b@c http://user@h http://u:@h",
        "[invalid bearer token, Token has been invalidated]",
        "could not find a JWS signature in the cluster-info ConfigMap for token ID \"abcdef\"",
        "open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory",
        "failed to get token: Post \"https://10.0.0.1:6443/api\": dial tcp: connect refused",
        "authorization: failed",
        "authorization:\n  mode: Webhook\n  webhook:\n    cacheAuthorizedTTL: 0s",
        "automountServiceAccountToken: false",
        "tokens: 3, secretName: x, --token-ttl 5m, password-file /x",
        "--token --discovery-token-unsafe-skip-ca-verification",
        "kubelet says: eyJ is how tokens begin",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "the token\nnext line",
        "naïve 木 🚀 “password”",
    ] {
        assert_eq!(mask_secrets(text), text);
    }
}

#[test]
fn what_tools_print_stays() {
    for text in [
        include_str!("../../../tests/fixtures/containerd-1.7.24/config-dump.toml"),
        include_str!("../../../tests/fixtures/containerd-2.1.9/config-dump.toml"),
        include_str!("../../../tests/fixtures/containerd-1.7.24/crictl-info-ready.json"),
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/kubelet-journal-joined.txt"),
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-token-expired.txt"),
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/join-success.txt"),
        include_str!("../../../tests/fixtures/kubeadm-1.20.2/node-not-ready.json"),
    ] {
        for line in text.lines() {
            assert_eq!(mask_secrets(line), line);
        }
    }
}

#[test]
fn long_text_takes_no_more_than_one_look() {
    for piece in
        ["token ", "password:", "a.", "://", "\\\"", "eyJ", "-----BEGIN PRIVATE KEY", "Bearer \"", "auth ", "- "]
    {
        let text = piece.repeat((1 << 20) / piece.len());
        assert!(mask_secrets(&text).len() <= 2 * text.len(), "{piece}");
    }
}

/// Pieces of which secrets and their surroundings are made.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("password".to_owned()),
        Just("--token".to_owned()),
        Just("secret".to_owned()),
        Just("Bearer".to_owned()),
        Just("Authorization".to_owned()),
        Just("auth".to_owned()),
        Just(TOKEN.to_owned()),
        Just(MASKED.to_owned()),
        Just(JWT.to_owned()),
        Just("://".to_owned()),
        Just("@".to_owned()),
        Just("****".to_owned()),
        Just("-----BEGIN PRIVATE KEY-----".to_owned()),
        Just("-----END PRIVATE KEY-----".to_owned()),
        "[ =:\"'\\\\\\n\\t,;&@/.>{}\\[\\]()|*-]{1,3}",
        "[a-z0-9]{1,8}",
        "\\PC{0,2}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_second_look_finds_nothing_more(text in pieces()) {
        let masked = mask_secrets(&text);
        prop_assert_eq!(mask_secrets(&masked), masked);
    }

    #[test]
    fn any_text_is_taken(text in "\\PC*|.*") {
        let masked = mask_secrets(&text);
        prop_assert_eq!(mask_secrets(&masked), masked);
    }

    #[test]
    fn ordinary_text_is_not_touched(text in "[a-zA-Z0-9 ,;()/_äöü木-]{0,300}") {
        prop_assert_eq!(mask_secrets(&text), text);
    }

    #[test]
    fn a_planted_secret_never_survives(
        before in "(.{0,20}[ \n\"'(,=:/])?",
        after in "([ \n\"'),;:/].{0,20})?",
        id in "[a-z0-9]{6}",
        secret in "[a-z0-9]{16}",
        password in "[A-Za-z0-9]{8,20}",
    ) {
        prop_assume!(!before.contains(&secret) && !after.contains(&secret));
        let masked = mask_secrets(&format!("{before}{id}.{secret}{after}"));
        prop_assert!(!masked.contains(&secret), "{}", masked);
        for form in [
            format!("password={password}"), format!("\"token\": \"{password}\""), format!("secret='{password}'"),
            format!("--token {password}"), format!("https://u:{password}@h"), format!("Bearer {password}"),
        ] {
            prop_assume!(!before.contains(&password) && !after.contains(&password));
            let masked = mask_secrets(&format!("x {form}{after}"));
            prop_assert!(!masked.contains(&password), "{}: {}", form, masked);
        }
    }
}
