//! A disk in memory that has all the bad habits of real ones, by seed.
//!
//! What a process sees and what a crash would leave are two things: [`SimulatedDisk::crash`] takes
//! the power away, and what was not synced is kept or lost sector by sector, as the dice say.

mod faults;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile, Lock};
use faults::Faults;
pub use faults::Operation;

/// What a disk writes at once: a write of more can be torn in between.
const SECTOR_BYTES: usize = 512;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Default)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    dice: u64,
    files: Vec<Node>,
    /// What a process sees.
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// What was done to names since they were last synced, in order.
    unsynced: Vec<Naming>,
    locks: BTreeSet<PathBuf>,
    /// How often the power went: what was opened before is dead.
    crashes: u64,
    /// Bytes that all files may hold together; none: no end.
    capacity_bytes: Option<usize>,
    faults: Faults,
}

#[derive(Default)]
struct Node {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// Writes since the last sync, in order: where and what.
    unsynced: Vec<(usize, Vec<u8>)>,
}

enum Naming {
    Put(PathBuf, usize),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl SimulatedDisk {
    /// An empty disk; the seed says what is left after crashes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let disk = Self::default();
        disk.state().dice = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        disk
    }

    /// The power goes: nobody holds anything any more, what was open is dead, and of what was not
    /// synced some is there and some is not. Then it comes back, with room and a disk that syncs.
    pub fn crash(&self) {
        let mut state = self.state();
        state.crashes += 1;
        state.locks.clear();
        state.capacity_bytes = None;
        state.faults = Faults::default();
        let mut unsynced = std::mem::take(&mut state.unsynced);
        // Names are journaled: those changed first are durable first.
        let kept = state.below(unsynced.len() + 1);
        unsynced.truncate(kept);
        let mut names = std::mem::take(&mut state.durable_names);
        unsynced.into_iter().for_each(|naming| naming.apply(&mut names));
        state.names.clone_from(&names);
        state.durable_names = names;
        let mut files = std::mem::take(&mut state.files);
        for node in &mut files {
            node.lose_some(&mut state);
            node.seen.clone_from(&node.durable);
        }
        state.files = files;
    }

    /// From now on the files may hold no more than so many bytes beyond what they hold.
    pub fn leave_room_for(&self, bytes: usize) {
        let mut state = self.state();
        state.capacity_bytes = Some(state.used_bytes() + bytes);
    }

    /// After so many syncs of files one fails, and what it should have kept is lost or not.
    pub fn fail_a_sync_after(&self, syncs: u32) {
        self.fail(Operation::Sync, syncs, ErrorKind::Other);
    }

    /// After so many operations of this kind one fails like this, and what it should have done is
    /// done in part, wholly or not at all.
    pub fn fail(&self, operation: Operation, after: u32, how: ErrorKind) {
        self.state().faults.add(operation, after, how);
    }

    /// Whether a fault that was asked for has not come yet.
    #[must_use]
    pub fn has_faults_left(&self) -> bool {
        !self.state().faults.is_empty()
    }

    /// There is room again, and the disk syncs: what it kept and what it did not stays as it is.
    pub fn recover(&self) {
        let mut state = self.state();
        state.capacity_bytes = None;
        state.faults = Faults::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// xorshift64*: the same numbers from the same seed.
    fn below(&mut self, limit: usize) -> usize {
        self.dice ^= self.dice >> 12;
        self.dice ^= self.dice << 25;
        self.dice ^= self.dice >> 27;
        let number = self.dice.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or(0) % limit.max(1)
    }

    fn used_bytes(&self) -> usize {
        self.files.iter().map(|node| node.seen.len()).sum()
    }

    fn name(&mut self, naming: Naming) {
        let mut names = std::mem::take(&mut self.names);
        naming.apply(&mut names);
        self.names = names;
        self.unsynced.push(naming);
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Put(path, node) => {
                names.insert(path.clone(), *node);
            }
            Self::Remove(path) => {
                names.remove(path);
            }
            Self::Rename(from, to) => {
                if let Some(node) = names.remove(from) {
                    names.insert(to.clone(), node);
                }
            }
        }
    }
}

