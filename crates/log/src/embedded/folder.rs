//! The folder: who may use it, and how it was made to place things.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fleetward_domain::{Placement, Spread};

use super::segments::is_segment;
use crate::LogError;
use crate::disk::{Disk, Lock};
use crate::limits::NEW_PARTITIONS;

/// A folder that is ours until this is dropped.
pub(super) struct Folder {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    placement: Placement,
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
        let placement = placement(&*disk, path, wanted)?;
        Ok(Self { path: path.to_owned(), disk, placement, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What it is on.
    pub(super) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Which log it is.
    pub(super) fn identity(&self) -> Identity {
        Identity { disk: self.disk.clone(), folder: self.path.clone() }
    }

    /// How it was made to place things.
    pub(super) fn placement(&self) -> Placement {
        self.placement
    }

    /// Removes a file.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    /// Makes the names in it durable.
    pub(super) fn sync(&self) -> Result<(), LogError> {
        self.disk.sync_folder(&self.path).map_err(LogError::io("cannot sync", &self.path))
    }
}

/// The placement that the folder was made with, or an even one in as many partitions as wanted for
/// a folder without records. The first release wrote the number alone.
fn placement(disk: &dyn Disk, folder: &Path, wanted: Option<u32>) -> Result<Placement, LogError> {
    let path = folder.join("partitions");
    let found = read(disk, &path).map_err(LogError::io("cannot read", &path))?;
    let Some(text) = found else {
        let files = disk.list(folder).map_err(LogError::io("cannot list", folder))?;
        // It is older than any segment. A number that was guessed would look for things in
        // partitions where they are not, and the guess would be kept.
        if files.iter().any(|path| is_segment(path)) {
            return Err(LogError::PartitionsLost(path));
        }
        let placement = Placement::even(wanted.unwrap_or(NEW_PARTITIONS));
        let text = written(placement);
        write(disk, folder, "partitions", &text).map_err(LogError::io("cannot write", &path))?;
        return Ok(placement);
    };
    let damaged = LogError::Damaged { path, at: 0, problem: "not a number of partitions" };
    let placement = parse(&text).ok_or(damaged)?;
    match wanted {
        Some(wanted) if wanted != placement.partitions => {
            Err(LogError::OtherPartitions { found: placement.partitions, wanted })
        }
        _ => Ok(placement),
    }
}

/// `256 even`, or `16` of the first release.
fn parse(text: &str) -> Option<Placement> {
    let text = text.trim();
    let (number, spread) = match text.strip_suffix(" even") {
        Some(number) => (number, Spread::Even),
        None => (text, Spread::First),
    };
    Some(Placement { partitions: number.parse().ok()?, spread })
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

fn written(placement: Placement) -> String {
    let spread = match placement.spread {
        Spread::First => "",
        Spread::Even => " even",
    };
    format!("{}{spread}\n", placement.partitions)
}

/// Under another name first: a crash leaves the whole text or none.
fn write(disk: &dyn Disk, folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let fresh = folder.join(format!("{name}.new"));
    match disk.remove(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&fresh)?;
    file.write_at(text.as_bytes(), 0)?;
    file.sync()?;
    disk.rename(&fresh, &folder.join(name))?;
    disk.sync_folder(folder)
}

/// Which log it is, in a file beside its segments: so that it is told from any other.
pub(super) struct Identity {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
}

impl Identity {
    const NAME: &str = "identity";

    /// What the file says; none if nobody has given the log an identity yet.
    pub(super) fn read(&self) -> Result<Option<String>, LogError> {
        let path = self.folder.join(Self::NAME);
        let found = read(&*self.disk, &path).map_err(LogError::io("cannot read", &path))?;
        Ok(found.map(|text| text.trim().to_owned()))
    }

    pub(super) fn write(&self, identity: &str) -> Result<(), LogError> {
        let path = self.folder.join(Self::NAME);
        write(&*self.disk, &self.folder, Self::NAME, &format!("{identity}\n"))
            .map_err(LogError::io("cannot write", &path))
    }
}
