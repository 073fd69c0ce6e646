use super::*;
use crate::testing::interleaved;

fn keys_with(store: &Arc<dyn Documents>, master: u8) -> Keys {
    let place = Place { account: "123456789012".into(), region: "us-east-1".into() };
    let clock = Clock::new(|| 1_780_000_000_000);
    let chance = Chance::seeded(u64::from(master));
    let master_key = MasterKey::new([master; 32], chance.clone());
    Keys::new(Arc::clone(store), master_key, place, clock, chance)
}

fn new_store() -> Arc<dyn Documents> {
    Arc::new(interleaved())
}

#[tokio::test]
async fn a_key_signs_until_it_is_disabled_and_again_once_it_is_not() {
    let keys = keys_with(&new_store(), 1);
    let new = keys.create("ci", ADMINISTRATOR_POLICY).await.unwrap();
    assert_eq!((new.key.id.len(), new.secret.len()), (20, 40));
    assert!(new.key.id.starts_with("AKIA"), "{}", new.key.id);
    let signer = keys.signer(&new.key.id).await.unwrap().unwrap();
    assert_eq!(signer.secret, Secret::new(new.secret.as_str()));
    let arn = format!("arn:aws:iam::123456789012:user/{}", new.key.id);
    assert_eq!(signer.caller.arn(), arn);
    keys.set_status(&new.key.id, KeyStatus::Disabled).await.unwrap();
    assert!(keys.signer(&new.key.id).await.unwrap().is_none());
    assert_eq!(keys.list().await.unwrap()[0].status, KeyStatus::Disabled);
    keys.set_status(&new.key.id, KeyStatus::Active).await.unwrap();
    assert!(keys.signer(&new.key.id).await.unwrap().is_some());
    assert!(keys.signer("AKIANOBODY").await.unwrap().is_none());
    let missing = keys.set_status("AKIANOBODY", KeyStatus::Active).await;
    assert!(matches!(missing, Err(ControlError::NoSuchKey(_))));
}

#[tokio::test]
async fn secrets_are_in_the_store_only_encrypted() {
    let store = new_store();
    let new = keys_with(&store, 1).create("ci", ADMINISTRATOR_POLICY).await.unwrap();
    let document = store.get(Kind::AccessKey, &new.key.id).await.unwrap().unwrap();
    let text = String::from_utf8(document.value).unwrap();
    assert!(!text.contains(&new.secret) && !text.contains(&hex::encode(&new.secret)), "{text}");
    let refused = keys_with(&store, 2).signer(&new.key.id).await;
    assert!(matches!(refused, Err(ControlError::WrongMasterKey(_))));
}

#[tokio::test]
async fn the_administrators_key_is_made_once_also_by_two_who_start_at_once() {
    let store = new_store();
    let keys = keys_with(&store, 1);
    let (one, two) = tokio::join!(keys.create_administrator(), keys.create_administrator());
    let made: Vec<NewAccessKey> = [one.unwrap(), two.unwrap()].into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert!(keys.create_administrator().await.unwrap().is_none());
    let listed = keys.list().await.unwrap();
    assert_eq!(listed, [made[0].key.clone()]);
    assert_eq!(listed[0].policy, ADMINISTRATOR_POLICY);
}

#[tokio::test]
async fn a_key_needs_a_policy() {
    let keys = keys_with(&new_store(), 1);
    let refused = keys.create("ci", "{}").await;
    assert!(matches!(refused, Err(ControlError::Policy(_))));
    assert!(keys.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn statuses_set_at_once_do_not_fail() {
    let keys = keys_with(&new_store(), 1);
    let id = keys.create("ci", ADMINISTRATOR_POLICY).await.unwrap().key.id;
    let set = || keys.set_status(&id, KeyStatus::Disabled);
    let (one, two, three) = tokio::join!(set(), set(), set());
    assert!(one.is_ok() && two.is_ok() && three.is_ok(), "{one:?} {two:?} {three:?}");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (keys, id) = (keys.clone(), id.clone());
        tasks.spawn(async move { keys.set_status(&id, KeyStatus::Disabled).await });
    }
    for outcome in tasks.join_all().await {
        outcome.unwrap();
    }
    assert!(keys.signer(&id).await.unwrap().is_none());
}

#[test]
fn the_administrator_may_do_what_is_awss_and_what_is_our_own() {
    let policy = PolicyDocument::parse_api_key_policy(ADMINISTRATOR_POLICY).unwrap();
    for action in ["iot:CreateThing", "fleetward:ListDeadLetters"] {
        let context = fleetward_policy::Context::new();
        let request = fleetward_policy::Request { action, resource: "*", context: &context };
        assert!(fleetward_policy::evaluate(&[&policy], &request).is_allowed(), "{action}");
    }
}
