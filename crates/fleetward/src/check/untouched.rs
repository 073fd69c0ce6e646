//! Reading a folder without changing a byte of it.
//!
//! SQLite writes beside its file even to read it: what a killed server left in the write-ahead log
//! belongs to the store. So the store is read from a temporary copy. The log may be far larger; it
//! is read where it is, on a disk that takes no writes and notes what opening would have cut off.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fleetward_log::disk::{Disk, DiskFile, Lock, RealDisk};

use crate::failure::Failure;

/// A copy of the store, which goes when this is dropped.
pub(crate) struct StoreCopy {
    folder: tempfile::TempDir,
    /// Keeps a server from starting meanwhile, where one ran before.
    _lock: Lock,
}

impl StoreCopy {
    /// Copies the store's file, that of detection state, and the logs of both.
    ///
    /// # Errors
    /// A sentence, also if the server is running.
    pub(crate) fn of(database: &Path) -> Result<Self, Failure> {
        let lock_file = database.with_extension("db.lock");
        let tried = format!("cannot lock {}", lock_file.display());
        let lock = lock_unmade(&lock_file).map_err(Failure::of(&tried))?;
        let lock = lock.ok_or_else(|| {
            let sentence = format!("{} is in use by another process", lock_file.display());
            Failure::new(format!("cannot open the store: {sentence}"))
        })?;
        let folder = tempfile::tempdir().map_err(Failure::of("cannot make a temporary folder"))?;
        let copy = Self { folder, _lock: lock };
        for (from, to) in [
            (database.to_owned(), copy.database()),
            (database.with_extension("db-wal"), copy.database().with_extension("db-wal")),
            (database.with_file_name("state.db"), copy.database().with_file_name("state.db")),
            (
                database.with_file_name("state.db-journal"),
                copy.database().with_file_name("state.db-journal"),
            ),
        ] {
            let tried = format!("cannot copy {} to be read", from.display());
            let copied = fs::copy(&from, &to);
            match copied {
                // A server that was stopped in order leaves no write-ahead log.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                copied => copied.map_err(Failure::of(&tried))?,
            };
            // The copy is written to, whoever may write to the file itself.
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600))
                .map_err(Failure::of(&tried))?;
        }
        Ok(copy)
    }

    /// Leaves the detection state out of the copy.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn forget_state(&self) -> io::Result<()> {
        for name in ["state.db", "state.db-journal"] {
            match fs::remove_file(self.database().with_file_name(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The file of the copy.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("fleetward.db")
    }
}

/// Takes a lock whose file is there. Where it is not, no server ever ran here.
fn lock_unmade(path: &Path) -> io::Result<Option<Lock>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(Box::new(()))),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(Box::new(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What opening would have cut off a file.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    pub(crate) path: PathBuf,
    /// The file's length afterwards.
    pub(crate) length: u64,
    /// How many bytes would go.
    pub(crate) bytes: u64,
}

/// The machine's disk, on which nothing is written.
#[derive(Clone, Default)]
pub(crate) struct ReadOnlyDisk {
    cuts: Arc<Mutex<Vec<Cut>>>,
}

impl ReadOnlyDisk {
    /// What would have been cut off so far.
    pub(crate) fn cuts(&self) -> Vec<Cut> {
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn only_read() -> io::Error {
    io::Error::new(ErrorKind::ReadOnlyFilesystem, "it is not there, and a check makes nothing")
}

impl Disk for ReadOnlyDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() { Ok(()) } else { Err(only_read()) }
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        lock_unmade(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        RealDisk.list(folder)
    }

    fn create(&self, _: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Err(only_read())
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = File::open(path)?;
        let length = AtomicU64::new(file.metadata()?.len());
        let (path, cuts) = (path.to_owned(), self.cuts.clone());
        Ok(Arc::new(ReadOnlyFile { file, path, length, cuts }))
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(only_read())
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Err(only_read())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

struct ReadOnlyFile {
    file: File,
    path: PathBuf,
    /// As it would be after the cuts.
    length: AtomicU64,
    cuts: Arc<Mutex<Vec<Cut>>>,
}

impl DiskFile for ReadOnlyFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.length.load(Ordering::Relaxed))
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, at)
    }

    /// Opening a log writes its last batch again, as it stands: it is read as well without.
    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        let before = self.length.swap(length, Ordering::Relaxed);
        let cut = Cut { path: self.path.clone(), length, bytes: before.saturating_sub(length) };
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner).push(cut);
        Ok(())
    }

    fn is_named(&self, _: &Path) -> io::Result<bool> {
        Ok(true)
    }
}
