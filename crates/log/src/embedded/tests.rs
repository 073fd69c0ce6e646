use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::Entered;

const KEEP_ALL: u64 = u64::MAX;

fn entry(partition: u32, text: &str) -> Entry {
    Entry { partition, bytes: text.as_bytes().to_vec() }
}

fn texts(entered: &[Entered]) -> Vec<(u32, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    entered.iter().map(|entered| (entered.partition, text(&entered.bytes))).collect()
}

fn from_start(partitions: u32) -> Vec<(u32, u64)> {
    (0..partitions).map(|partition| (partition, 0)).collect()
}

/// Reads this many records.
async fn read(log: &EmbeddedLog, positions: &[(u32, u64)], count: usize) -> Vec<Entered> {
    let mut consumer = log.consume(positions).await.unwrap();
    let mut all = Vec::new();
    while all.len() < count {
        all.append(&mut consumer.next(64).await.unwrap());
    }
    all
}

fn only_segment(folder: &TempDir) -> PathBuf {
    folder.path().join(format!("{:020}.log", 0))
}

#[tokio::test]
async fn records_come_back_in_order_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(4), KEEP_ALL).unwrap();
    log.append(vec![entry(0, "a"), entry(3, "b")]).await.unwrap();
    log.append(vec![entry(EVERY_PARTITION, "tick")]).await.unwrap();
    let live = read(&log, &from_start(4), 3).await;
    log.close().await.unwrap();
    drop(log);
    let log = EmbeddedLog::open(folder.path(), Some(4), KEEP_ALL).unwrap();
    log.append(vec![entry(0, "c")]).await.unwrap();
    let again = read(&log, &from_start(4), 4).await;
    assert_eq!(&again[..3], &live[..]);
    let expected = [(0, "a"), (3, "b"), (EVERY_PARTITION, "tick"), (0, "c")];
    assert_eq!(texts(&again), expected.map(|(partition, text)| (partition, text.to_owned())));
    assert!(again.windows(2).all(|pair| pair[0].offset < pair[1].offset));
}

#[tokio::test]
async fn a_consumer_sees_its_partitions_from_their_positions() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(4), KEEP_ALL).unwrap();
    log.append(vec![entry(0, "a0"), entry(1, "a1"), entry(2, "a2")]).await.unwrap();
    log.append(vec![entry(0, "b0"), entry(1, "b1"), entry(EVERY_PARTITION, "t")]).await.unwrap();
    let all = read(&log, &from_start(4), 6).await;
    let b0 = all.iter().find(|entered| entered.bytes == b"b0").unwrap().offset;
    let found = read(&log, &[(0, b0), (1, 0)], 4).await;
    let expected = [(1, "a1"), (0, "b0"), (1, "b1"), (EVERY_PARTITION, "t")];
    assert_eq!(texts(&found), expected.map(|(partition, text)| (partition, text.to_owned())));
    let after = read(&log, &[(0, b0 + 1)], 1).await;
    assert_eq!(texts(&after), [(EVERY_PARTITION, "t".to_owned())]);
}

#[tokio::test]
async fn a_waiting_consumer_wakes_for_a_new_record() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(1), KEEP_ALL).unwrap();
    let mut consumer = log.consume(&[(0, 0)]).await.unwrap();
    let waiting = tokio::spawn(async move { consumer.next(100).await.unwrap() });
    tokio::task::yield_now().await;
    log.append(vec![entry(0, "new")]).await.unwrap();
    assert_eq!(texts(&waiting.await.unwrap()), [(0, "new".to_owned())]);
}

#[tokio::test]
async fn a_tail_torn_at_any_byte_is_cut_off_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(1), KEEP_ALL).unwrap();
    log.append(vec![entry(0, "kept")]).await.unwrap();
    let sound = fs::metadata(only_segment(&folder)).unwrap().len();
    log.append(vec![entry(0, "torn"), entry(0, "also")]).await.unwrap();
    log.close().await.unwrap();
    drop(log);
    let whole = fs::read(only_segment(&folder)).unwrap();
    for cut in usize::try_from(sound).unwrap()..whole.len() {
        fs::write(only_segment(&folder), &whole[..cut]).unwrap();
        let log = EmbeddedLog::open(folder.path(), Some(1), KEEP_ALL).unwrap();
        log.append(vec![entry(0, "next")]).await.unwrap();
        let found = texts(&read(&log, &[(0, 0)], 2).await);
        assert_eq!(found, [(0, "kept".to_owned()), (0, "next".to_owned())], "cut at {cut}");
        log.close().await.unwrap();
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_an_error_and_nothing_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(1), KEEP_ALL).unwrap();
    for text in ["one", "two", "three"] {
        log.append(vec![entry(0, text)]).await.unwrap();
    }
    log.close().await.unwrap();
    drop(log);
    let whole = fs::read(only_segment(&folder)).unwrap();
    for at in 0..whole.len() / 2 {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(only_segment(&folder), &damaged).unwrap();
        let opened = EmbeddedLog::open(folder.path(), Some(1), KEEP_ALL);
        assert!(matches!(opened, Err(LogError::Damaged { .. })), "byte {at}");
        assert_eq!(fs::read(only_segment(&folder)).unwrap(), damaged);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_appenders_keep_the_order_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(8), KEEP_ALL).unwrap();
    let appender = |partition: u32| {
        let log = log.clone();
        tokio::spawn(async move {
            for number in 0..50 {
                log.append(vec![entry(partition, &number.to_string())]).await.unwrap();
            }
        })
    };
    let appenders: Vec<_> = (0..8).map(appender).collect();
    for appender in appenders {
        appender.await.unwrap();
    }
    let all = texts(&read(&log, &from_start(8), 400).await);
    for partition in 0..8 {
        let own: Vec<_> = all.iter().filter(|(of, _)| *of == partition).collect();
        let numbers: Vec<u32> = own.iter().map(|(_, text)| text.parse().unwrap()).collect();
        assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(2), KEEP_ALL).unwrap();
    let mixed = vec![entry(0, "fits"), entry(2, "does not")];
    assert!(matches!(log.append(mixed).await, Err(LogError::NoSuchPartition { .. })));
    let long = Entry { partition: 0, bytes: vec![0; RECORD_BYTES + 1] };
    assert!(matches!(log.append(vec![long]).await, Err(LogError::RecordTooLong { .. })));
    let again = EmbeddedLog::open(folder.path(), Some(2), KEEP_ALL);
    assert!(matches!(again, Err(LogError::InUse(_))));
    log.append(vec![entry(1, "only")]).await.unwrap();
    assert_eq!(texts(&read(&log, &from_start(2), 1).await), [(1, "only".to_owned())]);
    log.close().await.unwrap();
    drop(log);
    let other = EmbeddedLog::open(folder.path(), Some(3), KEEP_ALL);
    assert!(matches!(other, Err(LogError::OtherPartitions { found: 2, wanted: 3 })));
}

