//! The store in memory: for tests and the simulation. It does what the others do, and forgets it
//! all, unless a crash is played: see [`MemoryStore::crash`].

mod documents;
mod outbox;
mod partitions;
mod violations;

use std::sync::{Mutex, MutexGuard, PoisonError};

use fleetward_domain::format_level::FormatLevel;
use tokio::sync::watch;

use crate::unreadable::Unreadable;

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    level: FormatLevel,
    unreadable: Unreadable,
    newest_change: watch::Sender<u64>,
    newest_event: watch::Sender<u64>,
}

/// Everything, behind one lock.
#[derive(Clone, Debug, Default)]
struct State {
    documents: documents::DocumentTable,
    partitions: partitions::PartitionTable,
    violations: violations::ViolationTable,
    outbox: outbox::OutboxTable,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::at_level(FormatLevel::CURRENT)
    }

    /// An empty store that is written as this format level says.
    #[must_use]
    pub fn at_level(level: FormatLevel) -> Self {
        Self::holding(State::default(), level)
    }

    /// What is found after a crash at this moment: all writes that returned, and of those that
    /// did not each wholly or not at all. Whoever still holds this store writes to what is gone.
    #[must_use]
    pub fn crash(&self) -> Self {
        Self::holding(self.state().clone(), self.level)
    }

    fn holding(state: State, level: FormatLevel) -> Self {
        let newest_change = state.documents.newest_change();
        Self {
            state: Mutex::new(state),
            level,
            unreadable: Unreadable::default(),
            newest_change: watch::Sender::new(newest_change),
            newest_event: watch::Sender::new(0),
        }
    }

    /// A writer that panicked leaves the state as it was: each write checks before it changes.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event_written(&self) {
        self.newest_event.send_modify(|newest| *newest += 1);
    }
}
