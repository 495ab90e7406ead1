//! Certificates in PEM, as a probe prints them.

use crate::model::{ClientCertificate, clean};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Encode, oid::ObjectIdentifier};

/// The pin of the first certificate, as kubeadm's `--discovery-token-ca-cert-hash` has it: SHA-256 over the DER form of
/// its public key info (kubeadm's `pubkeypin`).
pub(super) fn pin(pem: &str) -> Option<String> {
    let info = first(pem)?.tbs_certificate().subject_public_key_info().to_der().ok()?;
    let hex: String = Sha256::digest(&info).iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("sha256:{hex}"))
}

/// Whose the first certificate is, and until when.
pub(super) fn client_certificate(pem: &str) -> Option<ClientCertificate> {
    const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
    let certificate = first(pem)?;
    let to_be_signed = certificate.tbs_certificate();
    let name = to_be_signed.subject().iter().find(|attribute| attribute.oid == COMMON_NAME)?;
    let name = std::str::from_utf8(name.value.value()).ok()?;
    Some(ClientCertificate {
        node_name: clean(name.strip_prefix("system:node:")?),
        not_before: to_be_signed.validity().not_before.to_unix_duration().as_secs().try_into().ok()?,
        not_after: to_be_signed.validity().not_after.to_unix_duration().as_secs().try_into().ok()?,
    })
}

fn first(pem: &str) -> Option<Certificate> {
    Certificate::load_pem_chain(pem.as_bytes()).ok()?.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pin_is_kubeadms() {
        // what `kubeadm token create --print-join-command` printed in the cluster of this CA
        let printed = "sha256:b63b1d1261877269dafac9ac0bc0ba21af00a332af3df31b914b0dbeeff8ea25";
        assert_eq!(pin(include_str!("../../tests/fixtures/certificates/ca.crt")).as_deref(), Some(printed));
        assert_eq!(pin(""), None);
    }

    #[test]
    fn a_client_certificate_names_its_node() {
        let pem = include_str!("../../tests/fixtures/certificates/kubelet-client.pem");
        let expected = ClientCertificate {
            node_name: "worker-7.example".to_owned(),
            not_before: 1_795_386_570,
            not_after: 1_826_922_570,
        };
        assert_eq!(client_certificate(pem), Some(expected));
        assert_eq!(client_certificate(include_str!("../../tests/fixtures/certificates/ca.crt")), None);
        assert_eq!(client_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), None);
    }
}
