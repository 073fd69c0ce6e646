//! Who gets in over TLS.

use fleetward_domain::{CertificateStatus, Metric};
use fleetward_environment::Clock;
use fleetward_mqtt::QoS;
use fleetward_mqtt::packet::{AnswerKind, Connect};

use crate::client::{Client, Version};
use crate::pki::{Ca, Leaf};
use crate::stack::{ALLOW_ALL, Stack, eventually};

async fn dial(stack: &Stack, leaf: Leaf) -> Client {
    let ca = &stack.ca.der;
    Client::secure(stack.secure(), Version::V311, ca, Some(leaf), &[]).await.unwrap()
}

/// Whether CONNECT is answered with success. A closed connection is a no.
async fn gets_in(client: &mut Client, id: &str) -> bool {
    client.connect(&Connect::new(client.version, id, 0)).await == Some((0, false))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_active_certificate_connects_with_any_alpn() {
    let stack = Stack::start().await;
    stack.policy("all", ALLOW_ALL).await;
    let alpns: [&[&[u8]]; 3] = [&[], &[b"mqtt"], &[b"x-amzn-mqtt-ca"]];
    for alpn in alpns {
        let leaf = stack.device("pump", &["pump"], &["all"]).await;
        let ca = &stack.ca.der;
        let client = Client::secure(stack.secure(), Version::V5, ca, Some(leaf), alpn).await;
        assert!(gets_in(&mut client.unwrap(), "pump").await, "{alpn:?}");
    }
    eventually("three attempts", || stack.log.sum("pump", &Metric::ConnectionAttempts, None) == 3)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_certificate_of_a_foreign_ca_connects() {
    let stack = Stack::start().await;
    stack.policy("all", ALLOW_ALL).await;
    let leaf = Ca::new("Factory").device("valve");
    stack.register(&leaf.id(), CertificateStatus::Active, &["valve"], &["all"]).await;
    assert!(gets_in(&mut dial(&stack, leaf).await, "valve").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_inactive_and_foreign_certificates_are_closed_before_connack() {
    let stack = Stack::start().await;
    stack.policy("all", ALLOW_ALL).await;
    let inactive = stack.ca.device("inactive");
    stack.register(&inactive.id(), CertificateStatus::Inactive, &["inactive"], &["all"]).await;
    let revoked = stack.ca.device("revoked");
    stack.register(&revoked.id(), CertificateStatus::Revoked, &["revoked"], &["all"]).await;
    let foreign = Ca::new("Elsewhere").device("foreign");
    for leaf in [stack.ca.device("unknown"), inactive, revoked, foreign] {
        let mut client = dial(&stack, leaf).await;
        assert_eq!(client.connect(&Connect::new(Version::V311, "x", 0)).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_certificate_and_an_expired_one_fail_the_handshake() {
    let stack = Stack::start().await;
    stack.policy("all", ALLOW_ALL).await;
    let expired = stack.ca.expired("old");
    stack.register(&expired.id(), CertificateStatus::Active, &["old"], &["all"]).await;
    for leaf in [None, Some(expired)] {
        let ca = &stack.ca.der;
        let client = Client::secure(stack.secure(), Version::V311, ca, leaf, &[]).await;
        // In TLS 1.3 the client may learn of it only when it reads.
        if let Ok(mut client) = client {
            assert_eq!(client.connect(&Connect::new(Version::V311, "old", 0)).await, None);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_certificate_is_disconnected_within_a_second() {
    let stack = Stack::start().await;
    stack.policy("all", ALLOW_ALL).await;
    let leaf = stack.device("pump", &["pump"], &["all"]).await;
    let id = leaf.id();
    let mut client = dial(&stack, leaf).await;
    assert!(gets_in(&mut client, "pump").await);
    assert!(client.is_quiet().await);
    stack.register(&id, CertificateStatus::Inactive, &["pump"], &["all"]).await;
    let clock = Clock::system();
    let closes = clock.timeout(std::time::Duration::from_secs(1), client.closes());
    assert!(closes.await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_one_thing_is_that_thing_whatever_the_client_id() {
    let stack = Stack::start().await;
    stack.policy("all", ALLOW_ALL).await;
    let leaf = stack.device("pump", &["pump"], &["all"]).await;
    let mut client = dial(&stack, leaf).await;
    assert!(gets_in(&mut client, "another").await);
    client.publish("a", b"x", QoS::AtLeastOnce, 1).await;
    client.acknowledged(AnswerKind::Puback, 1).await;
    eventually("counted for the thing", || stack.log.sum("pump", &Metric::MessagesSent, None) == 1)
        .await;
    assert!(stack.log.activities("another").is_empty());
}
