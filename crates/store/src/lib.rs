//! The store: documents, the feed of their changes, detection state, violations and the outbox.
//!
//! A few small traits, one a noun, so that the same control plane and detectors run on SQLite
//! (`sqlite`, embedded), on memory (`memory`, tests) and later on PostgreSQL. Only this crate
//! knows SQL. It knows no rule of AWS: who may write what is decided above it, and made safe
//! against races by preconditions.
//!
//! All methods are safe to call at once from many tasks; one that writes returns after its write
//! is durable.

mod codes;
#[cfg(test)]
mod conformance;
mod documents;
mod edge;
mod error;
mod held;
mod kind;
pub mod limits;
pub mod memory;
mod muted;
mod noun;
mod outbox;
mod partitions;
mod precondition;
mod reading;
mod shape;
pub mod sqlite;
mod summaries;
mod tx;
mod unreadable;
mod violations;

pub use documents::{Document, Documents};
pub use edge::{edge_ends, edge_key, edges_from};
pub use error::StoreError;
pub use kind::Kind;
pub use noun::{Noun, Versioned};
pub use outbox::{AlertStatus, DueAlert, Outbox};
pub use partitions::{Chunk, DetectionTx, PartitionClaim, PartitionProgress, Partitions, StateTx};
pub use precondition::Precondition;
pub use reading::{find, readable};
pub use shape::{
    AdministratorKey, CertificateAttachment, DepartedGroup, Fingerprint, FolderIdentity,
    FrontDoorBoot, Gate, KeyStatus, RelayPosition, SealedAccessKey, SealedAuthority,
};
pub use summaries::{Summaries, SummarySeries, WaitingSummary};
pub use tx::{Committed, Tx, Verification};
pub use unreadable::Unreadable;
pub use violations::{EventCursor, EventFilter, ViolationFilter, Violations};

/// Everything that must survive.
pub trait Store: Documents + Partitions + Violations + Summaries + Outbox {}

impl<T: Documents + Partitions + Violations + Summaries + Outbox + ?Sized> Store for T {}
