//! Crashes, damage, failing disks and misuse.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::disk::SimulatedDisk;
use crate::limits::SEGMENT_BYTES;

const KEEP_ALL: u64 = u64::MAX;

fn entry(partition: u32, text: &str) -> Entry {
    Entry { partition, bytes: text.as_bytes().to_vec() }
}

fn open(folder: &Path, partitions: u32) -> Arc<EmbeddedLog> {
    EmbeddedLog::open(folder, Some(partitions), KEEP_ALL).unwrap()
}

/// Reads this many records, about `max_bytes` at once.
async fn read(
    log: &EmbeddedLog,
    from: &[(u32, u64)],
    count: usize,
    max_bytes: usize,
) -> Vec<Vec<u8>> {
    let mut consumer = log.consume(from).await.unwrap();
    let mut all = Vec::new();
    while all.len() < count {
        let some = consumer.next(max_bytes).await.unwrap();
        assert!(!some.is_empty());
        all.extend(some.into_iter().map(|entered| entered.bytes));
    }
    all
}

/// Fills two segments and begins a third; returns their files.
async fn three_segments(folder: &Path) -> Vec<PathBuf> {
    let log = open(folder, 1);
    let big = Entry { partition: 0, bytes: vec![7; RECORD_BYTES] };
    for _ in 0..2 * SEGMENT_BYTES / RECORD_BYTES as u64 + 1 {
        log.append(vec![big.clone()]).await.unwrap();
    }
    log.close().await.unwrap();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some()).collect();
    files.sort_unstable();
    assert_eq!(files.len(), 3, "{files:?}");
    files
}

#[tokio::test]
async fn what_was_acknowledged_is_there_without_a_close() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..10 {
        let log = open(folder.path(), 1);
        let texts: Vec<_> = (0..=number).map(|n: u32| n.to_string().into_bytes()).collect();
        log.append(vec![entry(0, &number.to_string())]).await.unwrap();
        assert_eq!(read(&log, &[(0, 0)], texts.len(), 1000).await, texts);
        // A consumer that is still there does not keep the folder.
        let _consumer = log.consume(&[(0, 0)]).await.unwrap();
        drop(log);
    }
}

#[tokio::test]
async fn a_batch_whose_beginning_was_lost_with_the_power_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), 1);
    log.append(vec![entry(0, "kept")]).await.unwrap();
    let file = folder.path().join(format!("{:020}.log", 0));
    let sound = fs::metadata(&file).unwrap().len() as usize;
    log.append((0..100).map(|_| entry(0, "lost")).collect()).await.unwrap();
    drop(log);
    let mut bytes = fs::read(&file).unwrap();
    bytes[sound..sound + 200].fill(0);
    fs::write(&file, bytes).unwrap();
    let log = open(folder.path(), 1);
    log.append(vec![entry(0, "next")]).await.unwrap();
    assert_eq!(read(&log, &[(0, 0)], 2, 1000).await, [b"kept", b"next"]);
}

#[tokio::test]
async fn many_small_batches_are_read_from_their_file_whatever_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), 2);
    let texts: Vec<_> = (0..300).map(|n| format!("{n} {}", "x".repeat(n * 37 % 9000))).collect();
    for text in &texts {
        log.append(vec![entry(0, text), entry(1, "other")]).await.unwrap();
    }
    drop(log);
    let log = open(folder.path(), 2);
    let expected: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    for max_bytes in [0, 1, 5000, usize::MAX] {
        let found = read(&log, &[(0, 0)], expected.len(), max_bytes).await;
        assert!(found == expected, "at most {max_bytes} bytes at once");
    }
}

#[tokio::test]
async fn a_lost_number_of_partitions_is_refused_and_none_is_made_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), 2);
    log.append(vec![entry(1, "a")]).await.unwrap();
    log.close().await.unwrap();
    let partitions = folder.path().join("partitions");
    let kept = fs::read(&partitions).unwrap();
    fs::remove_file(&partitions).unwrap();
    for wanted in [None, Some(2)] {
        let refused = EmbeddedLog::open(folder.path(), wanted, KEEP_ALL).err();
        assert!(matches!(refused, Some(LogError::PartitionsLost(_))), "{refused:?}");
        assert!(!partitions.exists());
    }
    fs::write(&partitions, kept).unwrap();
    open(folder.path(), 2);
}

/// Reads on a runtime with one thread for files, which is busy whenever the reader first asks.
#[test]
fn a_reader_that_is_interrupted_loses_nothing() {
    let one_thread =
        tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    one_thread.block_on(interrupt_each_read());
}

async fn interrupt_each_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), 1);
    for number in 0..200 {
        log.append(vec![entry(0, &format!("{number} {}", "x".repeat(20_000)))]).await.unwrap();
    }
    drop(log);
    let log = open(folder.path(), 1);
    let mut consumer = log.consume(&[(0, 0)]).await.unwrap();
    let (mut found, mut interrupted) = (Vec::new(), 0);
    while found.len() < 200 {
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || wait.recv());
        tokio::select! {
            biased;
            some = consumer.next(usize::MAX) => found.append(&mut some.unwrap()),
            () = std::future::ready(()) => interrupted += 1,
        }
        drop(go_on);
        assert!(busy.await.unwrap().is_err());
        if found.len() < 200 {
            found.append(&mut consumer.next(usize::MAX).await.unwrap());
        }
    }
    assert!(interrupted > 1);
    for (number, entered) in found.iter().enumerate() {
        assert!(entered.bytes.starts_with(format!("{number} ").as_bytes()), "record {number}");
    }
}

