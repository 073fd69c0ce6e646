//! Letting detection begin anew, where its state cannot go on.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use fleetward_domain::FormatLevel;
use rusqlite::{Connection, Transaction, params};

use super::state::StateFile;
use super::stored::signed;
use super::{SqliteStore, connection, documents, level};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;
use crate::shape::{Fingerprint, FolderIdentity, FrontDoorBoot};

/// Numbers that the log beside the store has seen: the store must not give them out again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The newest change.
    pub change: u64,
    /// The newest start of the front door.
    pub boot: u64,
}

impl SqliteStore {
    /// Removes the detection state of a file that nobody has open, what it says of the log beside
    /// it, and the fingerprint of its settings. Documents, violations, events and alerts stay. From
    /// its first step on the store's identity is [`FolderIdentity::UNFINISHED`].
    ///
    /// # Errors
    /// As of [`SqliteStore::open`].
    pub fn forget_detection(path: &Path, seen: Seen) -> Result<(), StoreError> {
        let _lock = connection::lock(path)?;
        let mut connection = connection::writer(path)?;
        let level = level::settle(&mut connection, FormatLevel::CURRENT)?;
        // First of all: without its state the store may well open, and go on from an old log.
        mark_unfinished(&connection, level)?;
        let state = StateFile::beside(path);
        for file in [connection::beside(&state, "-journal"), state] {
            match fs::remove_file(&file) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                removed => removed.map_err(StoreError::backend("remove the detection state"))?,
            }
        }
        connection::sync_folder(path).map_err(StoreError::backend("sync its folder"))?;
        let transaction = connection.transaction()?;
        forget(&transaction, seen)?;
        transaction.commit()?;
        Ok(())
    }
}

fn forget(transaction: &Transaction<'_>, seen: Seen) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM chunk", [])?;
    transaction.execute("UPDATE partition SET state_offset = 0, effects_offset = 0", [])?;
    let raised = transaction.execute(
        "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'change'",
        [signed(seen.change)],
    )?;
    if raised == 0 {
        transaction.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES ('change', ?)",
            [signed(seen.change)],
        )?;
    }
    let setting = Kind::Setting.code();
    // One at least: a log that does not keep its first start any more looks like one that no server
    // has ever had, and would be refused for it.
    let boot = signed(seen.boot.max(1));
    transaction.execute(
        "INSERT INTO document (kind, key, version, value) VALUES (?, ?, ?, x'')
         ON CONFLICT (kind, key) DO UPDATE SET version = max(version, excluded.version)",
        params![setting, FrontDoorBoot::KEY.as_bytes(), boot],
    )?;
    transaction.execute(
        "DELETE FROM document WHERE kind = ? AND key = ?",
        params![setting, Fingerprint::KEY.as_bytes()],
    )?;
    Ok(())
}

fn mark_unfinished(connection: &Connection, level: FormatLevel) -> Result<(), StoreError> {
    let identity = FolderIdentity(FolderIdentity::UNFINISHED.to_owned());
    let value = identity.to_bytes(level)?;
    documents::put((connection, level), Kind::Setting, FolderIdentity::KEY, &value)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find;

    #[tokio::test]
    async fn a_store_that_begins_anew_has_had_a_start_whatever_its_log_keeps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        SqliteStore::forget_detection(&path, Seen::default()).unwrap();
        let store = SqliteStore::open(&path).unwrap();
        let boots = find::<FrontDoorBoot>(&*store, FrontDoorBoot::KEY).await.unwrap();
        assert_eq!(boots.map(|found| found.version), Some(1));
    }

    #[tokio::test]
    async fn a_store_is_marked_unfinished_before_its_state_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        SqliteStore::open(&path).unwrap().close().await.unwrap();
        // Where the state cannot be removed, nothing behind that step is done.
        let state = StateFile::beside(&path);
        fs::remove_file(&state).unwrap();
        fs::create_dir(&state).unwrap();
        assert!(SqliteStore::forget_detection(&path, Seen::default()).is_err());
        fs::remove_dir(&state).unwrap();
        let store = SqliteStore::open(&path).unwrap();
        let identity = find::<FolderIdentity>(&*store, FolderIdentity::KEY).await.unwrap();
        assert_eq!(identity.unwrap().value.0, FolderIdentity::UNFINISHED);
    }
}
