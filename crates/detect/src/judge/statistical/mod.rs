//! Statistical thresholds: what a fleet's values of one window come to, and the percentile of them
//! that the next window is judged by.
//!
//! Source: the service model on `StatisticalThreshold`: metrics are collected over
//! `durationSeconds` from all reporting devices, ranks are calculated, and then the measurements
//! of a device over the same period are compared with the value at the rank.

mod codec;
mod criteria;
mod fleet;
mod merge;
mod sketch;
mod summary;

#[cfg(test)]
mod tests;

pub use codec::{decode, encode};
pub(crate) use criteria::StatisticalCriteria;
pub(crate) use fleet::{Fleet, Made, Waited};
pub use sketch::Sketch;
pub use summary::Summary;
