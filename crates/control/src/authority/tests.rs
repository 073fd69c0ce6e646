use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fleetward_store::Kind;
use fleetward_store::memory::MemoryStore;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::*;

use super::*;

const NOW_MS: EpochMs = 1_780_000_000_000;

async fn authority() -> Authority {
    let store = MemoryStore::new();
    Authority::load_or_create(
        &store,
        &MasterKey::new([1; 32], Chance::system()),
        &Chance::system(),
        NOW_MS,
    )
    .await
    .unwrap()
}

fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(text).unwrap()
}

/// Whether a certificate is signed by the CA, and both name each other.
fn assert_issued_by(ca_pem: &str, certificate_pem: &str) {
    let (_, ca) = parse_x509_pem(ca_pem.as_bytes()).unwrap();
    let (_, pem) = parse_x509_pem(certificate_pem.as_bytes()).unwrap();
    let (ca, certificate) = (ca.parse_x509().unwrap(), pem.parse_x509().unwrap());
    assert_eq!(certificate.issuer(), ca.subject());
    certificate.verify_signature(Some(ca.public_key())).unwrap();
    let at = ASN1Time::from_timestamp(NOW_MS / 1000).unwrap();
    assert!(certificate.validity().is_valid_at(at));
    assert!(!certificate.is_ca());
}

#[tokio::test]
async fn a_device_gets_a_certificate_of_the_ca_and_the_key_that_fits_it() {
    let authority = authority().await;
    let device = authority.issue_device(NOW_MS).await.unwrap();
    assert_issued_by(authority.ca_pem(), &device.certificate_pem);
    let id = digest::digest(&digest::SHA256, &der(&device.certificate_pem));
    assert_eq!(device.id, hex::encode(id));

    assert!(device.private_key_pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    let key = RsaKeyPair::from_der(&der(&device.private_key_pem)).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, b"message", &mut signature).unwrap();
    let (_, pem) = parse_x509_pem(device.certificate_pem.as_bytes()).unwrap();
    let certificate = pem.parse_x509().unwrap();
    assert_eq!(certificate.public_key().raw, der(&device.public_key_pem));
    let public = certificate.public_key().subject_public_key.data.as_ref();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
    public.verify(b"message", &signature).unwrap();
}

#[tokio::test]
async fn no_two_devices_are_alike() {
    let authority = authority().await;
    let one = authority.issue_device(NOW_MS).await.unwrap();
    let two = authority.issue_device(NOW_MS).await.unwrap();
    assert_ne!(one.id, two.id);
    assert_ne!(one.private_key_pem, two.private_key_pem);
}

#[tokio::test]
async fn a_server_gets_a_chain_for_its_names_and_addresses() {
    let authority = authority().await;
    let names = ["iot.example".to_owned(), "localhost".to_owned()];
    let addresses = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
    let server = authority.issue_server(&names, &addresses, NOW_MS).unwrap();
    assert_issued_by(authority.ca_pem(), &server.chain_pem);
    assert!(server.chain_pem.ends_with(authority.ca_pem()));
    assert!(server.private_key_pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let (_, pem) = parse_x509_pem(server.chain_pem.as_bytes()).unwrap();
    let certificate = pem.parse_x509().unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    let names: Vec<String> = names.value.general_names.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names[0].contains("iot.example"), "{names:?}");
    assert!(authority.issue_server(&["ü".to_owned()], &[], NOW_MS).is_err());
}

#[tokio::test]
async fn the_ca_survives_a_restart_under_the_same_master_key_only() {
    let store = MemoryStore::new();
    let key = MasterKey::new([1; 32], Chance::system());
    let first = Authority::load_or_create(&store, &key, &Chance::system(), NOW_MS).await.unwrap();
    let second =
        Authority::load_or_create(&store, &key, &Chance::system(), NOW_MS + 1).await.unwrap();
    assert_eq!(first.ca_pem(), second.ca_pem());
    let device = second.issue_device(NOW_MS).await.unwrap();
    assert_issued_by(first.ca_pem(), &device.certificate_pem);
    let other = MasterKey::new([2; 32], Chance::system());
    let refused = Authority::load_or_create(&store, &other, &Chance::system(), NOW_MS).await;
    assert!(matches!(refused.err(), Some(ControlError::WrongMasterKey(_))));
}

#[tokio::test]
async fn two_processes_that_start_at_once_agree_on_one_ca() {
    let store = MemoryStore::new();
    let key = MasterKey::new([1; 32], Chance::system());
    let chance = Chance::system();
    let (one, two) = tokio::join!(
        Authority::load_or_create(&store, &key, &chance, NOW_MS),
        Authority::load_or_create(&store, &key, &chance, NOW_MS),
    );
    assert_eq!(one.unwrap().ca_pem(), two.unwrap().ca_pem());
}

#[tokio::test]
async fn the_key_of_the_ca_is_not_in_the_store_as_it_is() {
    let store = MemoryStore::new();
    Authority::load_or_create(
        &store,
        &MasterKey::new([1; 32], Chance::system()),
        &Chance::system(),
        NOW_MS,
    )
    .await
    .unwrap();
    let document = store.get(Kind::Setting, SealedAuthority::KEY).await.unwrap().unwrap();
    let text = String::from_utf8(document.value).unwrap();
    assert!(text.contains("BEGIN CERTIFICATE") && !text.contains("PRIVATE"), "{text}");
    // The fixed head of an EC key in PKCS#8.
    assert!(!text.contains("308187020100"), "{text}");
}
