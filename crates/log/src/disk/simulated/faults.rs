//! Faults that were asked for: the n-th operation of a kind fails.

use std::io::{self, ErrorKind};

/// What a disk is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A new file.
    Create,
    /// Bytes into a file.
    Write,
    /// A file's bytes made durable.
    Sync,
    /// A file cut off.
    Cut,
    /// Another name for a file.
    Rename,
    /// A file's name taken away.
    Remove,
    /// Names made durable.
    SyncFolder,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Create,
        Self::Write,
        Self::Sync,
        Self::Cut,
        Self::Rename,
        Self::Remove,
        Self::SyncFolder,
    ];
}

#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

struct Fault {
    operation: Operation,
    /// So many succeed before it.
    left: u32,
    how: ErrorKind,
}

impl Faults {
    /// One more; those of the same kind come one after the other.
    pub(super) fn add(&mut self, operation: Operation, left: u32, how: ErrorKind) {
        self.0.push(Fault { operation, left, how });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fault of this operation, if it is its turn. It comes once.
    pub(super) fn meet(&mut self, operation: Operation) -> io::Result<()> {
        let next = self.0.iter_mut().enumerate().find(|(_, fault)| fault.operation == operation);
        match next {
            None => Ok(()),
            Some((_, fault)) if fault.left > 0 => {
                fault.left -= 1;
                Ok(())
            }
            Some((place, _)) => {
                let fault = self.0.remove(place);
                Err(io::Error::new(fault.how, format!("the {operation:?} was to fail")))
            }
        }
    }
}
