//! A generated fleet: devices that report, now and then not as they should.
//!
//! The same numbers come out every time, so that what a detector must find in them is known. It
//! makes documents; it sends nothing.

mod fleet;
mod payload;
mod profile;
mod random;

pub use fleet::{Fleet, Simulated, thing_name};
pub use profile::engine_profile;
