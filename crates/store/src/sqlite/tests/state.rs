//! The file of detection state.

use fleetward_domain::FormatLevel;

use super::*;
use crate::{Chunk, PartitionClaim, Partitions, StateTx};

fn chunk(index: u32, text: &str) -> Chunk {
    Chunk { index, bytes: text.as_bytes().to_vec() }
}

async fn written(path: &Path, level: FormatLevel, chunks: Vec<Chunk>) -> PartitionClaim {
    let store = SqliteStore::open_or_make(path, level).unwrap();
    let claim = store.claim_partition(4).await.unwrap();
    let (partition, epoch) = (claim.partition, claim.epoch);
    let tx = StateTx { partition, epoch, state_offset: 70, effects_offset: 0, chunks };
    store.write_state(tx).await.unwrap();
    store.close().await.unwrap();
    claim
}

#[tokio::test]
async fn a_damaged_or_missing_chunk_is_refused_with_its_partition() {
    for (sql, problem) in [
        ("UPDATE chunk SET bytes = x'00' WHERE place = 1", "the checksum of chunk 1 is wrong"),
        ("DELETE FROM chunk WHERE place = 1", "its chunks are not those that were written last"),
        ("DELETE FROM chunk", "its chunks are not those that were written last"),
        ("UPDATE chunk SET partition = 5", "its chunks are not those that were written last"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        written(&path, FormatLevel::CURRENT, vec![chunk(0, "a"), chunk(1, "b")]).await;
        let other = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
        assert!(other.execute(sql, []).unwrap() > 0, "{sql}");
        drop(other);
        let store = SqliteStore::open(&path).unwrap();
        let refused = store.load_chunks(4).await.unwrap_err().to_string();
        let begin = "the detection state of partition \"4\" is corrupt: ";
        assert_eq!(refused, format!("{begin}{problem}"), "{sql}");
    }
}

#[tokio::test]
async fn state_of_an_older_level_moves_to_its_own_file_when_the_upgrade_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let chunks = vec![chunk(0, "a"), chunk(1, "b")];
    let before = written(&path, FormatLevel::Named, chunks.clone()).await;
    assert!(!folder.path().join("state.db").exists(), "the release before knows none");
    SqliteStore::finish_upgrade(&path).unwrap();
    for opening in 1..3 {
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.load_chunks(4).await.unwrap(), chunks);
        let claim = store.claim_partition(4).await.unwrap();
        assert_eq!((claim.epoch, claim.state_offset), (before.epoch + opening, 70));
        store.close().await.unwrap();
    }
    let other = rusqlite::Connection::open(&path).unwrap();
    let left: i64 = other.query_row("SELECT count(*) FROM chunk", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

/// A crash after the state was durable in its own file and before it left the store's.
#[tokio::test]
async fn state_that_is_in_both_files_is_moved_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let chunks = vec![chunk(0, "a"), chunk(1, "b")];
    written(&path, FormatLevel::Named, chunks.clone()).await;
    SqliteStore::finish_upgrade(&path).unwrap();
    SqliteStore::open(&path).unwrap().close().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    let rows = "INSERT INTO chunk VALUES (4, 0, CAST('a' AS BLOB)), (4, 1, CAST('b' AS BLOB))";
    assert_eq!(other.execute(rows, []).unwrap(), 2);
    drop(other);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.load_chunks(4).await.unwrap(), chunks);
    assert_eq!(store.claim_partition(4).await.unwrap().state_offset, 70);
}

/// Each byte of state goes to the disk about once, whatever it replaces.
#[tokio::test]
async fn a_chunk_that_is_written_anew_takes_free_pages() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    let claim = store.claim_partition(0).await.unwrap();
    let file = folder.path().join("state.db");
    let mut sizes = Vec::new();
    for byte in 0..6 {
        let chunks = (0..4).map(|index| Chunk { index, bytes: vec![byte; 200_000] }).collect();
        let (partition, epoch) = (claim.partition, claim.epoch);
        let tx = StateTx { partition, epoch, state_offset: 1, effects_offset: 0, chunks };
        store.write_state(tx).await.unwrap();
        sizes.push(std::fs::metadata(&file).unwrap().len());
    }
    // The second write finds no free pages yet, the later ones those that the one before left.
    assert_eq!(sizes[1..], [sizes[1]; 5], "{sizes:?}");
    assert_eq!(store.load_chunks(0).await.unwrap()[3].bytes, vec![5; 200_000]);
}
