use fleetward_domain::SecurityProfile;

use super::fixtures::change;
use super::on_each;
use crate::limits::{KEY_BYTES, VALUE_BYTES};
use crate::{Kind, Precondition, Store, StoreError, Tx};

fn put(kind: Kind, key: &str, value: &str) -> Tx {
    Tx { puts: vec![(kind, key.to_owned(), value.as_bytes().to_vec())], ..Tx::default() }
}

async fn keys(store: &dyn Store, prefix: &str, after: Option<&str>, limit: usize) -> Vec<String> {
    let found = store.list(Kind::ThingOfGroup, prefix, after, limit).await.unwrap();
    found.into_iter().map(|document| document.key).collect()
}

#[tokio::test]
async fn a_document_has_a_version_that_grows_with_each_put() {
    on_each(async |store| {
        assert_eq!(store.get(Kind::Thing, "a").await.unwrap(), None);
        for version in 1..=3 {
            let value = version.to_string();
            let committed = store.commit(put(Kind::Thing, "a", &value)).await.unwrap();
            assert_eq!(committed.versions, [version]);
            let document = store.get(Kind::Thing, "a").await.unwrap().unwrap();
            assert_eq!((document.kind, document.version), (Kind::Thing, version));
            assert_eq!(document.value, value.as_bytes());
        }
        assert_eq!(store.get(Kind::ThingGroup, "a").await.unwrap(), None);
        let gone = Tx { deletes: vec![(Kind::Thing, "a".to_owned())], ..Tx::default() };
        store.commit(gone.clone()).await.unwrap();
        store.commit(gone).await.unwrap();
        assert_eq!(store.get(Kind::Thing, "a").await.unwrap(), None);
        assert_eq!(store.commit(put(Kind::Thing, "a", "")).await.unwrap().versions, [1]);
    })
    .await;
}

