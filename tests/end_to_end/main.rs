//! End to end: the real binary, driven by the clients that people have.
//!
//! Each test starts its own server on free ports in its own folder. The foreign clients are set
//! up by `cargo xtask test`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "real processes live in real time")]

mod absence;
mod aws_cli;
mod bad_input;
mod both_ends;
mod boto3;
mod command_line;
mod contention;
mod custom_metrics;
mod data_folder;
mod demo;
mod dimensions;
mod faults;
mod groups_and_mutes;
mod kill_nine;
mod listing;
mod metrics_export;
mod mosquitto;
mod python_agent;
mod repair;
mod statistical;
mod throttled;
mod tools;

use fleetward_hands::Stack;

/// A server with a period of one second.
fn start() -> Stack {
    start_with(&[], "")
}

/// The same with further arguments and a settings file.
fn start_with(arguments: &[&str], toml: &str) -> Stack {
    Stack::start(env!("CARGO_BIN_EXE_fleetward"), arguments, toml)
}

/// The same, not started yet.
fn prepare(arguments: &[&str], toml: &str) -> Stack {
    Stack::prepare(env!("CARGO_BIN_EXE_fleetward"), arguments, toml)
}
