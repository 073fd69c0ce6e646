//! Records of the event log: everything that a detector ever learns, in the order it learns it.
//!
//! Time is in the records. A partition that applies the same records reaches the same state.

use std::net::IpAddr;

use crate::EpochMs;
use crate::change::Change;
use crate::datapoint::Report;
use crate::dimension::MetricDimension;
use crate::metric::Metric;
use crate::name::{BehaviorName, DimensionName, ProfileName, ThingName};

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
    /// What [`Record::Watermark`] says, of the only front door there is: all that format levels
    /// below [`FormatLevel::Proven`](crate::FormatLevel::Proven) can say. In every partition.
    Tick(EpochMs),
    /// This front door has logged everything that it stamped before `until_ms`. In every partition,
    /// when somebody waits for it; windows close by it and by nothing else.
    Watermark {
        /// The front door's name.
        door: String,
        /// Which start of it.
        boot: u64,
        /// Until when, exclusive.
        until_ms: EpochMs,
    },
    /// The clock by which this front door stamps was set: its times go on at `to_ms`. In every
    /// partition; makes no verdict.
    ClockSet {
        /// The front door's name.
        door: String,
        /// Which start of it.
        boot: u64,
        /// Where its times ended.
        from_ms: EpochMs,
        /// Where they go on.
        to_ms: EpochMs,
    },
    /// Nobody counts through this front door any more. In every partition; windows from there are
    /// not counted whole, and what that start of it still says is not looked at.
    DoorGone {
        /// The front door's name.
        door: String,
        /// Which start of it.
        boot: u64,
        /// Until when it was there, exclusive.
        until_ms: EpochMs,
    },
    /// What one window of the whole fleet says for the next. In every partition.
    Threshold(Threshold),
}

/// The threshold of a statistical behavior for one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The profile.
    pub profile: ProfileName,
    /// The behavior in it.
    pub behavior: BehaviorName,
    /// Tells the behavior's metric, dimension and criteria from those that it had before or has
    /// after: a threshold serves one. Below 2^63.
    pub generation: u64,
    /// The begin of the window that it serves.
    pub from_ms: EpochMs,
    /// The percentile's value; none if there is none, so that nothing is judged in that window.
    pub value: Option<f64>,
    /// How many things gave a value.
    pub things: u64,
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
    /// The time of the first that was counted, where that is before the last millisecond of the
    /// stretch. None: all of it was in that, or the format level cannot say it.
    pub since_ms: Option<EpochMs>,
    /// Whether the thing is connected through this front door at `until_ms`.
    pub connected: bool,
    /// What was counted.
    pub counts: Vec<Count>,
    /// How large its messages were: in all, and inside and outside of each dimension that somebody
    /// asks for.
    pub sizes: Vec<Sizes>,
    /// From where it connected, and from where it sent on topics of dimensions that somebody asks
    /// for; each once.
    pub sources: Vec<Source>,
    /// Its last disconnect, where it is not connected at `until_ms` through this front door and
    /// was before.
    pub away_since_ms: Option<EpochMs>,
}

/// How large the messages of a stretch were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// None: all messages.
    pub dimension: Option<MetricDimension>,
    /// The smallest payload in bytes.
    pub min: u64,
    /// The largest payload in bytes.
    pub max: u64,
    /// All payloads together in bytes.
    pub total: u64,
    /// How many messages; never zero.
    pub messages: u64,
}

/// An address that a thing spoke from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// None: it connected from there. Some: it sent on such topics from there.
    pub dimension: Option<MetricDimension>,
    /// The address.
    pub address: IpAddr,
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
