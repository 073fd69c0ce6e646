//! Measuring: reports, what front doors counted, and time become datapoints.
//!
//! A library of its own inside the room: it knows no criteria, no rules and no violations (a
//! test), so that whoever keeps the history of metrics measures with the same code. What is to be
//! measured of things that are alike is a [`MeasurePlan`], made of the [`Series`] that its readers
//! want; what is known of one thing is a [`MeasuredThing`]; the datapoints go to a [`Listener`].
//!
//! Readers that want the same series share its window. What front doors count becomes a datapoint
//! when its window closes, by the line of the [`Clock`] and by nothing else; what a report carries
//! at once, or in a window if the series sums it. What is of a window after the open one waits
//! aside until that has closed.
//!
//! What has no window is read from the report for each reader anew, even if two want the same.
//! Readers are told in the order of their plan, which replays hold to, so that a value read once
//! would have to be kept until the others' turn: in a table that every report fills and that even
//! lone readers pay for. Reading is a look at a field of the report (of custom metrics at their
//! short list), and lists are lent, not copied: cheaper than the table.

mod aside;
mod begins;
mod clock;
mod close;
mod doors;
pub(crate) mod fingerprint;
mod growth;
pub(crate) mod layout;
mod migration;
mod packed;
mod plan;
mod reader_id;
mod repeats;
mod series;
mod thing;
mod waiting;
mod words;

use fleetward_domain::Datapoint;

pub use begins::Begins;
pub(crate) use begins::{Grown, Own};
pub use clock::Clock;
pub use doors::{Door, Doors, Heard};
pub(crate) use migration::Way;
pub use plan::MeasurePlan;
pub use reader_id::ReaderId;
pub(crate) use repeats::{Generations, Repeats, Seen};
pub use series::{Fold, Series};
pub use thing::{MeasuredThing, Scene};
pub(crate) use waiting::Waiting;

/// How much of a window was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// All of it; and what front doors count of a thing that was connected from its begin.
    Whole,
    /// All of it, but the thing was not connected from its begin: too little is no wonder.
    FromLater,
    /// Not all: the value is at least what is told.
    InPart,
    /// Not all, and nothing was said of what was: nobody knows anything.
    Unsaid,
}

/// Who hears of what was measured.
pub trait Listener {
    /// A value came.
    fn datapoint(&mut self, reader: ReaderId, datapoint: Datapoint<'_>);

    /// A window's sum grew to this value: its datapoint will be at least that.
    fn grows(&mut self, _reader: ReaderId, _so_far: Datapoint<'_>) {}

    /// A window closed of which something is known.
    fn closes(&mut self, reader: ReaderId, datapoint: Datapoint<'_>, counted: Counted);
}
