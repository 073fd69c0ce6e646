//! How what exists is written down: shapes that more than one kind of storage needs.
//!
//! Records of the log, rows of the change feed and chunks of detection state hold the same
//! profiles, targets, metrics and values. Their bytes are told here once, apart from the domain's
//! types, so that a type can change without a stored byte changing with it. Reading is strict: what
//! a newer version added is an error that says so, never passed over.
//!
//! It is no format by itself: which version a record or a chunk has, its own codec says. What a
//! format level can say at all, [`sayable`] says.

pub mod cbor;
pub mod sayable;