impl Node {
    /// Makes each sector that was not synced durable, or forgets it.
    fn lose_some(&mut self, state: &mut State) {
        for (at, bytes) in std::mem::take(&mut self.unsynced) {
            // Most crashes leave all or nothing of a write; the others tear it.
            let fate = state.below(4);
            for (number, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                let kept = fate == 0 || (fate > 1 && state.below(2) == 0);
                if kept {
                    put(&mut self.durable, at + number * SECTOR_BYTES, sector);
                }
            }
        }
    }
}

/// Writes over and beyond the end; a hole holds zeros.
fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    if let Some(place) = file.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
}

impl Disk for SimulatedDisk {
    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let mut state = self.state();
        if !state.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        let held = Held { disk: self.clone(), path: path.to_owned(), crashes: state.crashes };
        Ok(Some(Box::new(held)))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let state = self.state();
        Ok(state.names.keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        if state.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        state.faults.meet(Operation::Create)?;
        let node = state.files.len();
        state.files.push(Node::default());
        state.name(Naming::Put(path.to_owned(), node));
        Ok(Arc::new(SimulatedFile { disk: self.clone(), node, crashes: state.crashes }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state();
        let node = state.find(path)?;
        Ok(Arc::new(SimulatedFile { disk: self.clone(), node, crashes: state.crashes }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.find(from)?;
        state.faults.meet(Operation::Rename)?;
        state.name(Naming::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.find(path)?;
        state.faults.meet(Operation::Remove)?;
        state.name(Naming::Remove(path.to_owned()));
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.faults.meet(Operation::SyncFolder)?;
        state.unsynced.clear();
        state.durable_names = state.names.clone();
        Ok(())
    }
}

/// A lock that is given back when it is dropped, unless a crash did so before.
struct Held {
    disk: SimulatedDisk,
    path: PathBuf,
    crashes: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.crashes == self.crashes {
            state.locks.remove(&self.path);
        }
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    node: usize,
    crashes: u64,
}

impl SimulatedFile {
    /// Does something with the file, if the power has not gone since it was opened.
    fn with<T>(&self, act: impl FnOnce(&mut Node, &mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.disk.state();
        if state.crashes != self.crashes {
            return Err(io::Error::other("the power went since this was opened"));
        }
        let mut node = state.files.get_mut(self.node).map(std::mem::take).unwrap_or_default();
        let outcome = act(&mut node, &mut state);
        if let Some(place) = state.files.get_mut(self.node) {
            *place = node;
        }
        outcome
    }
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        self.with(|node, _| Ok(node.seen.len() as u64))
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        let at = place(at)?;
        self.with(|node, _| {
            let found = node.seen.get(at..at.saturating_add(bytes.len()));
            bytes.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let at = place(at)?;
        self.with(|node, state| {
            if let Err(error) = state.faults.meet(Operation::Write) {
                let some = bytes.get(..state.below(bytes.len() + 1)).unwrap_or_default();
                put(&mut node.seen, at, some);
                node.unsynced.push((at, some.to_vec()));
                return Err(error);
            }
            // The node is out of the state while it is written to.
            let used = state.used_bytes() + node.seen.len();
            let grows = (at + bytes.len()).saturating_sub(node.seen.len());
            let room = state.capacity_bytes.map_or(usize::MAX, |most| most.saturating_sub(used));
            let fits = bytes.len() - grows.saturating_sub(room).min(bytes.len());
            let written = bytes.get(..fits).unwrap_or_default();
            put(&mut node.seen, at, written);
            node.unsynced.push((at, written.to_vec()));
            if fits == bytes.len() { Ok(()) } else { Err(ErrorKind::StorageFull.into()) }
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|node, state| {
            if let Err(error) = state.faults.meet(Operation::Sync) {
                // As Linux does: the pages count as clean now, whether they were written or not.
                node.lose_some(state);
                return Err(error);
            }
            for (at, bytes) in std::mem::take(&mut node.unsynced) {
                put(&mut node.durable, at, &bytes);
            }
            Ok(())
        })
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        let length = place(length)?;
        self.with(|_, state| state.faults.meet(Operation::Cut))?;
        self.sync()?;
        self.with(|node, _| {
            node.seen.truncate(length);
            node.durable.truncate(length);
            Ok(())
        })
    }

    fn is_named(&self, path: &Path) -> io::Result<bool> {
        let node = self.node;
        self.with(|_, state| Ok(state.names.get(path) == Some(&node)))
    }
}

fn place(at: u64) -> io::Result<usize> {
    usize::try_from(at).map_err(|_| ErrorKind::FileTooLarge.into())
}
