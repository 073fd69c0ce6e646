//! What may go. A log keeps what it likes beyond that: these say only what must stay.

use super::*;

pub(super) async fn what_one_partition_needs_stays_though_others_release(place: &dyn Place) {
    let log = place.open().unwrap();
    let entries = (0..30).map(|number| entry(number % PARTITIONS, "kept")).collect();
    log.append(entries).await.unwrap();
    let all = read(&*log, &from_start(), 30).await;
    let end = all.last().unwrap().offset + 1;
    log.release(&[(0, end), (1, end)]).await.unwrap();
    log.append(vec![entry(0, "after")]).await.unwrap();
    assert_eq!(read(&*log, &[(2, 0)], 10).await.len(), 10);
    assert_eq!(texts(&read(&*log, &[(0, end)], 1).await), expected(&[(0, "after")]));
}

pub(super) async fn what_is_released_twice_or_back_again_changes_nothing(place: &dyn Place) {
    let log = place.open().unwrap();
    log.append(vec![entry(0, "a"), entry(1, "b")]).await.unwrap();
    let all = read(&*log, &from_start(), 2).await;
    let end = all.last().unwrap().offset + 1;
    let released: Vec<_> = (0..PARTITIONS).map(|partition| (partition, end)).collect();
    for positions in [released.as_slice(), &[], &[(0, 0)], &released] {
        log.release(positions).await.unwrap();
    }
    log.append(vec![entry(1, "c")]).await.unwrap();
    assert_eq!(texts(&read(&*log, &released, 1).await), expected(&[(1, "c")]));
}
