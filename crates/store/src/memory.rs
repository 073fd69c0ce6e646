//! The store in memory: for tests and the simulation. It does what the others do, and forgets it
//! all, unless a crash is played: see [`MemoryStore::crash`].

mod documents;
mod outbox;
mod partitions;
mod summaries;
mod violations;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fleetward_domain::FormatLevel;
use tokio::sync::watch;

use crate::error::StoreError;
use crate::tx::Tx;
use crate::unreadable::Unreadable;

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    level: FormatLevel,
    unreadable: Unreadable,
    newest_change: watch::Sender<u64>,
    newest_event: watch::Sender<u64>,
    others: Option<Others>,
}

/// Other processes on the same store, played by whoever made it.
struct Others(Box<BeforeCommit>);

type BeforeCommit = dyn Fn(&Tx) -> Result<(), StoreError> + Send + Sync;

impl fmt::Debug for Others {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Others")
    }
}

/// Everything, behind one lock.
#[derive(Clone, Debug, Default)]
struct State {
    documents: documents::DocumentTable,
    partitions: partitions::PartitionTable,
    violations: violations::ViolationTable,
    outbox: outbox::OutboxTable,
    summaries: summaries::SummaryTable,
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

    /// An empty store with which others are at work: every step on documents lets other tasks go
    /// first, as on a busy machine, and `before_commit` says for each commit how it fails, such
    /// as by a [`StoreError::Precondition`] where another process was faster.
    #[must_use]
    pub fn contended(
        before_commit: impl Fn(&Tx) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self { others: Some(Others(Box::new(before_commit))), ..Self::new() }
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
            others: None,
        }
    }

    async fn let_others_go_first(&self) {
        if self.others.is_some() {
            tokio::task::yield_now().await;
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
