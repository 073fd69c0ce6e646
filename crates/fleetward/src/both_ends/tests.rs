use std::path::Path;
use std::sync::Arc;

use fleetward_domain::{Change, DimensionName, FormatLevel, Record};
use fleetward_log::{EVERY_PARTITION, Entry, record};
use fleetward_store::{Chunk, DetectionTx, PartitionProgress, Partitions, StateTx};

use super::*;

const PARTITIONS: u32 = 2;

struct Folder {
    place: tempfile::TempDir,
}

/// Both ends, open.
struct Open {
    log: Arc<EmbeddedLog>,
    store: Arc<SqliteStore>,
}

impl Folder {
    fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.place.path().join(name)
    }

    fn data(&self) -> DataDir {
        DataDir::open(self.place.path()).unwrap()
    }

    fn open(&self) -> Open {
        Open {
            log: EmbeddedLog::open(&self.path("log"), Some(PARTITIONS), u64::MAX).unwrap(),
            store: SqliteStore::open(&self.path("store.db")).unwrap(),
        }
    }

    /// Opens and introduces them; the sentence, if they do not belong together.
    async fn start(&self) -> Result<Open, String> {
        let open = self.open();
        let met = introduce(&open.log, &open.store, &self.data(), &Chance::seeded(1)).await;
        let said = met.map_err(|failure| failure.to_string());
        match said {
            Ok(()) => Ok(open),
            Err(said) => {
                open.close().await;
                Err(said)
            }
        }
    }

    /// Keeps a copy of a file or folder under another name.
    fn keep(&self, name: &str, copy: &str) {
        copy_all(&self.path(name), &self.path(copy));
    }

    /// Puts the copy back in its place.
    fn put_back(&self, copy: &str, name: &str) {
        let place = self.path(name);
        if place.is_dir() {
            std::fs::remove_dir_all(&place).unwrap();
        }
        copy_all(&self.path(copy), &place);
    }
}

fn copy_all(from: &Path, to: &Path) {
    if !from.is_dir() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy_all(&entry.path(), &to.join(entry.file_name()));
    }
}

impl Open {
    async fn close(self) {
        self.log.close().await.unwrap();
        self.store.close().await.unwrap();
    }

    /// What a start of the server does: it is counted, logged, and all partitions are claimed.
    async fn boot(&self) {
        let mut tx = Tx::default();
        tx.put(&FrontDoorBoot, FormatLevel::CURRENT).unwrap();
        let boot = self.store.commit(tx).await.unwrap().versions[0];
        self.append(&Record::DoorStarted { door: "door-1".to_owned(), boot, at_ms: 1 }).await;
        for partition in 0..PARTITIONS {
            self.store.claim_partition(partition).await.unwrap();
        }
    }

    async fn append(&self, record: &Record) {
        let bytes = record::encode(record, FormatLevel::CURRENT).unwrap();
        self.log.append(vec![Entry { partition: EVERY_PARTITION, bytes }]).await.unwrap();
    }

    /// A change, in the store and in the log.
    async fn change(&self) {
        let change = Change::Dimension(DimensionName::parse("d").unwrap());
        let tx = Tx { changes: vec![change.clone()], ..Tx::default() };
        let seq = self.store.commit(tx).await.unwrap().change_seq;
        self.append(&Record::Change(seq, 1, change)).await;
    }

    /// Detection has applied everything, and its state is stored.
    async fn detect(&self, has_state: bool) {
        let (_, end) = self.log.extent();
        for PartitionClaim { partition, epoch, .. } in self.store.partitions().await.unwrap() {
            let progress = vec![PartitionProgress { partition, epoch, effects_offset: end }];
            let tx = DetectionTx { progress, ..DetectionTx::default() };
            self.store.commit_detection(tx).await.unwrap();
            if has_state {
                let chunks = vec![Chunk { index: 0, bytes: vec![7] }];
                let state =
                    StateTx { partition, epoch, state_offset: end, effects_offset: end, chunks };
                self.store.write_state(state).await.unwrap();
            }
        }
    }
}

/// A folder in which a server ran, twice.
async fn lived_in() -> Folder {
    let folder = Folder::new();
    for _ in 0..2 {
        let open = folder.start().await.unwrap();
        open.boot().await;
        open.change().await;
        open.detect(true).await;
        open.close().await;
    }
    folder
}

#[tokio::test]
async fn ends_that_never_met_are_introduced_and_know_each_other_from_then_on() {
    let folder = lived_in().await;
    let open = folder.start().await.unwrap();
    let known = open.log.identity().unwrap().unwrap();
    assert_eq!(StoreEnd::of(&open.store).await.unwrap().identity, Some(known));
    open.close().await;
    // As a release that knew of no identities left it.
    std::fs::remove_file(folder.path("log/identity")).unwrap();
    let store = SqliteStore::open(&folder.path("store.db")).unwrap();
    let mut tx = Tx::default();
    tx.deletes.push((fleetward_store::Kind::Setting, FolderIdentity::KEY.to_owned()));
    store.commit(tx).await.unwrap();
    store.close().await.unwrap();
    folder.start().await.unwrap().close().await;
    // A crash came between the one and the other.
    let store = SqliteStore::open(&folder.path("store.db")).unwrap();
    let mut tx = Tx::default();
    tx.deletes.push((fleetward_store::Kind::Setting, FolderIdentity::KEY.to_owned()));
    store.commit(tx).await.unwrap();
    store.close().await.unwrap();
    folder.start().await.unwrap().close().await;
}

