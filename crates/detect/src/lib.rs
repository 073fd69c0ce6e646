//! The detector: a deterministic state machine over the records of one partition.
//!
//! `Partition::apply(record) -> effects`. No clock, no IO, no randomness: time is in the records,
//! so a history replays to the same state, and a profile can be tested against it.
//!
//! Inside: [`measure`] makes datapoints of what is seen of a thing; a judge turns each into a
//! verdict; the cursor counts verdicts and opens violations. Each module uses only those below it
//! (a test): partition - catalog - migration - cursor - thing_state - plan - rule - judge, absence,
//! measure.
//!
//! What is judged here: static and statistical criteria on the metrics that take them; what grows
//! with time alone ([`absence`]) by static ones.
//!
//! What is decided here, where the guide of AWS IoT Device Defender is silent:
//! - A window's datapoint has the time of the window's end, one that alarms early that of the
//!   record that crossed the bound; its event has the value of then, and the violation is brought
//!   up to the whole window's when that closes.
//! - Counters in reports give a datapoint only for windows in which a report carried them; those
//!   of front doors for every window in which a thing was seen or connected, zero included.
//! - A window that was not counted whole is judged against upper bounds only, and never
//!   conforms: where a behavior began in it, or a front door did not count a dimension yet.
//! - A behavior of a thing is silent if it gives no datapoint, whatever else of the thing is
//!   judged. One whose violation was invalidated begins anew.
//! - When a front door starts again, what was connected through it was so until then. What it had
//!   not logged before nobody counted, so that windows of that time are not whole.
//! - Windows close by the line that all front doors have drawn with their watermarks, and by
//!   nothing else. What was counted in a stretch that began before a behavior counts for it in no
//!   window.
//! - A behavior is the same as long as its metric, dimension and criteria are, and its profile's
//!   and its own name. Who hears of it is as the profile says when it happens; of a behavior that
//!   is no more, as the profile said last.
//! - A percentile ranks one value a window: what the window sums; of messages all their bytes; of
//!   a gauge the extreme on the side that the criteria bound. Windows that were not counted whole
//!   are not ranked. It bounds the window after it and no other; where it comes late, values wait
//!   for it, and where it never comes, the one after it says so.
//! - Nothing is said of the size of messages in a period without any.
//! - What profiles export is read beside the rules: what was counted of a period also where it was
//!   not counted whole, and what reports say with the period that was open when they were logged.
//!   Of reports, what is not sent yet is no state.
//!
//! It is no store and no queue: what happened leaves as the domain's `Effects`, and state
//! leaves as opaque
//! chunks ([`Partition::take_dirty`]) for whoever commits both with the place in the log.

mod absence;
mod catalog;
mod chunk;
mod cursor;
mod error;
mod export;
mod judge;
pub mod limits;
pub mod measure;
mod migration;
mod partition;
mod plan;
mod rule;
mod settings;
mod short_name;
mod thing_state;
mod things;

pub use error::DetectError;
pub use judge::statistical;
pub use partition::{Partition, Step};
pub use settings::Settings;
