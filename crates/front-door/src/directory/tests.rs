//! What a change of the registry costs, and whom it reaches.

use fleetward_domain::{Policy, ThingName};
use fleetward_policy::PolicyDocument;
use fleetward_store::memory::MemoryStore;
use fleetward_store::{Noun, Tx};

use super::*;

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Deny","Action":"iot:*","Resource":"*"}]}"#;

async fn put<T: Noun>(store: &MemoryStore, value: &T) {
    let mut tx = Tx::default();
    tx.put(value, store.format_level()).unwrap();
    store.commit(tx).await.unwrap();
}

async fn put_policy(store: &MemoryStore, document: &str) {
    let (name, document) = (policy(), document.to_owned());
    let (version, tags, history) = (1, Vec::new(), None);
    put(store, &Policy { name, document, version, tags, created_ms: 0, history }).await;
}

fn policy() -> PolicyName {
    PolicyName::parse("fleet").unwrap()
}

fn device(number: u32) -> CertificateId {
    CertificateId::parse(format!("{number:064x}")).unwrap()
}

/// Devices that share a policy, as they are when each has connected.
async fn fleet(devices: u32) -> (Arc<MemoryStore>, Directory, Vec<Arc<Identity>>) {
    let store = Arc::new(MemoryStore::new());
    put_policy(&store, ALLOW).await;
    let directory = Directory::new(store.clone(), None);
    let mut identities = Vec::new();
    for number in 0..devices {
        let certificate = Certificate {
            id: device(number),
            pem: String::new(),
            status: CertificateStatus::Active,
            policies: vec![policy()],
            things: vec![ThingName::parse(format!("thing-{number}")).unwrap()],
            created_ms: 0,
            modified_ms: 0,
        };
        put(&store, &certificate).await;
        let who = Principal::Certificate(device(number));
        identities.push(directory.resolve(&who).await.unwrap());
    }
    (store, directory, identities)
}

fn documents(identity: &Identity) -> Vec<Option<Arc<PolicyDocument>>> {
    identity.policies.iter().flatten().map(|slot| slot.document()).collect()
}

#[tokio::test]
async fn a_changed_policy_is_read_once_for_all_who_have_it() {
    let (store, directory, identities) = fleet(100).await;
    let before: Vec<_> = identities.iter().map(|identity| identity.policies_version()).collect();
    put_policy(&store, DENY).await;
    assert_eq!(directory.apply(&Change::Policy(policy())), Some(policy()));
    directory.reload(&policy()).await.unwrap();
    let deny = documents(&identities[0]);
    assert!(deny[0].is_some());
    for (identity, before) in identities.iter().zip(before) {
        assert!(!identity.is_stale(), "nobody is looked up again");
        assert_ne!(identity.policies_version(), before);
        // One document, which all of them share.
        let document = documents(identity)[0].clone().unwrap();
        assert!(Arc::ptr_eq(&document, deny[0].as_ref().unwrap()));
    }
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_allows_nothing() {
    let (store, directory, identities) = fleet(1).await;
    put_policy(&store, "no policy").await;
    assert_eq!(directory.apply(&Change::Policy(policy())), Some(policy()));
    directory.reload(&policy()).await.unwrap();
    assert!(documents(&identities[0]) == [None]);
}

#[tokio::test]
async fn a_change_of_what_nobody_holds_reads_nothing() {
    let (_store, directory, identities) = fleet(2).await;
    let other = PolicyName::parse("other").unwrap();
    assert_eq!(directory.apply(&Change::Policy(other)), None);
    assert_eq!(directory.apply(&Change::Certificate(device(1))), None);
    assert_eq!(identities.iter().map(|i| i.is_stale()).collect::<Vec<_>>(), [false, true]);
}
