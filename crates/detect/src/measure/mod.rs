//! Measuring: reports, what front doors counted, and time become datapoints.
//!
//! A library of its own inside the room: it knows no criteria, no rules and no violations (a
//! test), so that whoever keeps the history of metrics measures with the same code. What is to be
//! measured of things that are alike is a [`MeasurePlan`], made of the [`Series`] that its readers
//! want; what is known of one thing is a [`MeasuredThing`]; the datapoints go to a [`Listener`].
//!
//! Readers that want the same series share its window. What front doors count becomes a datapoint
//! when its window closes; what a report carries at once, or in a window if the series sums it.

mod clock;
mod doors;
mod migration;
mod plan;
mod reports;
mod series;
mod thing;
mod window;

use fleetward_domain::Datapoint;

pub use clock::Clock;
pub use doors::{Door, Doors, Heard};
pub(crate) use migration::share;
pub use plan::MeasurePlan;
pub(crate) use reports::{RecentReports, Seen};
pub use series::Series;
pub use thing::MeasuredThing;
pub(crate) use window::Window;

/// Who hears of what was measured. A reader is named by its place among those of the plan.
pub trait Listener {
    /// A value came, or a window that was counted whole has closed.
    fn datapoint(&mut self, reader: u32, datapoint: Datapoint<'_>);

    /// A window's sum grew to this value: its datapoint will be at least that.
    fn grows(&mut self, _reader: u32, _so_far: Datapoint<'_>) {}

    /// A window ended, after its datapoint if it has one.
    fn window_ended(&mut self, _reader: u32) {}
}
