//! The disk, as far as the log needs one: the real one, and one in memory that loses power, tears
//! writes, fills up and fails to sync when it is told to.
//!
//! The log's promise rests on three rules, which both keep: bytes are durable once
//! [`DiskFile::sync`] has returned, names once [`Disk::sync_folder`] has, and what was not synced
//! may be there after a crash in part, whole, or not at all.

mod real;
mod simulated;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use real::RealDisk;
pub use simulated::{Operation, SimulatedDisk};

/// Held as long as a folder is in use.
pub type Lock = Box<dyn Send + Sync>;

/// Folders, and the names in them.
pub trait Disk: Send + Sync {
    /// Makes a folder that only its owner can read, and those above it; durable when it returns.
    ///
    /// # Errors
    /// The system's. A folder that is there is none.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// Takes the lock of this name; none if another process has it. Dropping it gives it back, and
    /// so does the end of the process.
    ///
    /// # Errors
    /// The system's.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;

    /// All names in a folder.
    ///
    /// # Errors
    /// The system's.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// Makes a file, to read and write.
    ///
    /// # Errors
    /// The system's; `AlreadyExists` if it is there.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file, to read and write.
    ///
    /// # Errors
    /// The system's; `NotFound` if it is not there.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file another name in the same folder; what had that name is gone. After a crash it
    /// has the one or the other.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. Whoever has it open can still read it.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes new, changed and removed names durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// The system's.
    fn length(&self) -> io::Result<u64>;

    /// Fills the buffer with what stands at an offset.
    ///
    /// # Errors
    /// The system's; `UnexpectedEof` if the file ends before.
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()>;

    /// Writes all of it at an offset.
    ///
    /// # Errors
    /// The system's: then some of it may be written.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// The system's: then nobody knows what is durable, and trying again would not tell.
    fn sync(&self) -> io::Result<()>;

    /// Cuts the file off; durable when it returns.
    ///
    /// # Errors
    /// The system's.
    fn cut(&self, length: u64) -> io::Result<()>;

    /// Whether it still has this name: what is written to a file without one is gone with the
    /// process.
    ///
    /// # Errors
    /// The system's. A name that is not there is none.
    fn is_named(&self, path: &Path) -> io::Result<bool>;
}

/// Whether a write failed for want of room only: then nothing is wrong with the disk, and what was
/// written of it can be cut off again.
pub(crate) fn is_for_want_of_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
