//! The broker as its owner sees it: clients send frames, take frames, come and go; what is to be
//! kept is kept, or not yet, or lost with the process.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on may panic"
)]

mod attacks;
mod differences;
mod flows;
mod frames;
mod history;
mod keeping;
mod limits;
mod model;
mod reader;
mod sessions;
mod stage;
mod subscriptions;
