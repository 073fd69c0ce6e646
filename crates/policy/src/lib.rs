//! IoT policies of certificates and things, and the IAM-style policies of API keys: read a
//! document, and decide a request. One evaluator serves both.
//!
//! [`PolicyDocument::parse`] compiles a document once; [`evaluate`] then decides without looking
//! at text again, since it stands on the path of each message. What a request is about comes
//! in as values: the action, the ARN of the resource ([`actions`] builds it), and a
//! [`Context`] with what is known of the connection.
//!
//! It does not know where policies are stored or attached, which version is the default, or
//! what an unauthorised peer is told.
//!
//! One rule goes through all of it: a variable that has no value never widens what a statement
//! allows, and never narrows what it denies.

// Numbers in what comes here are chosen by peers.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod actions;
pub mod keys;
pub mod limits;

mod condition;
mod context;
mod document;
mod effect;
mod error;
mod evaluate;
mod missing;
mod pattern;
mod variables;

pub use context::Context;
pub use document::{PolicyDocument, PolicyVersion, Statement};
pub use effect::Effect;
pub use error::PolicyError;
pub use evaluate::{Decision, Request, evaluate};
pub use pattern::Pattern;