#[tokio::test]
async fn a_position_beyond_the_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), 2);
    log.append(vec![entry(0, "a")]).await.unwrap();
    let ends = *log.durable.borrow();
    assert!(log.consume(&[(0, ends), (1, 0)]).await.is_ok());
    let refused = log.consume(&[(0, 0), (1, ends + 1)]).await.err();
    assert!(matches!(refused, Some(LogError::Beyond { .. })), "{refused:?}");
}

/// After a failed sync the system's cache may hold a batch that the disk does not, and counts it as
/// written: the next process finds it whole, and syncing it again would keep nothing.
#[tokio::test]
async fn a_batch_that_only_the_cache_holds_is_written_again_before_anything_follows_it() {
    for seed in 0..40 {
        let disk = SimulatedDisk::new(seed);
        let folder = Path::new("log");
        let open = || EmbeddedLog::open_on(Arc::new(disk.clone()), folder, Some(1), KEEP_ALL);
        let log = open().unwrap();
        log.append(vec![entry(0, "before")]).await.unwrap();
        disk.fail_a_sync_after(0);
        assert!(log.append(vec![entry(0, &"x".repeat(3000))]).await.is_err());
        drop(log);
        let log = open().unwrap();
        log.append(vec![entry(0, "after")]).await.unwrap();
        drop(log);
        disk.crash();
        let found = read(&open().unwrap(), &[(0, 0)], 3, 10_000).await;
        assert_eq!(found[2], b"after", "seed {seed}");
    }
}

#[tokio::test]
async fn a_closed_log_gives_what_it_has_and_then_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), 1);
    let mut consumer = log.consume(&[(0, 0)]).await.unwrap();
    log.append(vec![entry(0, "last")]).await.unwrap();
    log.close().await.unwrap();
    assert_eq!(consumer.next(100).await.unwrap()[0].bytes, b"last");
    assert!(matches!(consumer.next(100).await, Err(LogError::Closed)));
    assert!(matches!(log.append(vec![entry(0, "late")]).await, Err(LogError::Closed)));
    assert!(matches!(log.release(&[(0, 1)]).await, Err(LogError::Closed)));
}

#[tokio::test]
async fn damage_in_an_older_segment_stops_the_reader_there() {
    let folder = tempfile::tempdir().unwrap();
    let files = three_segments(folder.path()).await;
    let second = fs::metadata(&files[0]).unwrap().len();
    let mut bytes = fs::read(&files[0]).unwrap();
    let in_third_record = 2 * bytes.len() / 16 + 1000;
    bytes[in_third_record] ^= 1;
    fs::write(&files[0], bytes).unwrap();
    let log = open(folder.path(), 1);
    let mut consumer = log.consume(&[(0, 0)]).await.unwrap();
    for _ in 0..2 {
        assert_eq!(consumer.next(1).await.unwrap().len(), 1);
    }
    for _ in 0..2 {
        match consumer.next(1).await {
            Err(LogError::Damaged { path, .. }) => assert_eq!(path, files[0]),
            other => panic!("{other:?}"),
        }
    }
    // What lies behind it is whole.
    assert_eq!(read(&log, &[(0, second)], 17, 1 << 20).await.len(), 17);
}

#[tokio::test]
async fn a_gap_between_segments_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = three_segments(folder.path()).await;
    let bytes = fs::read(&files[1]).unwrap();
    fs::write(&files[1], &bytes[..bytes.len() - 1]).unwrap();
    for _ in 0..2 {
        let refused = EmbeddedLog::open(folder.path(), Some(1), KEEP_ALL).err();
        assert!(matches!(refused, Some(LogError::Damaged { .. })), "{refused:?}");
        let _ = fs::remove_file(&files[1]);
    }
}

#[tokio::test]
async fn what_one_partition_needs_stays_though_others_release() {
    let folder = tempfile::tempdir().unwrap();
    three_segments(folder.path()).await;
    fs::write(folder.path().join("partitions"), "2\n").unwrap();
    let log = EmbeddedLog::open(folder.path(), Some(2), 0).unwrap();
    let ends = *log.durable.borrow();
    let begins_after = async |positions: &[(u32, u64)]| {
        log.release(positions).await.unwrap();
        // The writer answers what came with a release before it releases; then comes the next.
        for _ in 0..2 {
            log.append(vec![entry(0, "")]).await.unwrap();
        }
        log.shared.segments.lock().unwrap().begin()
    };
    assert_eq!(begins_after(&[(0, ends)]).await, 0);
    assert_eq!(begins_after(&[(1, 5)]).await, 0);
    assert_eq!(begins_after(&[]).await, 0);
    let begins = begins_after(&[(1, ends)]).await;
    assert!(begins > 0);
    // Going back gives nothing back.
    assert_eq!(begins_after(&[(0, 0)]).await, begins);
    let unknown = log.release(&[(2, 0)]).await;
    assert!(matches!(unknown, Err(LogError::NoSuchPartition { .. })));
    drop(log);
    // The next start finds no gap.
    open(folder.path(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_may_be_in_flight_waits_and_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), 1);
    let appends: Vec<_> = (0..3 * IN_FLIGHT_BYTES / RECORD_BYTES)
        .map(|_| {
            let log = log.clone();
            let big = Entry { partition: 0, bytes: vec![1; RECORD_BYTES] };
            tokio::spawn(async move { log.append(vec![big]).await })
        })
        .collect();
    // One call that is larger than all that may be in flight.
    let huge = vec![Entry { partition: 0, bytes: vec![2; RECORD_BYTES] }; 5];
    log.append(huge).await.unwrap();
    let count = appends.len() + 5;
    for append in appends {
        append.await.unwrap().unwrap();
    }
    assert_eq!(read(&log, &[(0, 0)], count, 1 << 20).await.len(), count);
}
