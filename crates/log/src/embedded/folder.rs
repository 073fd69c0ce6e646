//! The folder: who may use it, and with how many partitions it was made.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::LogError;

/// A folder that is ours until this is dropped.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there, takes its lock, and checks the partitions.
    pub(super) fn open(path: &Path, partitions: u32) -> Result<Self, LogError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(LogError::io("cannot make", path))?;
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            File::open(above)
                .and_then(|above| above.sync_all())
                .map_err(LogError::io("cannot sync", above))?;
        }
        let lock_path = path.join("lock");
        let lock = File::create(&lock_path).map_err(LogError::io("cannot open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LogError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => {
                return Err(LogError::io("cannot lock", &lock_path)(error));
            }
        }
        let folder = Self { path: path.to_owned(), _lock: lock };
        folder.check_partitions(partitions)?;
        Ok(folder)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes new and removed names durable.
    pub(super) fn sync(&self) -> std::io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn check_partitions(&self, wanted: u32) -> Result<(), LogError> {
        let path = self.path.join("partitions");
        match fs::read_to_string(&path) {
            Ok(text) => {
                let damaged = LogError::Damaged { path, at: 0, problem: "not a number" };
                let found = text.trim().parse().map_err(|_| damaged)?;
                if found == wanted {
                    Ok(())
                } else {
                    Err(LogError::OtherPartitions { found, wanted })
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let fresh = self.path.join("partitions.new");
                fs::write(&fresh, format!("{wanted}\n"))
                    .and_then(|()| File::open(&fresh)?.sync_all())
                    .and_then(|()| fs::rename(&fresh, &path))
                    .and_then(|()| self.sync())
                    .map_err(LogError::io("cannot write", &path))
            }
            Err(error) => Err(LogError::io("cannot read", &path)(error)),
        }
    }
}
