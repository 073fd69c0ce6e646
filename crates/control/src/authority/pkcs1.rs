//! RSA keys as AWS gives them out: PKCS#1, which is the innermost part of PKCS#8.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The PEM of the RSA key inside this DER of PKCS#8; none if it is something else.
pub(super) fn pem_of_pkcs8(pkcs8: &[u8]) -> Option<String> {
    let (outer, _) = element(pkcs8, SEQUENCE)?;
    let (_version, rest) = element(outer, INTEGER)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (key, _) = element(rest, OCTET_STRING)?;
    Some(pem("RSA PRIVATE KEY", key))
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// Splits off one DER element of this tag: its content, and what follows.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.len() > 4 {
            return None;
        }
        (bytes.iter().fold(0, |length, &byte| (length << 8) | usize::from(byte)), rest)
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    // 48 bytes give a line of 64 characters.
    for line in der.chunks(48) {
        pem.push_str(&STANDARD.encode(line));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_pkcs8_gives_nothing() {
        let key =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
                .unwrap();
        let der = key.serialized_der();
        assert!(pem_of_pkcs8(der).unwrap().starts_with("-----BEGIN RSA PRIVATE KEY-----\nMII"));
        for end in [0, 1, 3, 30, der.len() - 1] {
            assert_eq!(pem_of_pkcs8(&der[..end]), None, "{end}");
        }
        assert_eq!(pem_of_pkcs8(&[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]), None);
    }
}
