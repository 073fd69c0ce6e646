//! What a handler decides: what to write, and what to answer once that is written.

use fleetward_store::Tx;

/// The outcome of an operation before it happens. Whoever has it may commit it with others in one
/// transaction, or drop it: nothing was written yet.
#[derive(Debug)]
pub struct Prepared<T> {
    /// What to commit; none where nothing changes.
    pub tx: Option<Tx>,
    /// The answer, true once `tx` is committed.
    pub answer: T,
}

impl<T> Prepared<T> {
    /// An answer that changes nothing.
    pub(crate) fn read(answer: T) -> Self {
        Self { tx: None, answer }
    }

    /// An answer that holds once this is committed.
    pub(crate) fn write(tx: Tx, answer: T) -> Self {
        Self { tx: Some(tx), answer }
    }
}