#[tokio::test]
async fn released_segments_go_once_they_are_past_retention() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(1), 0).unwrap();
    let big = "x".repeat(RECORD_BYTES);
    for _ in 0..20 {
        log.append(vec![entry(0, &big)]).await.unwrap();
    }
    log.append(vec![entry(0, "last")]).await.unwrap();
    let all = read(&log, &[(0, 0)], 21).await;
    let last = all.last().unwrap().offset;
    assert_eq!(log.shared.segments.lock().unwrap().begin(), 0);
    log.release(&[(0, last)]).await.unwrap();
    // The writer answers what came with a release before it releases; then comes the next.
    for text in ["more", "and more"] {
        log.append(vec![entry(0, text)]).await.unwrap();
    }
    assert!(log.shared.segments.lock().unwrap().begin() > 0);
    assert!(!only_segment(&folder).exists());
    let rest = texts(&read(&log, &[(0, last)], 3).await);
    assert_eq!(rest, ["last", "more", "and more"].map(|text| (0, text.to_owned())));
    assert!(matches!(log.consume(&[(0, 1)]).await, Err(LogError::Gone { .. })));
}

#[tokio::test]
async fn a_new_folder_gets_the_partitions_of_new_ones_and_an_old_one_keeps_its_own() {
    let old = tempfile::tempdir().unwrap();
    drop(EmbeddedLog::open(old.path(), Some(16), KEEP_ALL).unwrap());
    assert_eq!(EmbeddedLog::open(old.path(), None, KEEP_ALL).unwrap().partitions(), 16);
    let new = tempfile::tempdir().unwrap();
    assert_eq!(EmbeddedLog::open(new.path(), None, KEEP_ALL).unwrap().partitions(), 256);
    let other = EmbeddedLog::open(new.path(), Some(16), KEEP_ALL);
    assert!(matches!(other, Err(LogError::OtherPartitions { found: 256, wanted: 16 })));
}

#[tokio::test]
async fn a_stepped_log_writes_when_it_is_told_to_and_not_before() {
    let disk: Arc<dyn Disk> = Arc::new(crate::disk::SimulatedDisk::new(1));
    let folder = std::path::Path::new("log");
    let (log, mut stepper) = EmbeddedLog::open_stepped(disk, folder, Some(1), KEEP_ALL).unwrap();
    let mut appends = Vec::new();
    for text in ["a", "b"] {
        let log = log.clone();
        appends.push(tokio::spawn(async move { log.append(vec![entry(0, text)]).await }));
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(appends.iter().all(|append| !append.is_finished()));
    assert!(stepper.has_work().await);
    stepper.step();
    for append in appends {
        append.await.unwrap().unwrap();
    }
    assert_eq!(texts(&read(&log, &[(0, 0)], 2).await).len(), 2);
    drop(log);
    assert!(!stepper.has_work().await);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Against the obvious model: a vector of records.
    #[test]
    fn any_history_reads_back_as_written(
        calls in prop::collection::vec(
            prop::collection::vec((0u32..3, prop::collection::vec(any::<u8>(), 0..40)), 1..5),
            1..12,
        ),
        reopen_after in 0usize..12,
        from in 0usize..20,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut log = EmbeddedLog::open(folder.path(), Some(3), KEEP_ALL).unwrap();
            let mut model = Vec::new();
            for (number, call) in calls.iter().enumerate() {
                let entries = call.iter().map(|(partition, bytes)| Entry {
                    partition: *partition,
                    bytes: bytes.clone(),
                });
                model.extend(entries.clone());
                log.append(entries.collect()).await.unwrap();
                if number == reopen_after {
                    log.close().await.unwrap();
                    drop(log);
                    log = EmbeddedLog::open(folder.path(), Some(3), KEEP_ALL).unwrap();
                }
            }
            let all = read(&log, &from_start(3), model.len()).await;
            let found: Vec<_> = all
                .iter()
                .map(|entered| Entry { partition: entered.partition, bytes: entered.bytes.clone() })
                .collect();
            assert_eq!(found, model);
            let from = from.min(all.len() - 1);
            let positions: Vec<_> = (0..3).map(|partition| (partition, all[from].offset)).collect();
            assert_eq!(read(&log, &positions, all.len() - from).await, &all[from..]);
        });
    }
}
