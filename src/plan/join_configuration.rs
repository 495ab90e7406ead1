//! kubeadm's `JoinConfiguration`: how a node is told what to join, with the token in a file and not in arguments that
//! every user of the node can read.

use crate::model::JoinCommand;
use crate::shell::Word;
use serde::Serialize;

/// The version of kubeadm's configuration that a kubeadm writes itself. Each release reads this one and the one before;
/// v1beta2 came with 1.15, v1beta3 with 1.22, v1beta4 with 1.31 (kubeadm's configuration API reference).
///
/// `None` for anything older, and for what is no version.
pub fn api_version(kubeadm: &str) -> Option<&'static str> {
    let mut parts = kubeadm.trim().strip_prefix('v')?.split('.');
    let (major, minor): (u32, u32) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    match (major, minor) {
        (1, 15..=21) => Some("kubeadm.k8s.io/v1beta2"),
        (1, 22..=30) => Some("kubeadm.k8s.io/v1beta3"),
        (1, 31..) => Some("kubeadm.k8s.io/v1beta4"),
        _ => None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JoinConfiguration<'a> {
    api_version: &'static str,
    kind: &'static str,
    discovery: Discovery<'a>,
    node_registration: NodeRegistration<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Discovery<'a> {
    bootstrap_token: BootstrapToken<'a>,
    tls_bootstrap_token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BootstrapToken<'a> {
    api_server_endpoint: &'a str,
    token: &'a str,
    ca_cert_hashes: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeRegistration<'a> {
    cri_socket: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    ignore_preflight_errors: &'a [String],
}

/// The whole file. People see the token's public half.
pub fn join_configuration(command: &JoinCommand, api_version: &'static str) -> Word {
    let token = command.token.reveal();
    let text = text(command, api_version, token);
    let shown = text.replace(token, &command.token.to_string());
    Word::shown_as(text, shown)
}

fn text(command: &JoinCommand, api_version: &'static str, token: &str) -> String {
    let configuration = JoinConfiguration {
        api_version,
        kind: "JoinConfiguration",
        discovery: Discovery {
            bootstrap_token: BootstrapToken {
                api_server_endpoint: command.endpoint.as_str(),
                token,
                ca_cert_hashes: &command.ca_hashes,
            },
            tls_bootstrap_token: token,
        },
        node_registration: NodeRegistration {
            cri_socket: command.cri_socket.as_deref().unwrap_or(super::CRI_SOCKET),
            name: command.node_name.as_deref(),
            ignore_preflight_errors: &command.ignore_preflight_errors,
        },
    };
    // Strings and lists alone: there is nothing in it that YAML could not hold. JSON is YAML, and quotes whatever looks
    // like a number, which tokens may.
    serde_json::to_string_pretty(&configuration).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kubeadm_gets_the_version_that_it_writes_itself() {
        for (kubeadm, want) in [
            ("v1.20.2", Some("kubeadm.k8s.io/v1beta2")),
            ("v1.22.0", Some("kubeadm.k8s.io/v1beta3")),
            ("v1.30.14", Some("kubeadm.k8s.io/v1beta3")),
            ("v1.31.0-rc.1", Some("kubeadm.k8s.io/v1beta4")),
            ("v1.36.2+k3s", Some("kubeadm.k8s.io/v1beta4")),
            ("v1.14.0", None),
            ("1.20", None),
            ("v2.0.0", None),
            ("", None),
        ] {
            assert_eq!(api_version(kubeadm), want, "{kubeadm}");
        }
    }

    #[test]
    fn all_of_the_command_is_in_the_file() {
        let hash = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let text = format!(
            "kubeadm join a:6443 --token 123456.0123456789012345 --discovery-token-ca-cert-hash {hash} --node-name n1 \
             --cri-socket unix:///run/x.sock --ignore-preflight-errors Swap,Mem"
        );
        let command = JoinCommand::parse(&text).unwrap();
        let file = super::text(&command, "kubeadm.k8s.io/v1beta3", command.token.reveal());
        let read: serde_json::Value = serde_json::from_str(&file).unwrap();
        assert_eq!(read["kind"], "JoinConfiguration");
        assert_eq!(read["discovery"]["bootstrapToken"]["token"], "123456.0123456789012345");
        assert_eq!(read["discovery"]["bootstrapToken"]["caCertHashes"][0], hash);
        assert_eq!(read["nodeRegistration"]["criSocket"], "unix:///run/x.sock");
        assert_eq!(read["nodeRegistration"]["name"], "n1");
        assert_eq!(read["nodeRegistration"]["ignorePreflightErrors"][1], "Mem");
    }
}
