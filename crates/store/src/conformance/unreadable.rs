use fleetward_domain::Policy;

use super::on_each;
use crate::{AdministratorKey, Kind, Noun, RelayPosition, StoreError, Tx, find, readable};

fn raw(kind: Kind, key: &str, value: &[u8]) -> Tx {
    Tx { puts: vec![(kind, key.to_owned(), value.to_vec())], ..Tx::default() }
}

fn policy(name: &str) -> Policy {
    Policy {
        name: fleetward_domain::PolicyName::parse(name).unwrap(),
        document: "secret words".to_owned(),
        version: 1,
        tags: Vec::new(),
        created_ms: 1,
        history: None,
    }
}

#[tokio::test]
async fn one_unreadable_document_is_left_out_of_a_listing_and_counted() {
    on_each(async |store| {
        let level = store.format_level();
        let mut tx = Tx::default();
        tx.put(&policy("a"), level).unwrap().put(&policy("c"), level).unwrap();
        store.commit(tx).await.unwrap();
        store.commit(raw(Kind::Policy, "b", b"{\"name\":\"b\"}")).await.unwrap();
        for turn in 1..=2 {
            let listed = store.list(Kind::Policy, "", None, 9).await.unwrap();
            let names: Vec<_> = listed
                .iter()
                .filter_map(|document| readable::<Policy>(store, document))
                .map(|policy| policy.value.name.to_string())
                .collect();
            assert_eq!(names, ["a", "c"]);
            assert_eq!(store.unreadable().readings(), turn);
        }
    })
    .await;
}

#[tokio::test]
async fn an_unreadable_document_that_is_asked_for_is_an_error_without_its_bytes() {
    on_each(async |store| {
        let value = br#"{"name":"b","document":7,"secret":"secret words"}"#;
        store.commit(raw(Kind::Policy, "b", value)).await.unwrap();
        let error = find::<Policy>(store, "b").await.unwrap_err();
        assert!(error.is_about_what_is_stored());
        assert_eq!(
            error.to_string(),
            "Policy \"b\" is corrupt: its JSON is not of this shape, at line 1 column 24"
        );
        store.commit(raw(Kind::Policy, "b", b"no JSON")).await.unwrap();
        let error = find::<Policy>(store, "b").await.unwrap_err().to_string();
        assert!(error.starts_with("Policy \"b\" is corrupt: "), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_document_of_a_newer_release_says_so_and_is_left_out() {
    on_each(async |store| {
        let value = br#"{"v":7,"title":"lamps"}"#;
        store.commit(raw(Kind::Policy, "lamps", value)).await.unwrap();
        let error = find::<Policy>(store, "lamps").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "Policy \"lamps\" is written in version 7 of its shape; this release reads up to \
             version 1: start the newer release that wrote it"
        );
        let document = store.get(Kind::Policy, "lamps").await.unwrap().unwrap();
        assert_eq!(readable::<Policy>(store, &document), None);
        assert_eq!(store.unreadable().readings(), 1);
    })
    .await;
}

#[tokio::test]
async fn nouns_are_written_found_and_removed_under_their_own_kind() {
    on_each(async |store| {
        let level = store.format_level();
        let mut tx = Tx::default();
        tx.create(&policy("a"), level).unwrap();
        tx.create(&RelayPosition(7), level).unwrap();
        tx.create(&AdministratorKey("AKIA".to_owned()), level).unwrap();
        store.commit(tx.clone()).await.unwrap();
        assert!(matches!(store.commit(tx).await, Err(StoreError::Precondition(_))));
        let found = find::<Policy>(store, "a").await.unwrap().unwrap();
        assert_eq!((&found.value, found.version), (&policy("a"), 1));
        let position = find::<RelayPosition>(store, RelayPosition::KEY).await.unwrap().unwrap();
        assert_eq!(position.value, RelayPosition(7));
        let document = store.get(Kind::Policy, "a").await.unwrap().unwrap();
        let wrong = document.read::<RelayPosition>().unwrap_err().to_string();
        assert!(wrong.contains("another kind, Policy"), "{wrong}");

        let mut tx = Tx::default();
        tx.require::<Policy>("a").replace(&policy("a"), found.version, level).unwrap();
        store.commit(tx.clone()).await.unwrap();
        assert!(matches!(store.commit(tx).await, Err(StoreError::Precondition(_))));
        let mut tx = Tx::default();
        tx.remove::<Policy>(policy("a").key(), 2);
        store.commit(tx).await.unwrap();
        assert_eq!(find::<Policy>(store, "a").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn edges_are_drawn_and_removed() {
    on_each(async |store| {
        let mut tx = Tx::default();
        tx.draw_edge(Kind::ThingOfGroup, "hall", "lamp").draw_edge(
            Kind::ThingOfGroup,
            "hall",
            "door",
        );
        store.commit(tx).await.unwrap();
        let hall = crate::edges_from("hall");
        assert_eq!(store.count(Kind::ThingOfGroup, &hall).await.unwrap(), 2);
        let mut tx = Tx::default();
        tx.remove_edge(Kind::ThingOfGroup, "hall", "door");
        store.commit(tx).await.unwrap();
        let found = store.list(Kind::ThingOfGroup, &hall, None, 9).await.unwrap();
        assert_eq!(crate::edge_ends(&found[0].key), ("hall", "lamp"));
        assert_eq!((found.len(), &*found[0].value), (1, &b"null"[..]));
    })
    .await;
}