#[tokio::test]
async fn lists_go_by_key_within_a_kind_and_a_prefix() {
    on_each(async |store| {
        let names = ["a\0x", "a\0y", "a\0é", "a", "ab\0x", "b\0x", "a\0\u{10FFFF}", "a\0", ""];
        for name in names {
            store.commit(put(Kind::ThingOfGroup, name, "")).await.unwrap();
        }
        store.commit(put(Kind::PolicyOfTarget, "a\0z", "")).await.unwrap();
        store.commit(put(Kind::CertificateOfThing, "a\0z", "")).await.unwrap();
        let within = ["a\0", "a\0x", "a\0y", "a\0é", "a\0\u{10FFFF}"];
        assert_eq!(keys(store, "a\0", None, 10).await, within);
        assert_eq!(store.count(Kind::ThingOfGroup, "a\0").await.unwrap(), 5);
        assert_eq!(keys(store, "a\0", None, 2).await, within[..2]);
        assert_eq!(keys(store, "a\0", Some("a\0x"), 2).await, within[2..4]);
        assert_eq!(keys(store, "a\0", Some("a\0xx"), 9).await, within[2..]);
        assert_eq!(keys(store, "a\0", Some(""), 9).await, within);
        assert!(keys(store, "a\0", Some("b"), 9).await.is_empty());
        assert!(keys(store, "a\0", None, 0).await.is_empty());
        let mut all = names.to_vec();
        all.sort_unstable();
        assert_eq!(keys(store, "", None, usize::MAX).await, all);
        assert_eq!(store.count(Kind::ThingOfGroup, "").await.unwrap(), 9);
        assert_eq!(store.count(Kind::Thing, "").await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn the_first_precondition_that_fails_is_named_and_nothing_is_written() {
    on_each(async |store| {
        store.commit(put(Kind::Thing, "there", "1")).await.unwrap();
        let held = [
            Precondition::Absent(Kind::Thing, "new".to_owned()),
            Precondition::Exists(Kind::Thing, "there".to_owned()),
            Precondition::VersionIs(Kind::Thing, "there".to_owned(), 1),
        ];
        let failing = [
            Precondition::Exists(Kind::Thing, "new".to_owned()),
            Precondition::Absent(Kind::Thing, "there".to_owned()),
            Precondition::VersionIs(Kind::Thing, "there".to_owned(), 2),
            Precondition::VersionIs(Kind::Thing, "new".to_owned(), 0),
        ];
        for failed in failing {
            let mut tx = put(Kind::Thing, "new", "2");
            tx.deletes.push((Kind::Thing, "there".to_owned()));
            tx.changes.push(change("d"));
            tx.preconditions = held.to_vec();
            tx.preconditions.push(failed.clone());
            tx.preconditions.push(Precondition::Absent(Kind::Thing, "there".to_owned()));
            let refused = store.commit(tx).await.unwrap_err();
            assert_eq!(refused, StoreError::Precondition(failed));
        }
        assert_eq!(store.get(Kind::Thing, "new").await.unwrap(), None);
        assert!(store.get(Kind::Thing, "there").await.unwrap().is_some());
        assert!(store.changes_after(0, 10).await.unwrap().is_empty());
        let mut tx = put(Kind::Thing, "new", "2");
        tx.preconditions = held.to_vec();
        store.commit(tx).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn changes_are_numbered_in_commit_order_and_wake_who_waits() {
    on_each(async |store| {
        let mut newest = store.newest_change();
        assert_eq!(*newest.borrow_and_update(), 0);
        let two = Tx { changes: vec![change("a"), change("b")], ..Tx::default() };
        assert_eq!(store.commit(two).await.unwrap().change_seq, 2);
        assert!(newest.has_changed().unwrap());
        assert_eq!(*newest.borrow_and_update(), 2);
        assert!(!store.newest_change().has_changed().unwrap());
        assert_eq!(store.commit(put(Kind::Thing, "a", "")).await.unwrap().change_seq, 2);
        assert!(!newest.has_changed().unwrap());
        let third = Tx { changes: vec![change("c")], ..Tx::default() };
        assert_eq!(store.commit(third).await.unwrap().change_seq, 3);
        let all = [(1, change("a")), (2, change("b")), (3, change("c"))];
        assert_eq!(store.changes_after(0, 10).await.unwrap(), all);
        assert_eq!(store.changes_after(1, 1).await.unwrap(), all[1..2]);
        assert!(store.changes_after(3, 10).await.unwrap().is_empty());
        assert!(store.changes_after(u64::MAX, 10).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn puts_happen_in_order_and_before_deletes() {
    on_each(async |store| {
        let mut tx = put(Kind::Thing, "a", "1");
        tx.puts.push((Kind::Thing, "a".to_owned(), b"2".to_vec()));
        tx.puts.push((Kind::Thing, "b".to_owned(), b"3".to_vec()));
        tx.deletes.push((Kind::Thing, "b".to_owned()));
        assert_eq!(store.commit(tx).await.unwrap().versions, [1, 2, 1]);
        let a = store.get(Kind::Thing, "a").await.unwrap().unwrap();
        assert_eq!(a.value, b"2");
        assert_eq!(store.get(Kind::Thing, "b").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_the_limit() {
    on_each(async |store| {
        store.commit(put(Kind::Thing, &"k".repeat(KEY_BYTES), "")).await.unwrap();
        let long_key = put(Kind::Thing, &"k".repeat(KEY_BYTES + 1), "");
        let refused = store.commit(long_key).await.unwrap_err().to_string();
        assert_eq!(refused, "a document's key has 2049 bytes; at most 2048 are allowed");
        let long_value = put(Kind::Thing, "k", &"v".repeat(VALUE_BYTES + 1));
        let refused = store.commit(long_value).await.unwrap_err();
        assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
        assert_eq!(store.count(Kind::Thing, "").await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_document_that_is_no_json_says_which() {
    on_each(async |store| {
        store.commit(put(Kind::SecurityProfile, "lamps", "{")).await.unwrap();
        let document = store.get(Kind::SecurityProfile, "lamps").await.unwrap().unwrap();
        let error = document.read::<SecurityProfile>().unwrap_err().to_string();
        assert!(error.starts_with("Security profile \"lamps\" is corrupt: "), "{error}");
    })
    .await;
}
