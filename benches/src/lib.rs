//! Benchmarks: ours beside the best that others or plain loops do, interleaved in one run on one
//! machine, and only after the answer was found to be right.
//!
//! They measure; they keep no figures. The unit is CPU time, since rates on shared machines say
//! little.

pub mod alarm_delay;
pub mod arguments;
pub mod cpu;
pub mod durable;
pub mod engine;
pub mod memory;
pub mod outcome;
pub mod percentile;
pub mod restart;
mod server;
