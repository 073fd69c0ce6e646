//! What a transaction demands.

use crate::kind::Kind;

/// What must hold for a transaction to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// No such document.
    Absent(Kind, String),
    /// The document is there.
    Exists(Kind, String),
    /// The document is there and has this version: nobody wrote it since it was read.
    VersionIs(Kind, String, u64),
}
