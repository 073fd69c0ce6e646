//! The folder: who may use it, and with how many partitions it was made.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::LogError;
use crate::disk::{Disk, Lock};
use crate::limits::NEW_PARTITIONS;

/// A folder that is ours until this is dropped.
pub(super) struct Folder {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    partitions: u32,
    _lock: Lock,
}

impl Folder {
    /// Makes the folder if it is not there, takes its lock, and checks the partitions.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        path: &Path,
        wanted: Option<u32>,
    ) -> Result<Self, LogError> {
        disk.make_folder(path).map_err(LogError::io("cannot make", path))?;
        let lock_path = path.join("lock");
        let lock = disk.lock(&lock_path).map_err(LogError::io("cannot lock", &lock_path))?;
        let lock = lock.ok_or_else(|| LogError::InUse(path.to_owned()))?;
        let partitions = partitions(&*disk, path, wanted)?;
        Ok(Self { path: path.to_owned(), disk, partitions, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What it is on.
    pub(super) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// How many partitions it was made with.
    pub(super) fn partitions(&self) -> u32 {
        self.partitions
    }

    /// Removes a file, and its name for good.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)?;
        self.disk.sync_folder(&self.path)
    }
}

/// The number that the folder was made with, or the wanted one for a new folder: it is the hash of
/// things into partitions, so it is part of the data.
fn partitions(disk: &dyn Disk, folder: &Path, wanted: Option<u32>) -> Result<u32, LogError> {
    let path = folder.join("partitions");
    let found = read(disk, &path).map_err(LogError::io("cannot read", &path))?;
    let Some(text) = found else {
        let partitions = wanted.unwrap_or(NEW_PARTITIONS);
        write(disk, folder, &path, partitions).map_err(LogError::io("cannot write", &path))?;
        return Ok(partitions);
    };
    let damaged = LogError::Damaged { path, at: 0, problem: "not a number" };
    let found = text.trim().parse().map_err(|_| damaged)?;
    match wanted {
        Some(wanted) if wanted != found => Err(LogError::OtherPartitions { found, wanted }),
        _ => Ok(found),
    }
}

fn read(disk: &dyn Disk, path: &Path) -> io::Result<Option<String>> {
    let file = match disk.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = vec![0; usize::try_from(file.length()?).unwrap_or(usize::MAX)];
    file.read_at(&mut bytes, 0)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Under another name first: a crash leaves the whole number or none.
fn write(disk: &dyn Disk, folder: &Path, path: &Path, partitions: u32) -> io::Result<()> {
    let fresh = folder.join("partitions.new");
    match disk.remove(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&fresh)?;
    file.write_at(format!("{partitions}\n").as_bytes(), 0)?;
    file.sync()?;
    disk.rename(&fresh, path)?;
    disk.sync_folder(folder)
}
