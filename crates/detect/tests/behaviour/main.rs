//! What detection does, as scenarios: one file a theme.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod absence;
mod activities;
mod consecutive;
mod damaged_state;
mod dimensions;
mod doors;
mod duplicates;
mod exports;
mod hashed_anew;
mod invalidation;
mod line;
mod lists_and_gauges;
mod measuring;
mod random_records;
mod replay;
mod scenario;
mod severity;
mod shared_measures;
mod silence;
mod sizes_and_sources;
mod stalls;
mod statistical;
mod stored_formats;
mod sums_of_reports;
mod targets;
mod the_line;
mod unregistered;
mod violations;
