//! What is left when the process or the machine dies.

use super::*;

pub(super) async fn what_was_acknowledged_is_there_after_a_crash(place: &dyn Place) {
    let mut written = Vec::new();
    for round in 0..10 {
        let log = place.open().unwrap();
        for number in 0..3 {
            let text = format!("{round} {number} {}", "x".repeat(700 * number));
            log.append(vec![entry(0, &text)]).await.unwrap();
            written.push((0, text));
        }
        // Nobody waits for this one, so it may be there or not: it says that it is not counted.
        let pending = log.clone();
        let unacknowledged = entry(1, "perhaps");
        let append = tokio::spawn(async move { pending.append(vec![unacknowledged]).await });
        tokio::task::yield_now().await;
        place.crash(log);
        let _ = append.await;
        let log = place.open().unwrap();
        let found = texts(&read(&*log, &[(0, 0)], written.len()).await);
        assert_eq!(found, written, "round {round}");
        drop(log);
    }
}

pub(super) async fn records_keep_their_offsets_when_the_log_is_opened_again(place: &dyn Place) {
    let log = place.open().unwrap();
    log.append(vec![entry(0, "a"), entry(1, "b"), entry(EVERY, "t")]).await.unwrap();
    let before = read(&*log, &from_start(), 3).await;
    drop(log);
    let log = place.open().unwrap();
    log.append(vec![entry(2, "c")]).await.unwrap();
    let after = read(&*log, &from_start(), 4).await;
    assert_eq!(after[..3], before);
    assert!(after[3].offset > before[2].offset);
}

pub(super) async fn the_number_of_partitions_is_kept(place: &dyn Place) {
    for _ in 0..2 {
        assert_eq!(place.open().unwrap().partitions(), PARTITIONS);
    }
}

pub(super) async fn only_one_process_has_the_log(place: &dyn Place) {
    let log = place.open().unwrap();
    let refused = place.open().err();
    assert!(matches!(refused, Some(LogError::InUse(_))), "{refused:?}");
    drop(log);
    assert!(place.open().is_ok());
}
