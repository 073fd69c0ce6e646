//! What the machine gives that is not the same twice: the time, and randomness.
//!
//! Both are values that are handed down ([`Clock`], [`Chance`]), so that a test sets them and the
//! simulation runs a whole server on virtual time from one seed. Everywhere else `clippy.toml`
//! bans the calls behind them. [`RecordClock`] is the time that stands in records: monotonic,
//! whatever is done to the machine's clock.
//!
//! It is no scheduler and no cryptography: keys are made from [`Chance`] by those who know them.

mod chance;
mod clock;
mod record_clock;

pub use chance::{Chance, NoRandomness};
pub use clock::Clock;
pub use record_clock::{Jump, LARGEST_DRIFT_MS, RecordClock, Stamp};
