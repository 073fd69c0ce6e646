//! What comes out, and from where.

use super::*;

pub(super) async fn a_consumer_sees_its_partitions_from_their_positions(place: &dyn Place) {
    let log = place.open().unwrap();
    log.append(vec![entry(0, "a0"), entry(1, "a1"), entry(2, "a2")]).await.unwrap();
    log.append(vec![entry(0, "b0"), entry(1, "b1")]).await.unwrap();
    let all = read(&*log, &from_start(), 5).await;
    let b0 = all.iter().find(|entered| entered.bytes == b"b0").unwrap().offset;
    let found = texts(&read(&*log, &[(1, 0), (0, b0)], 3).await);
    assert_eq!(found, expected(&[(1, "a1"), (0, "b0"), (1, "b1")]));
}

pub(super) async fn a_record_for_every_partition_comes_once_to_whoever_reads_any(
    place: &dyn Place,
) {
    let log = place.open().unwrap();
    log.append(vec![entry(EVERY, "t"), entry(1, "own"), entry(2, "other")]).await.unwrap();
    let found = texts(&read(&*log, &[(0, 0), (1, 0)], 2).await);
    assert_eq!(found, expected(&[(EVERY, "t"), (1, "own")]));
}

pub(super) async fn a_waiting_consumer_wakes_for_a_new_record(place: &dyn Place) {
    let log = place.open().unwrap();
    let mut consumer = log.consume(&[(0, 0)]).await.unwrap();
    let waiting = tokio::spawn(async move { consumer.next(100).await.unwrap() });
    tokio::task::yield_now().await;
    log.append(vec![entry(1, "not wanted")]).await.unwrap();
    log.append(vec![entry(0, "new")]).await.unwrap();
    assert_eq!(texts(&waiting.await.unwrap()), expected(&[(0, "new")]));
}

pub(super) async fn offsets_grow_and_a_position_is_where_reading_goes_on(place: &dyn Place) {
    let log = place.open().unwrap();
    for number in 0..20 {
        log.append(vec![entry(0, &number.to_string()), entry(0, "more")]).await.unwrap();
    }
    let all = read(&*log, &[(0, 0)], 40).await;
    assert!(all.windows(2).all(|pair| pair[0].offset < pair[1].offset));
    for (place, entered) in all.iter().enumerate() {
        assert_eq!(read(&*log, &[(0, entered.offset)], 40 - place).await, all[place..]);
        // A record was consumed when the stored offset is above its own.
        if let Some(rest) = all.get(place + 1..).filter(|rest| !rest.is_empty()) {
            assert_eq!(read(&*log, &[(0, entered.offset + 1)], rest.len()).await, rest);
        }
    }
}

pub(super) async fn a_partition_without_records_stands_where_all_was_read(place: &dyn Place) {
    let log = place.open().unwrap();
    log.append(vec![entry(0, "a"), entry(1, "b")]).await.unwrap();
    let mut consumer = log.consume(&[(0, 0), (2, 0)]).await.unwrap();
    let found = consumer.next(100).await.unwrap();
    // A log whose partitions have offsets of their own says nothing, and holds back nothing.
    let Some(passed) = consumer.passed() else { return };
    assert!(found.iter().all(|entered| entered.offset < passed));
    log.append(vec![entry(2, "c")]).await.unwrap();
    assert_eq!(texts(&read(&*log, &[(0, passed), (2, passed)], 1).await), expected(&[(2, "c")]));
}

pub(super) async fn a_position_beyond_the_end_is_refused(place: &dyn Place) {
    let log = place.open().unwrap();
    log.append(vec![entry(0, "a")]).await.unwrap();
    let refused = log.consume(&[(0, 0), (1, 1 << 40)]).await.err();
    assert!(matches!(refused, Some(LogError::Beyond { .. })), "{refused:?}");
}

pub(super) async fn a_partition_that_does_not_exist_is_refused(place: &dyn Place) {
    let log = place.open().unwrap();
    let refused = log.consume(&[(0, 0), (PARTITIONS, 0)]).await.err();
    assert!(matches!(refused, Some(LogError::NoSuchPartition { .. })), "{refused:?}");
    let refused = log.release(&[(PARTITIONS, 0)]).await;
    assert!(matches!(refused, Err(LogError::NoSuchPartition { .. })), "{refused:?}");
}

pub(super) async fn about_as_much_is_given_at_once_as_was_asked_for(place: &dyn Place) {
    let log = place.open().unwrap();
    for _ in 0..50 {
        log.append(vec![entry(0, &"x".repeat(1000))]).await.unwrap();
    }
    let mut consumer = log.consume(&[(0, 0)]).await.unwrap();
    let mut seen = 0;
    while seen < 50 {
        let some = consumer.next(5000).await.unwrap();
        assert!((1..=6).contains(&some.len()), "{} records at once", some.len());
        seen += some.len();
    }
}

pub(super) async fn two_consumers_do_not_disturb_each_other(place: &dyn Place) {
    let log = place.open().unwrap();
    let mut slow = log.consume(&[(0, 0)]).await.unwrap();
    log.append(vec![entry(0, "a"), entry(0, "b")]).await.unwrap();
    let mut quick = log.consume(&[(0, 0)]).await.unwrap();
    assert_eq!(texts(&quick.next(100).await.unwrap()), expected(&[(0, "a"), (0, "b")]));
    drop(quick);
    assert_eq!(texts(&slow.next(100).await.unwrap()), expected(&[(0, "a"), (0, "b")]));
}
