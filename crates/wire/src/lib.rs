//! AWS IoT's REST-JSON interface, as bytes in and values out.
//!
//! A request goes through these files in this order:
//!
//! 1. [`route`]: which [`Operation`] is it, and what are the labels of its path?
//! 2. [`sigv4`]: who signed it, and is the signature good?
//! 3. [`decode`]: labels, query, headers and body become one JSON object, typed by the model.
//! 4. [`check`]: every member that breaks one of the model's constraints, told at once.
//! 5. [`operation::Input::read`]: the object becomes the operation's struct in [`types`].
//!
//! Answers are the output structs of [`types`], and [`ApiError`]s. Tokens of [`paging`] carry a
//! listing from page to page.
//!
//! Operations, types, routes and constraints come from AWS's own service model (see
//! `cargo xtask model`), so that an operation is described once. Only this crate knows AWS's
//! JSON names. It knows no store, no socket, no clock and no async runtime, and it decides
//! nothing that AWS's model does not state: the rules between members live in the domain.

// Numbers in what comes here are chosen by peers.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod check;
pub mod convert;
pub mod datetime;
pub mod decode;
pub mod error;
mod generated;
pub mod limits;
pub mod operation;
pub mod paging;
pub mod route;
pub mod scalar;
pub mod shape;
pub mod sigv4;

pub use error::{ApiError, ErrorCode};
pub use generated::operations::Operation;
/// The inputs and outputs of the served operations, and what they are made of.
pub use generated::types;
pub use scalar::{Blob, Timestamp};
