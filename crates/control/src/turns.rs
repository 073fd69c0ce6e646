//! Turns: writers of one document in this process go one after the other.
//!
//! A call first tries without waiting. Who loses a race over a document queues for it, reads
//! again when it is its turn, and commits while the others wait; who comes later and would write
//! a document that has a queue stands in line as well. So a writer loses to those that were under
//! way already, and to other processes, but never again and again to newcomers.
//!
//! [`Turns::commit`] is the only loop around a commit in this crate.

use std::collections::BTreeSet;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

use fleetward_store::{Documents, Kind, Precondition, StoreError, Tx};
use tokio::sync::{Mutex, MutexGuard};

use crate::limits::{COMMIT_TRIES, TURN_PLACES};
use crate::prepared::Prepared;

#[cfg(test)]
mod tests;

/// The queues, a fixed number of them. Documents that share one by the hash of their keys take
/// turns for no reason, which costs a little time and nothing else.
pub(crate) struct Turns {
    places: Vec<Place>,
}

#[derive(Default)]
struct Place {
    /// Tokio's mutex is fair: first come, first served.
    lock: Mutex<()>,
    /// How many hold the lock or wait for it.
    queued: AtomicUsize,
}

/// The places that one call holds.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    places: BTreeSet<usize>,
    held: Vec<Held<'a>>,
}

struct Held<'a> {
    _guard: MutexGuard<'a, ()>,
    _queued: Queued<'a>,
}

/// Counted as queued until dropped, also where the caller goes away while it waits.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn at(place: &'a Place) -> Self {
        place.queued.fetch_add(1, Ordering::SeqCst);
        Self(&place.queued)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self { places: (0..TURN_PLACES).map(|_| Place::default()).collect() }
    }
}

impl Turns {
    /// Commits what is prepared, and prepares it again while others are faster.
    ///
    /// # Errors
    /// Those of `prepare` and of the store. [`StoreError::Precondition`] only where other
    /// processes keep writing the same documents.
    pub(crate) async fn commit<T, E, F>(
        &self,
        store: &(impl Documents + ?Sized),
        mut prepare: impl FnMut() -> F,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<Prepared<T>, E>>,
        E: From<StoreError>,
    {
        // The first try waits for nobody: most documents have one writer at a time.
        let mut turn = self.begin();
        let mut lost = 0;
        loop {
            let Prepared { tx, answer } = prepare().await?;
            let Some(tx) = tx else { return Ok(answer) };
            if turn.wait_behind_others(&tx).await {
                continue;
            }
            match store.commit(tx).await {
                Ok(_) => return Ok(answer),
                Err(StoreError::Precondition(over)) => {
                    lost += 1;
                    if lost >= COMMIT_TRIES {
                        return Err(StoreError::Precondition(over).into());
                    }
                    turn.wait_after_losing(&over).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The turn of a call that has not lost a race yet.
    pub(crate) fn begin(&self) -> Turn<'_> {
        Turn { turns: self, places: BTreeSet::new(), held: Vec::new() }
    }

    fn place_of(&self, kind: Kind, key: &str) -> usize {
        let mut hasher = DefaultHasher::new();
        (kind, key).hash(&mut hasher);
        // The remainder is below the number of places, so it fits.
        usize::try_from(hasher.finish() % TURN_PLACES as u64).unwrap_or_default()
    }
}

impl Turn<'_> {
    /// Stands in line for the documents of this commit that others queue for. True: it waited, so
    /// that what was read before is old.
    pub(crate) async fn wait_behind_others(&mut self, tx: &Tx) -> bool {
        let places: BTreeSet<usize> =
            tx.preconditions.iter().map(|written| self.place_of(written)).collect();
        let is_queued = |place: &usize| {
            let queued = self.turns.places.get(*place).map(|place| &place.queued);
            !self.places.contains(place)
                && queued.is_some_and(|queued| queued.load(Ordering::SeqCst) > 0)
        };
        let queued: Vec<usize> = places.into_iter().filter(is_queued).collect();
        if queued.is_empty() {
            return false;
        }
        self.places.extend(queued);
        self.wait().await;
        true
    }

    /// Stands in line for the document over which a race was lost.
    pub(crate) async fn wait_after_losing(&mut self, over: &Precondition) {
        if self.places.insert(self.place_of(over)) {
            self.wait().await;
        }
    }

    /// Takes all places anew, in one order for all callers, so that no two wait for each other.
    async fn wait(&mut self) {
        self.held.clear();
        for place in self.places.iter().filter_map(|place| self.turns.places.get(*place)) {
            let queued = Queued::at(place);
            self.held.push(Held { _guard: place.lock.lock().await, _queued: queued });
        }
    }

    fn place_of(&self, precondition: &Precondition) -> usize {
        let (Precondition::Absent(kind, key)
        | Precondition::Exists(kind, key)
        | Precondition::VersionIs(kind, key, _)) = precondition;
        self.turns.place_of(*kind, key)
    }
}
