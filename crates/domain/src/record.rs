//! Records of the event log: everything that a detector ever learns, in the order it learns it.
//!
//! Time is in the records. A partition that applies the same records reaches the same state.

use crate::EpochMs;
use crate::change::Change;
use crate::datapoint::Report;
use crate::metric::Metric;
use crate::name::{DimensionName, ThingName};

/// One record of one partition.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A device's report, parsed and accepted.
    Report {
        /// Whom it speaks of.
        thing: ThingName,
        /// When it came.
        at_ms: EpochMs,
        /// Who sent it.
        publisher: Publisher,
        /// What it says.
        report: Report,
    },
    /// What a front door counted of one thing since it last said so.
    Activity(Activity),
    /// A front door (re)started: nothing is connected through it. In every partition.
    DoorStarted {
        /// The front door's name.
        door: String,
        /// Grows with each start.
        boot: u64,
        /// When.
        at_ms: EpochMs,
    },
    /// A change of the registry or of a profile, with its place in the store's order of changes:
    /// one that was applied already is skipped.
    Change(u64, EpochMs, Change),
    /// Time passed. In every partition; closes windows.
    Tick(EpochMs),
}

/// Whether a report's publisher was the thing that it speaks of: a gateway may report for others,
/// and automatic responses act on a thing's own evidence only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publisher {
    /// The thing itself.
    Itself,
    /// Somebody whose policy allows it.
    Another,
    /// The first release did not note it.
    Unknown,
}

impl Publisher {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Itself, Self::Another, Self::Unknown];
}

/// What a front door counted of one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// The front door's name.
    pub door: String,
    /// Grows with each start of the front door.
    pub boot: u64,
    /// Grows with each record of this boot in this partition: a record seen twice counts once.
    pub seq: u64,
    /// The thing.
    pub thing: ThingName,
    /// The end of the stretch that was counted, exclusive: it counts for the window that holds
    /// the millisecond before.
    pub until_ms: EpochMs,
    /// Whether the thing is connected through this front door at `until_ms`.
    pub connected: bool,
    /// What was counted.
    pub counts: Vec<Count>,
}

/// One counter's growth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// A cloud-side sum.
    pub metric: Metric,
    /// None: everything. Some: only topics in this dimension. A front door that counts for a
    /// dimension says so with each total, also when it is zero: without it the detector cannot
    /// know how much lay outside.
    pub dimension: Option<DimensionName>,
    /// By how much it grew.
    pub value: u64,
}
