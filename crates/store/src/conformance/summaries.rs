use fleetward_domain::{BehaviorName, Effects, ProfileName, WindowSummary};

use super::on_each;
use crate::{DetectionTx, Store, SummarySeries};

fn summary(behavior: &str, window_end_ms: i64, partition: u32, bytes: &[u8]) -> WindowSummary {
    WindowSummary {
        profile: ProfileName::parse("fleet").unwrap(),
        behavior: BehaviorName::parse(behavior).unwrap(),
        generation: 7,
        partition,
        window_end_ms,
        bytes: bytes.to_vec(),
    }
}

fn series(behavior: &str) -> SummarySeries {
    let WindowSummary { profile, behavior, generation, .. } = summary(behavior, 0, 0, b"");
    SummarySeries { profile, behavior, generation }
}

async fn commit(store: &dyn Store, summaries: Vec<WindowSummary>) {
    let tx = DetectionTx::from(Effects { summaries, ..Effects::default() });
    store.commit_detection(tx).await.unwrap();
}

async fn waiting(store: &dyn Store) -> Vec<(String, i64, u32)> {
    let waiting = store.waiting_summaries().await.unwrap();
    let told = waiting.into_iter().map(|summary| {
        (summary.series.behavior.as_str().to_owned(), summary.window_end_ms, summary.partition)
    });
    told.collect()
}

#[tokio::test]
async fn summaries_wait_by_window_and_partition_until_they_are_forgotten() {
    on_each(async |store| {
        let newest = store.newest_event();
        let first = vec![summary("sent", 10, 3, b"d"), summary("sent", 10, 0, b"a")];
        commit(store, first).await;
        assert!(newest.has_changed().unwrap(), "whoever gathers them is woken");
        let more = vec![
            summary("sent", 10, 0, b"replayed"),
            summary("sent", 20, 0, b"e"),
            summary("got", 10, 0, b"f"),
        ];
        commit(store, more).await;
        let key = |behavior: &str, end, partition| (behavior.to_owned(), end, partition);
        let expected =
            [key("got", 10, 0), key("sent", 10, 0), key("sent", 10, 3), key("sent", 20, 0)];
        assert_eq!(waiting(store).await, expected);
        let said = store.summaries_of(&series("sent"), 10).await.unwrap();
        assert_eq!(said, [b"a".to_vec(), b"d".to_vec()], "one with the same key is stored once");
        store.forget_summaries(&series("sent"), i64::MIN..=10).await.unwrap();
        assert_eq!(waiting(store).await, [key("got", 10, 0), key("sent", 20, 0)]);
        assert!(store.summaries_of(&series("sent"), 10).await.unwrap().is_empty());
        store.forget_summaries(&series("got"), 11..=i64::MAX).await.unwrap();
        store.forget_summaries(&series("sent"), 20..=i64::MAX).await.unwrap();
        assert_eq!(waiting(store).await, [key("got", 10, 0)]);
    })
    .await;
}
