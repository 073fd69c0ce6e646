//! The detector: a deterministic state machine over the records of one partition.
//!
//! `Partition::apply(record) -> effects`. No clock, no IO, no randomness: time is in the records,
//! so a history replays to the same state, and a profile can be tested against it.
//!
//! What is judged here: static criteria on every device-side metric, on custom metrics, and on
//! the sums that a front door counts. Not judged yet, though accepted in a profile:
//! `aws:message-byte-size`, `aws:disconnect-duration` and `aws:source-ip-address`.
//!
//! It is no store and no queue: what happened leaves as [`Effects`], and state leaves as opaque
//! chunks ([`Partition::take_dirty`]) for whoever commits both with the place in the log.

mod change;
mod chunk;
mod clock;
mod door;
mod effects;
mod error;
pub mod limits;
mod observation;
mod partition;
mod plan;
mod reports;
mod settings;
mod thing_state;
mod things;
mod tick;
mod verdict;
mod violation;
mod window;

pub use effects::Effects;
pub use error::DetectError;
pub use partition::Partition;
pub use settings::Settings;
