//! Measuring: reports, what front doors counted, and time become datapoints.
//!
//! A library of its own inside the room: it knows no criteria, no rules and no violations (a
//! test), so that whoever keeps the history of metrics measures with the same code. What is to be
//! measured of things that are alike is a [`MeasurePlan`], made of the [`Series`] that its readers
//! want; what is known of one thing is a [`MeasuredThing`]; the datapoints go to a [`Listener`].
//!
//! Readers that want the same series share its window. What front doors count becomes a datapoint
//! when its window closes; what a report carries at once, or in a window if the series sums it.
//!
//! What has no window is read from the report for each reader anew, even if two want the same.
//! Readers are told in the order of their plan, which replays hold to, so that a value read once
//! would have to be kept until the others' turn: in a table that every report fills and that even
//! lone readers pay for. Reading is a look at a field of the report (of custom metrics at their
//! short list), and lists are lent, not copied: cheaper than the table.

mod clock;
mod doors;
mod migration;
mod plan;
mod reader_id;
mod reports;
mod series;
mod thing;
mod window;

use fleetward_domain::Datapoint;

pub use clock::Clock;
pub use doors::{Door, Doors, Heard};
pub(crate) use migration::share;
pub use plan::MeasurePlan;
pub use reader_id::ReaderId;
pub(crate) use reports::{RecentReports, Seen};
pub use series::Series;
pub use thing::MeasuredThing;
pub(crate) use window::Window;

/// Who hears of what was measured.
pub trait Listener {
    /// A value came, or a window that was counted whole has closed.
    fn datapoint(&mut self, reader: ReaderId, datapoint: Datapoint<'_>);

    /// A window's sum grew to this value: its datapoint will be at least that.
    fn grows(&mut self, _reader: ReaderId, _so_far: Datapoint<'_>) {}

    /// A window ended, after its datapoint if it has one.
    fn window_ended(&mut self, _reader: ReaderId) {}
}
