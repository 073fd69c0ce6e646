//! The scenarios of `tests/door`, all of them, with the broker in this process and no socket
//! before it: however the broker is reached, the front door does the same. And brokers that are
//! not as they should be, which only such a transport can play.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that fails panics, and lives in real time"
)]

#[path = "../door/broker.rs"]
mod broker;
#[path = "../door/client.rs"]
mod client;
mod connection;
#[path = "../door/counting.rs"]
mod counting;
#[path = "../door/hostile.rs"]
mod hostile;
mod joining;
#[path = "../door/log.rs"]
mod log;
#[path = "../door/pki.rs"]
mod pki;
#[path = "../door/policies.rs"]
mod policies;
#[path = "../door/rates.rs"]
mod rates;
#[path = "../door/reports.rs"]
mod reports;
mod small_broker;
#[path = "../door/stack.rs"]
mod stack;
#[path = "../door/stock.rs"]
mod stock;
#[path = "../door/tls.rs"]
mod tls;

use std::sync::Arc;

use fleetward_front_door::Upstream;

/// The broker behind the front doors of these tests: each gets its own.
fn upstream() -> Upstream {
    Upstream::Transport(Arc::new(connection::InProcess::default()))
}
