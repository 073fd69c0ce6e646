use super::fixtures::{CASE, alert, always, event, violation};
use super::on_each;
use crate::limits::CHUNK_BYTES;
use crate::{
    Chunk, DetectionTx, PartitionClaim, PartitionProgress, StateTx, StoreError, ViolationFilter,
};
use fleetward_domain::{Effects, EventType};

fn effects(claim: PartitionClaim, effects_offset: u64) -> DetectionTx {
    let PartitionClaim { partition, epoch, .. } = claim;
    let progress = vec![PartitionProgress { partition, epoch, effects_offset }];
    DetectionTx { progress, ..DetectionTx::default() }
}

fn state(claim: PartitionClaim, state_offset: u64, chunks: Vec<Chunk>) -> StateTx {
    let PartitionClaim { partition, epoch, .. } = claim;
    StateTx { partition, epoch, state_offset, effects_offset: 0, chunks }
}

fn chunk(index: u32, text: &str) -> Chunk {
    Chunk { index, bytes: text.as_bytes().to_vec() }
}

#[tokio::test]
async fn a_claim_raises_the_epoch_and_gives_the_offsets() {
    on_each(async |store| {
        let first = store.claim_partition(7).await.unwrap();
        let new = PartitionClaim { partition: 7, epoch: 1, state_offset: 0, effects_offset: 0 };
        assert_eq!(first, new);
        let at = async |stands, effects_offset| {
            let claim = store.claim_partition(7).await.unwrap();
            store.commit_detection(effects(claim, effects_offset)).await.unwrap();
            if let Some(offset) = stands {
                store.write_state(state(claim, offset, Vec::new())).await.unwrap();
            }
            let claim = store.claim_partition(7).await.unwrap();
            (claim.state_offset, claim.effects_offset)
        };
        assert_eq!(at(Some(10), 20).await, (10, 20));
        assert_eq!(at(None, 30).await, (10, 30));
        // Never back, and effects never behind the state.
        assert_eq!(at(Some(5), 15).await, (10, 30));
        assert_eq!(at(Some(40), 35).await, (40, 40));
        assert_eq!(store.claim_partition(7).await.unwrap().epoch, 10);
        assert_eq!(store.claim_partition(8).await.unwrap().epoch, 1);
    })
    .await;
}

#[tokio::test]
async fn chunks_replace_what_has_their_place() {
    on_each(async |store| {
        let [one, other] =
            [store.claim_partition(0).await.unwrap(), store.claim_partition(1).await.unwrap()];
        let write = async |tx| store.write_state(tx).await.unwrap();
        write(state(one, 1, vec![chunk(2, "c"), chunk(0, "a")])).await;
        write(state(other, 1, vec![chunk(0, "other")])).await;
        write(state(one, 1, vec![chunk(2, "C"), chunk(1, "")])).await;
        let expected = [chunk(0, "a"), chunk(1, ""), chunk(2, "C")];
        assert_eq!(store.load_chunks(0).await.unwrap(), expected);
        assert_eq!(store.load_chunks(1).await.unwrap(), [chunk(0, "other")]);
        assert!(store.load_chunks(2).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_former_owner_writes_nothing_at_all() {
    on_each(async |store| {
        let kept = store.claim_partition(0).await.unwrap();
        let lost = store.claim_partition(1).await.unwrap();
        store.claim_partition(1).await.unwrap();
        let mut tx = effects(kept, 9);
        tx.progress.extend(effects(lost, 9).progress);
        tx.effects = Effects {
            violations: vec![violation(CASE, 5)],
            events: vec![event(CASE, EventType::InAlarm, 5)],
            alerts: vec![alert(CASE, "arn", EventType::InAlarm, 5)],
            ..Effects::default()
        };
        let newest = store.newest_event();
        let fenced = StoreError::Fenced { partition: 1, epoch: 1, current: 2 };
        assert_eq!(store.commit_detection(tx.clone()).await.unwrap_err(), fenced);
        let stale = state(lost, 9, vec![chunk(0, "stale")]);
        assert_eq!(store.write_state(stale).await.unwrap_err(), fenced);
        let never = PartitionClaim { partition: 5, epoch: 0, state_offset: 0, effects_offset: 0 };
        let fenced = StoreError::Fenced { partition: 5, epoch: 0, current: 0 };
        let tx = DetectionTx { progress: effects(never, 0).progress, ..tx };
        assert_eq!(store.commit_detection(tx).await.unwrap_err(), fenced);
        let stale = state(never, 9, vec![chunk(0, "stale")]);
        assert_eq!(store.write_state(stale).await.unwrap_err(), fenced);
        assert!(!newest.has_changed().unwrap());
        for partition in [0, 1, 5] {
            assert!(store.load_chunks(partition).await.unwrap().is_empty());
            let claim = store.claim_partition(partition).await.unwrap();
            assert_eq!((claim.state_offset, claim.effects_offset), (0, 0));
        }
        let filter = ViolationFilter::default();
        assert!(store.active_violations(&filter, None, 9).await.unwrap().is_empty());
        assert!(store.violation_events(&always(), None, 9).await.unwrap().is_empty());
        assert!(store.due_alerts(i64::MAX, 9).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn state_that_tells_of_effects_that_are_not_stored_is_refused() {
    on_each(async |store| {
        let claim = store.claim_partition(3).await.unwrap();
        store.commit_detection(effects(claim, 20)).await.unwrap();
        let tx = StateTx { effects_offset: 20, ..state(claim, 30, Vec::new()) };
        store.write_state(tx.clone()).await.unwrap();
        let claim = store.claim_partition(3).await.unwrap();
        assert_eq!((claim.state_offset, claim.effects_offset), (30, 30));
        // As if the store had gone back to before it was told of these.
        let tx = StateTx { epoch: claim.epoch, effects_offset: 21, ..tx };
        store.write_state(tx).await.unwrap();
        let refused = store.claim_partition(3).await.unwrap_err();
        assert_eq!(refused, StoreError::EffectsLost { partition: 3, stored: 20, known: 21 });
    })
    .await;
}

#[tokio::test]
async fn a_chunk_that_is_too_large_is_refused() {
    on_each(async |store| {
        let claim = store.claim_partition(0).await.unwrap();
        let chunk = Chunk { index: 0, bytes: vec![0; CHUNK_BYTES + 1] };
        let refused = store.write_state(state(claim, 1, vec![chunk])).await.unwrap_err();
        assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
    })
    .await;
}
