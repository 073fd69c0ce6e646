//! Disks that are full, fail, or are taken away while the log is open.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::*;
use crate::disk::{Operation, SimulatedDisk};

const FOLDER: &str = "log";
/// So small that a few batches fill it.
const SEGMENT: u64 = 300;

fn entry(text: &str) -> Entry {
    Entry { partition: 0, bytes: text.as_bytes().to_vec() }
}

fn open(disk: &SimulatedDisk, retention: u64) -> Result<(Arc<EmbeddedLog>, Stepper), LogError> {
    let opened =
        EmbeddedLog::open_stepped(Arc::new(disk.clone()), Path::new(FOLDER), Some(1), retention)?;
    opened.0.shared.segments.lock().unwrap().close_at(SEGMENT);
    Ok(opened)
}

/// Appends, with the writer that does it.
async fn append(log: &EmbeddedLog, stepper: &mut Stepper, text: &str) -> Result<(), LogError> {
    let stepping = async {
        stepper.has_work().await;
        stepper.step();
    };
    let (appended, ()) = tokio::join!(log.append(vec![entry(text)]), stepping);
    appended
}

/// Everything that the log holds.
async fn texts(log: &EmbeddedLog) -> Vec<String> {
    let (begin, end) = (log.shared.segments.lock().unwrap().begin(), *log.durable.borrow());
    let mut consumer = log.consume(&[(0, begin)]).await.unwrap();
    let mut found = Vec::new();
    let mut next = begin;
    while next < end {
        for entered in consumer.next(1000).await.unwrap() {
            next = entered.offset + 8 + entered.bytes.len() as u64;
            found.push(String::from_utf8(entered.bytes).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn a_full_disk_refuses_what_has_no_room_and_the_log_goes_on_without_a_restart() {
    let disk = SimulatedDisk::new(7);
    let (log, mut stepper) = open(&disk, u64::MAX).unwrap();
    append(&log, &mut stepper, "before").await.unwrap();
    // Room for a part of the batch: it is cut off again.
    disk.leave_room_for(30);
    for _ in 0..3 {
        let refused = append(&log, &mut stepper, &"x".repeat(100)).await;
        assert!(matches!(refused, Err(LogError::Full { .. })), "{refused:?}");
        assert!(matches!(*log.condition().borrow(), Condition::Full(_)));
        assert_eq!(texts(&log).await, ["before"], "what is there can be read");
    }
    disk.leave_room_for(1 << 20);
    append(&log, &mut stepper, "after").await.unwrap();
    assert_eq!(*log.condition().borrow(), Condition::Works);
    drop((log, stepper));
    disk.crash();
    assert_eq!(texts(&open(&disk, u64::MAX).unwrap().0).await, ["before", "after"]);
}

#[tokio::test]
async fn a_log_that_is_looked_at_knows_that_there_is_room_again() {
    let disk = SimulatedDisk::new(7);
    let (log, mut stepper) = open(&disk, u64::MAX).unwrap();
    append(&log, &mut stepper, "before").await.unwrap();
    disk.leave_room_for(30);
    append(&log, &mut stepper, &"x".repeat(100)).await.unwrap_err();
    for is_full in [true, false] {
        log.look_for_room().await;
        stepper.has_work().await;
        stepper.step();
        assert_eq!(matches!(*log.condition().borrow(), Condition::Full(_)), is_full);
        disk.recover();
    }
    append(&log, &mut stepper, "after").await.unwrap();
    assert_eq!(texts(&log).await, ["before", "after"]);
}

#[tokio::test]
async fn a_disk_with_no_room_for_another_file_is_a_full_one() {
    let disk = SimulatedDisk::new(7);
    let (log, mut stepper) = open(&disk, u64::MAX).unwrap();
    append(&log, &mut stepper, &"x".repeat(400)).await.unwrap();
    disk.fail(Operation::Create, 0, ErrorKind::QuotaExceeded);
    let refused = append(&log, &mut stepper, "in the next file").await;
    assert!(matches!(refused, Err(LogError::Full { .. })), "{refused:?}");
    append(&log, &mut stepper, "in the next file").await.unwrap();
    assert_eq!(texts(&log).await.len(), 2);
}

#[tokio::test]
async fn what_is_released_while_the_disk_is_full_makes_room() {
    let disk = SimulatedDisk::new(7);
    let (log, mut stepper) = open(&disk, 0).unwrap();
    for _ in 0..3 {
        append(&log, &mut stepper, &"x".repeat(400)).await.unwrap();
    }
    disk.leave_room_for(0);
    assert!(append(&log, &mut stepper, "no room").await.is_err());
    // The simulated disk counts what has no name, too: removing is what it is about here.
    log.release(&[(0, *log.durable.borrow())]).await.unwrap();
    assert!(append(&log, &mut stepper, "no room").await.is_err());
    assert_eq!(
        disk.list(Path::new(FOLDER)).unwrap().len(),
        2,
        "its last segment, and the partitions"
    );
}

/// After a failed sync nobody knows what is on disk: nothing more is taken, whatever comes.
#[tokio::test]
async fn a_failed_sync_is_the_end_of_the_log() {
    let disk = SimulatedDisk::new(7);
    let (log, mut stepper) = open(&disk, u64::MAX).unwrap();
    append(&log, &mut stepper, "before").await.unwrap();
    disk.fail_a_sync_after(0);
    let failed = append(&log, &mut stepper, "perhaps").await;
    assert!(matches!(failed, Err(LogError::Io { .. })), "{failed:?}");
    assert!(matches!(&*log.condition().borrow(), Condition::Failed(why) if why.contains("sync")));
    let refused = append(&log, &mut stepper, "late").await;
    assert!(matches!(refused, Err(LogError::Failed(_))), "{refused:?}");
    assert_eq!(texts(&log).await, ["before"]);
}

/// How one life of a log ended.
#[derive(Default)]
struct Life {
    acknowledged: Vec<String>,
    tried: Vec<String>,
}

impl Life {
    /// Appends and releases, whatever fails.
    async fn live(&mut self, disk: &SimulatedDisk) -> Result<(), LogError> {
        let (log, mut stepper) = open(disk, 150)?;
        for number in 0..14 {
            let text = format!("{number} {}", "x".repeat(number * 13));
            self.tried.push(text.clone());
            match append(&log, &mut stepper, &text).await {
                Ok(()) => self.acknowledged.push(text),
                Err(LogError::Full { .. }) => {
                    // The fault is over: the next try finds room.
                    append(&log, &mut stepper, &text).await.unwrap();
                    self.acknowledged.push(text);
                }
                Err(error) => {
                    assert!(matches!(*log.condition().borrow(), Condition::Failed(_)), "{error}");
                    let refused = append(&log, &mut stepper, "late").await;
                    assert!(matches!(refused, Err(LogError::Failed(_))), "{refused:?}");
                    return Err(error);
                }
            }
            log.release(&[(0, *log.durable.borrow())]).await.unwrap();
        }
        Ok(())
    }
}

/// After any fault of the disk the log either works on, or has ended and says so: it is never open
/// and deaf. And whatever it acknowledged is there after the next start.
#[tokio::test]
async fn after_a_fault_of_any_operation_it_works_again_or_has_ended() {
    let mut ended = 0;
    for operation in Operation::ALL {
        for how in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::Other] {
            for (after, seed) in (0..).zip(0..200) {
                let disk = SimulatedDisk::new(seed);
                disk.fail(operation, after, how);
                let mut life = Life::default();
                let outcome = life.live(&disk).await;
                let case = format!("the {operation:?} after {after} fails, {how:?}: {outcome:?}");
                if operation == Operation::Sync && !disk.has_faults_left() {
                    assert!(outcome.is_err(), "only an end passes: {case}");
                }
                ended += usize::from(outcome.is_err());
                let has_come = !disk.has_faults_left();
                disk.crash();
                let found = texts(&open(&disk, u64::MAX).unwrap().0).await;
                // Its begin was released; at its end may be what nobody heard of.
                let acknowledged = |text: &&String| life.acknowledged.contains(text);
                let kept: Vec<_> = found.iter().filter(acknowledged).cloned().collect();
                assert!(life.acknowledged.ends_with(&kept), "{case}: {found:?}");
                assert_eq!(kept.is_empty(), life.acknowledged.is_empty(), "{case}: {found:?}");
                assert!(found.iter().all(|text| life.tried.contains(text)), "{case}: {found:?}");
                if !has_come {
                    break;
                }
            }
        }
    }
    assert!(ended > 50, "{ended}");
}

#[tokio::test]
async fn a_folder_that_is_replaced_while_it_is_open_ends_the_log() {
    type Replace = fn(&Path);
    let cases: [Replace; 3] = [
        |folder| fs::remove_dir_all(folder).unwrap(),
        |folder| fs::rename(folder, folder.with_extension("old")).unwrap(),
        |folder| {
            let file = folder.join(format!("{:020}.log", 0));
            let bytes = fs::read(&file).unwrap();
            fs::remove_file(&file).unwrap();
            fs::write(&file, bytes).unwrap();
        },
    ];
    for replace in cases {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("log");
        let log = EmbeddedLog::open(&folder, Some(1), u64::MAX).unwrap();
        log.append(vec![entry("before")]).await.unwrap();
        replace(&folder);
        let refused = log.append(vec![entry("nowhere")]).await;
        assert!(matches!(refused, Err(LogError::Replaced(_))), "{refused:?}");
        assert!(matches!(*log.condition().borrow(), Condition::Failed(_)));
    }
}
