//! Hands to work a running server with, for the end-to-end tests and the benchmarks: the server
//! itself as a child process, a signer of API calls, a device, a webhook.
//!
//! They block, and they fail loudly: whoever uses them is a test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong here is a failed test"
)]

pub mod api;
pub mod device;
pub mod http;
mod stack;
pub mod webhook;

pub use api::Signer;
pub use device::Device;
pub use stack::{PATIENCE, Stack, eventually};
pub use webhook::{TOPIC_ARN, Webhook};