#[tokio::test]
async fn a_store_that_is_older_than_its_log_is_refused() {
    let folder = lived_in().await;
    folder.keep("store.db", "older");
    let open = folder.start().await.unwrap();
    open.boot().await;
    open.change().await;
    open.close().await;
    folder.put_back("older", "store.db");
    let said = folder.start().await.err().unwrap();
    assert!(said.contains("has change 3 and the store has made no more than 2"), "{said}");
    assert!(said.contains("has start 3 of the front door and the store knows of 2"), "{said}");
    let folder = folder.data().as_argument();
    assert!(said.contains(&format!("`fleetward repair --data {folder}`")), "{said}");
}

#[tokio::test]
async fn a_log_that_is_older_than_its_store_or_has_lost_its_end_is_refused() {
    let folder = lived_in().await;
    folder.keep("log", "older");
    let open = folder.start().await.unwrap();
    open.boot().await;
    open.change().await;
    open.detect(false).await;
    let (_, end) = open.log.extent();
    open.close().await;
    let segment = folder.path(&format!("log/{:020}.log", 0));
    let file = std::fs::File::options().write(true).open(segment).unwrap();
    file.set_len(end - 1).unwrap();
    let said = folder.start().await.err().unwrap();
    assert!(said.contains("the event log ends at offset "), "{said}");
    assert!(said.contains(&format!("is stored up to offset {end}")), "{said}");
    folder.put_back("older", "log");
    let said = folder.start().await.err().unwrap();
    assert!(said.contains("(2 partitions are ahead of the log)"), "{said}");
}

#[tokio::test]
async fn a_repair_that_was_broken_off_is_refused_until_it_is_run_again() {
    let folder = lived_in().await;
    SqliteStore::forget_detection(&folder.path("store.db"), Default::default()).unwrap();
    let said = folder.start().await.err().unwrap();
    assert!(said.contains("begun and is not finished: run it again"), "{said}");
}

#[tokio::test]
async fn a_lost_log_is_told_by_its_name_and_no_other_is_made() {
    let folder = lived_in().await;
    std::fs::remove_dir_all(folder.path("log")).unwrap();
    let store = SqliteStore::open(&folder.path("store.db")).unwrap();
    let said = log_is_there(&folder.data(), &store).await.err().unwrap().to_string();
    assert!(said.contains("/log is missing"), "{said}");
    assert!(!folder.path("log").exists());
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_state_is_made_anew_where_its_file_is_lost() {
    let folder = lived_in().await;
    for (is_lost, is_anew) in [(false, false), (true, true)] {
        if is_lost {
            std::fs::remove_file(folder.path("state.db")).unwrap();
        }
        let open = folder.start().await.unwrap();
        assert_eq!(is_state_made_anew(&open.store).await.unwrap(), is_anew);
        open.close().await;
    }
}

#[tokio::test]
async fn an_end_that_is_new_or_of_another_folder_is_refused() {
    let folder = lived_in().await;
    folder.keep("store.db", "own");
    std::fs::remove_file(folder.path("store.db")).unwrap();
    let said = folder.start().await.err().unwrap();
    assert!(said.contains("no partition that was ever claimed"), "{said}");
    folder.put_back("own", "store.db");
    std::fs::remove_dir_all(folder.path("log")).unwrap();
    let said = folder.start().await.err().unwrap();
    assert!(said.contains("the event log is not the store's"), "{said}");
    let other = Folder::new();
    let open = other.open();
    introduce(&open.log, &open.store, &other.data(), &Chance::seeded(2)).await.unwrap();
    open.close().await;
    copy_all(&other.path("log"), &folder.path("other"));
    folder.put_back("other", "log");
    let said = folder.start().await.err().unwrap();
    assert!(said.contains("of another folder than the store"), "{said}");
}

#[test]
fn a_log_whose_begin_is_gone_is_named_with_the_gap() {
    let claim = PartitionClaim { partition: 3, epoch: 1, state_offset: 70, effects_offset: 90 };
    let store = StoreEnd { claims: vec![claim], boots: 1, ..StoreEnd::default() };
    let log = LogEnd { begins: 100, ends: 200, ..LogEnd::default() };
    let said = disagreements(&log, &store);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("partition 3 stands at 70"), "{said:?}");
    assert!(said[0].contains("the 30 bytes between them are gone"), "{said:?}");
}

#[test]
fn settings_with_which_what_is_stored_means_something_else_are_named() {
    let before = || Fingerprint {
        period_ms: 30_000,
        partitions: 256,
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
    };
    let data = Folder::new().data();
    assert_eq!(difference(&before(), &before(), &data), None);
    for (now, told) in [
        (Fingerprint { period_ms: 120_000, ..before() }, "start with --period 30s"),
        (Fingerprint { partitions: 16, ..before() }, "it is not the log of this folder"),
        (Fingerprint { account: "999999999999".to_owned(), ..before() }, "--account 123456789012"),
        (Fingerprint { region: "eu-west-1".to_owned(), ..before() }, "--region us-east-1"),
    ] {
        let said = difference(&before(), &now, &data).unwrap();
        assert!(said.contains(told), "{said}");
    }
}
