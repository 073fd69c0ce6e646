use super::fixtures::{CASE, alert, always, event, violation};
use super::on_each;
use crate::limits::CHUNK_BYTES;
use crate::{Chunk, DetectionTx, PartitionClaim, PartitionProgress, StoreError, ViolationFilter};
use fleetward_domain::{Effects, EventType};

fn progress(claim: PartitionClaim, state: Option<u64>, effects: u64) -> PartitionProgress {
    let PartitionClaim { partition, epoch, .. } = claim;
    PartitionProgress { partition, epoch, state_offset: state, effects_offset: effects }
}

fn chunk(partition: u32, index: u32, text: &str) -> Chunk {
    Chunk { partition, index, bytes: text.as_bytes().to_vec() }
}

#[tokio::test]
async fn a_claim_raises_the_epoch_and_gives_the_offsets() {
    on_each(async |store| {
        let first = store.claim_partition(7).await.unwrap();
        let new = PartitionClaim { partition: 7, epoch: 1, state_offset: 0, effects_offset: 0 };
        assert_eq!(first, new);
        let at = async |state, effects| {
            let claim = store.claim_partition(7).await.unwrap();
            let tx = DetectionTx {
                progress: vec![progress(claim, state, effects)],
                ..DetectionTx::default()
            };
            store.commit_detection(tx).await.unwrap();
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
        let claims =
            [store.claim_partition(0).await.unwrap(), store.claim_partition(1).await.unwrap()];
        let write = async |chunks| {
            let progress = claims.map(|claim| progress(claim, Some(1), 1)).to_vec();
            let tx = DetectionTx { progress, chunks, ..DetectionTx::default() };
            store.commit_detection(tx).await.unwrap();
        };
        write(vec![chunk(0, 2, "c"), chunk(0, 0, "a"), chunk(1, 0, "other")]).await;
        write(vec![chunk(0, 2, "C"), chunk(0, 1, "")]).await;
        let expected = [chunk(0, 0, "a"), chunk(0, 1, ""), chunk(0, 2, "C")];
        assert_eq!(store.load_chunks(0).await.unwrap(), expected);
        assert_eq!(store.load_chunks(1).await.unwrap(), [chunk(1, 0, "other")]);
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
        let tx = DetectionTx {
            progress: vec![progress(kept, Some(9), 9), progress(lost, Some(9), 9)],
            chunks: vec![chunk(0, 0, "stale")],
            effects: Effects {
                violations: vec![violation(CASE, 5)],
                closed: Vec::new(),
                events: vec![event(CASE, EventType::InAlarm, 5)],
                alerts: vec![alert(CASE, "arn", EventType::InAlarm, 5)],
                ..Effects::default()
            },
        };
        let newest = store.newest_event();
        let refused = store.commit_detection(tx.clone()).await.unwrap_err();
        assert_eq!(refused, StoreError::Fenced { partition: 1, epoch: 1, current: 2 });
        let never = PartitionClaim { partition: 5, epoch: 0, state_offset: 0, effects_offset: 0 };
        let tx = DetectionTx { progress: vec![progress(never, None, 0)], ..tx };
        let refused = store.commit_detection(tx.clone()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unclaimed { partition: 0 }));
        let tx = DetectionTx { chunks: Vec::new(), ..tx };
        let refused = store.commit_detection(tx).await.unwrap_err();
        assert_eq!(refused, StoreError::Fenced { partition: 5, epoch: 0, current: 0 });
        assert!(!newest.has_changed().unwrap());
        assert_eq!(store.claim_partition(0).await.unwrap().state_offset, 0);
        assert!(store.load_chunks(0).await.unwrap().is_empty());
        let filter = ViolationFilter::default();
        assert!(store.active_violations(&filter, None, 9).await.unwrap().is_empty());
        assert!(store.violation_events(&always(), None, 9).await.unwrap().is_empty());
        assert!(store.due_alerts(i64::MAX, 9).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_chunk_that_is_too_large_is_refused() {
    on_each(async |store| {
        let claim = store.claim_partition(0).await.unwrap();
        let chunk = Chunk { partition: 0, index: 0, bytes: vec![0; CHUNK_BYTES + 1] };
        let progress = vec![progress(claim, Some(1), 1)];
        let tx = DetectionTx { progress, chunks: vec![chunk], ..DetectionTx::default() };
        let refused = store.commit_detection(tx).await.unwrap_err();
        assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
    })
    .await;
}
