//! What goes in, and in which order.

use super::*;
use crate::limits::RECORD_BYTES;

pub(super) async fn entries_of_a_call_keep_their_order(place: &dyn Place) {
    let log = place.open().unwrap();
    log.append(vec![entry(0, "a"), entry(2, "b"), entry(EVERY, "t"), entry(0, "c")]).await.unwrap();
    log.append(Vec::new()).await.unwrap();
    log.append(vec![entry(0, "")]).await.unwrap();
    let found = texts(&read(&*log, &from_start(), 5).await);
    assert_eq!(found, expected(&[(0, "a"), (2, "b"), (EVERY, "t"), (0, "c"), (0, "")]));
}

pub(super) async fn many_appenders_keep_the_order_of_each(place: &dyn Place) {
    let log = place.open().unwrap();
    let appenders: Vec<_> = (0..PARTITIONS)
        .map(|partition| {
            let log = log.clone();
            tokio::spawn(async move {
                for number in 0..30 {
                    log.append(vec![entry(partition, &number.to_string())]).await.unwrap();
                }
            })
        })
        .collect();
    for appender in appenders {
        appender.await.unwrap();
    }
    let all = texts(&read(&*log, &from_start(), 30 * PARTITIONS as usize).await);
    for partition in 0..PARTITIONS {
        let own = all.iter().filter(|(of, _)| *of == partition);
        let numbers: Vec<u32> = own.map(|(_, text)| text.parse().unwrap()).collect();
        assert_eq!(numbers, (0..30).collect::<Vec<_>>());
    }
}

pub(super) async fn what_does_not_fit_is_refused_whole(place: &dyn Place) {
    let log = place.open().unwrap();
    let mixed = vec![entry(0, "fits"), entry(PARTITIONS, "does not")];
    assert!(matches!(log.append(mixed).await, Err(LogError::NoSuchPartition { .. })));
    let long = Entry { partition: 0, bytes: vec![0; RECORD_BYTES + 1] };
    let mixed = vec![entry(0, "fits"), long];
    assert!(matches!(log.append(mixed).await, Err(LogError::RecordTooLong { .. })));
    log.append(vec![entry(1, "only")]).await.unwrap();
    assert_eq!(texts(&read(&*log, &from_start(), 1).await), expected(&[(1, "only")]));
}
