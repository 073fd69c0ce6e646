//! The front door from outside: each test has its own door, broker, registry and log.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that fails panics, and lives in real time"
)]

mod broker;
mod client;
mod counting;
mod hostile;
mod log;
mod pki;
mod policies;
mod rates;
mod reports;
mod stack;
mod stock;
mod tls;

use fleetward_front_door::Upstream;

/// The broker behind the front doors of these tests; `tests/in_process` has another one.
fn upstream() -> Upstream {
    Upstream::Embedded
}
