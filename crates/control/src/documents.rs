//! Documents of the store as values of the domain, and commits of several at once.

use fleetward_domain::Change;
use fleetward_store::{Document, Kind, Precondition, Store, StoreError, Tx};
use fleetward_wire::ApiError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ControlError;
use crate::limits::COMMIT_TRIES;

/// A value of the store, with the version to write it back on.
pub(crate) struct Versioned<T> {
    pub(crate) value: T,
    pub(crate) version: u64,
}

/// Reads a document.
pub(crate) async fn find<T: DeserializeOwned>(
    store: &dyn Store,
    kind: Kind,
    key: &str,
) -> Result<Option<Versioned<T>>, ControlError> {
    let Some(document) = store.get(kind, key).await? else { return Ok(None) };
    Ok(Some(Versioned { value: read(kind, &document)?, version: document.version }))
}

/// The value of a document.
pub(crate) fn read<T: DeserializeOwned>(
    kind: Kind,
    document: &Document,
) -> Result<T, ControlError> {
    serde_json::from_slice(&document.value).map_err(|error| ControlError::Corrupt {
        what: format!("{kind:?} {}", document.key),
        problem: error.to_string(),
    })
}

/// The key of an edge.
pub(crate) fn edge_key(left: &str, right: &str) -> String {
    format!("{left}\0{right}")
}

/// The start of the keys of all edges from here.
pub(crate) fn edges_from(left: &str) -> String {
    edge_key(left, "")
}

/// The two ends of an edge's key.
pub(crate) fn edge_ends(key: &str) -> (&str, &str) {
    key.split_once('\0').unwrap_or((key, ""))
}

/// A commit being put together.
#[derive(Default)]
pub(crate) struct Draft {
    tx: Tx,
    unwritable: Option<serde_json::Error>,
}

impl Draft {
    /// A document that must not be there yet.
    pub(crate) fn create(&mut self, kind: Kind, key: &str, value: &impl Serialize) {
        self.tx.preconditions.push(Precondition::Absent(kind, key.to_owned()));
        self.put(kind, key, value);
    }

    /// A document that nobody must have written since it was read.
    pub(crate) fn replace(&mut self, kind: Kind, key: &str, version: u64, value: &impl Serialize) {
        self.tx.preconditions.push(Precondition::VersionIs(kind, key.to_owned(), version));
        self.put(kind, key, value);
    }

    /// Removes a document that nobody must have written since it was read.
    pub(crate) fn remove(&mut self, kind: Kind, key: &str, version: u64) {
        self.tx.preconditions.push(Precondition::VersionIs(kind, key.to_owned(), version));
        self.tx.deletes.push((kind, key.to_owned()));
    }

    /// A document that must be there.
    pub(crate) fn require(&mut self, kind: Kind, key: &str) {
        self.tx.preconditions.push(Precondition::Exists(kind, key.to_owned()));
    }

    /// Lets all commits that pass the gate of this name happen one after the other: of two that
    /// [read](read_gate) the same version, one is tried again. This is how a count is kept within
    /// its limit.
    pub(crate) fn pass_gate(&mut self, name: &str, version: Option<u64>) {
        match version {
            Some(version) => self.replace(Kind::Setting, &gate_key(name), version, &()),
            None => self.create(Kind::Setting, &gate_key(name), &()),
        }
    }

    /// Draws an edge, or draws it again.
    pub(crate) fn draw_edge(&mut self, kind: Kind, left: &str, right: &str) {
        self.put(kind, &edge_key(left, right), &());
    }

    /// Removes an edge, if it is there.
    pub(crate) fn remove_edge(&mut self, kind: Kind, left: &str, right: &str) {
        self.tx.deletes.push((kind, edge_key(left, right)));
    }

    /// Writes a document, whatever was there.
    pub(crate) fn put(&mut self, kind: Kind, key: &str, value: &impl Serialize) {
        match serde_json::to_vec(value) {
            Ok(value) => self.tx.puts.push((kind, key.to_owned(), value)),
            Err(error) => self.unwritable = Some(error),
        }
    }

    /// What this means to detectors and front doors.
    pub(crate) fn change(&mut self, change: Change) {
        self.tx.changes.push(change);
    }
}

/// The version of a gate, to [pass](Draft::pass_gate) it on.
pub(crate) async fn read_gate(store: &dyn Store, name: &str) -> Result<Option<u64>, ControlError> {
    Ok(store.get(Kind::Setting, &gate_key(name)).await?.map(|document| document.version))
}

fn gate_key(name: &str) -> String {
    edge_key("gate", name)
}

/// Counts the tries of a write that others may be in the way of.
#[derive(Default)]
pub(crate) struct Race {
    lost: u32,
}

impl Race {
    /// Commits. False: someone else wrote meanwhile; read again, decide again and commit again.
    ///
    /// # Errors
    /// `ServiceUnavailableException` where that happened too often; internal errors.
    pub(crate) async fn won(&mut self, store: &dyn Store, draft: Draft) -> Result<bool, ApiError> {
        if let Some(error) = draft.unwritable {
            tracing::error!(%error, "a document could not be written as JSON");
            return Err(ApiError::internal());
        }
        match store.commit(draft.tx).await {
            Ok(_) => Ok(true),
            Err(StoreError::Precondition { .. }) => {
                self.lost = self.lost.saturating_add(1);
                if self.lost >= COMMIT_TRIES {
                    return Err(ApiError::unavailable(
                        "Others keep changing the same resource. Try again.",
                    ));
                }
                // Those who lost together must not meet again in step.
                tokio::task::yield_now().await;
                Ok(false)
            }
            Err(error) => Err(ControlError::from(error).into()),
        }
    }
}
