//! Opening the file: who may read it, who may have it open, and how SQLite is to treat it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::limits::{BUSY_TIMEOUT_MS, CACHED_STATEMENTS, STATE_CACHE_KIB};

/// Keeps other processes out as long as it lives. The system ends it with the process, however
/// that ends.
pub(super) struct Lock {
    _file: File,
}

/// Takes the lock file beside the database.
pub(super) fn lock(database: &Path) -> Result<Lock, StoreError> {
    let path = beside(database, ".lock");
    let file = private_file(&path).map_err(StoreError::backend("open its lock file"))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path }),
        Err(TryLockError::Error(error)) => Err(StoreError::backend("lock its lock file")(error)),
    }
}

/// The connection that writes. Makes the file if there is none, readable by its owner only;
/// SQLite gives its companions (`-wal`, `-shm`) the same permissions.
pub(super) fn writer(database: &Path) -> Result<Connection, StoreError> {
    let file = private_file(database).map_err(StoreError::backend("open its file"))?;
    file.sync_all().map_err(StoreError::backend("sync its file"))?;
    sync_folder(database).map_err(StoreError::backend("sync its folder"))?;
    let connection = open(database)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        let problem = format!("the file system allows journal mode {mode} only, not wal");
        return Err(StoreError::Backend { doing: "open its file", problem });
    }
    // In WAL mode only FULL syncs with each commit.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A savepoint keeps what undoes it: on disk, each page of a large commit would be written once
    // more, to a file that is thrown away.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // The writer does it: see `disk`.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// The connection that writes detection state: with a rollback journal, see [`super::state`].
pub(super) fn state_writer(database: &Path) -> Result<Connection, StoreError> {
    let file = private_file(database).map_err(StoreError::backend("open its state file"))?;
    file.sync_all().map_err(StoreError::backend("sync its state file"))?;
    sync_folder(database).map_err(StoreError::backend("sync its folder"))?;
    let connection = open(database)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = TRUNCATE", [], |row| row.get(0))?;
    if mode != "truncate" {
        let problem = format!("its journal has mode {mode}, not truncate");
        return Err(StoreError::Backend { doing: "open its state file", problem });
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -STATE_CACHE_KIB)?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn reader(database: &Path) -> Result<Connection, StoreError> {
    let connection = open(database)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn open(database: &Path) -> Result<Connection, StoreError> {
    // Each connection is used by one thread at a time, so SQLite's own mutexes are not needed.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(connection)
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Makes the name of a new file durable.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
