//! What a control plane prints.

use super::key_value::value;
use crate::model::{ClusterDefaults, clean};

/// The lines `cgroupDriver: …` and `failSwapOn: …` of a kubelet configuration.
pub fn cluster_defaults(text: &str) -> ClusterDefaults {
    let value = |key: &str| {
        let value = value(text, key, ':')?;
        Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
    };
    ClusterDefaults {
        cgroup_driver: value("cgroupDriver"),
        fail_swap_on: value("failSwapOn").and_then(|value| value.parse().ok()),
    }
}

/// Names of the certificate requests that nobody has decided on, and that are for node `name`.
///
/// Each line: name, who asks, the request (PKCS#10 in PEM) in base64, conditions (`Approved`, `Denied`, `Failed`).
pub fn pending_requests(text: &str, name: &str) -> Vec<String> {
    let subject = format!("system:node:{name}");
    let pending = |line: &str| {
        let mut words = line.split_whitespace();
        let (request, _user, pem, decided) = (words.next()?, words.next()?, words.next()?, words.next());
        let der = pem_body(pem)?;
        (decided.is_none() && holds_text(&der, &subject)).then(|| clean(request))
    };
    text.lines().filter_map(pending).collect()
}

/// The DER inside a PEM block that is in base64 once more, as the API gives `spec.request`.
fn pem_body(base64_of_pem: &str) -> Option<Vec<u8>> {
    let pem = data_encoding::BASE64.decode(base64_of_pem.as_bytes()).ok()?;
    let text = String::from_utf8(pem).ok()?;
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    data_encoding::BASE64.decode(body.as_bytes()).ok()
}

/// Whether a DER value that is exactly this text is in there: its length stands right before it.
fn holds_text(der: &[u8], text: &str) -> bool {
    let Ok(length) = u8::try_from(text.len()) else { return false };
    der.windows(text.len() + 1).any(|window| window[0] == length && window[1..] == *text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_configuration_says_is_known() {
        let both = cluster_defaults("cgroupDriver: systemd\nfailSwapOn: false\n");
        assert_eq!(both, ClusterDefaults { cgroup_driver: Some("systemd".to_owned()), fail_swap_on: Some(false) });
        assert_eq!(cluster_defaults(""), ClusterDefaults::default());
        assert_eq!(cluster_defaults("cgroupDriver: \"\"\n"), ClusterDefaults::default());
    }

    #[test]
    fn a_request_is_known_by_the_node_in_its_subject() {
        let request = |der: &[u8]| {
            let pem = format!(
                "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
                data_encoding::BASE64.encode(der)
            );
            data_encoding::BASE64.encode(pem.as_bytes())
        };
        let one = request(b"\x0c\x11system:node:node1\x30");
        let eleven = request(b"\x0c\x12system:node:node11\x30");
        let text = format!(
            "csr-a system:bootstrap:abcdef {one} \ncsr-b system:bootstrap:abcdef {eleven} \n\
             csr-c system:bootstrap:abcdef {one} Approved\ncsr-d x !!! \nshort\n"
        );
        assert_eq!(pending_requests(&text, "node1"), ["csr-a"]);
        assert_eq!(pending_requests(&text, "node11"), ["csr-b"]);
        assert!(pending_requests(&text, &"n".repeat(300)).is_empty());
    }
}
