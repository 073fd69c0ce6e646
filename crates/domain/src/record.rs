//! Records of the event log: everything that a detector ever learns, in the order it learns it.
//!
//! Time is in the records. A partition that applies the same records reaches the same state.

use crate::EpochMs;
use crate::change::Change;
use crate::datapoint::Report;
use crate::metric::Metric;
use crate::name::{DimensionName, ThingName};

/// One record of one partition.
#[derive(Clone, Debug, PartialEq, minicbor::Encode, minicbor::Decode)]
pub enum Record {
    /// A device's report, parsed and accepted.
    #[n(0)]
    Report(#[n(0)] ThingName, #[n(1)] EpochMs, #[n(2)] Report),
    /// What a front door counted of one thing since it last said so.
    #[n(1)]
    Activity(#[n(0)] Activity),
    /// A front door (re)started: nothing is connected through it. In every partition.
    #[n(2)]
    DoorStarted {
        /// The front door's name.
        #[n(0)]
        door: String,
        /// Grows with each start.
        #[n(1)]
        boot: u64,
        /// When.
        #[n(2)]
        at_ms: EpochMs,
    },
    /// A change of the registry or of a profile, with its place in the store's order of changes:
    /// one that was applied already is skipped.
    #[n(3)]
    Change(#[n(0)] u64, #[n(1)] EpochMs, #[n(2)] Change),
    /// Time passed. In every partition; closes windows.
    #[n(4)]
    Tick(#[n(0)] EpochMs),
}

/// What a front door counted of one thing.
#[derive(Clone, Debug, PartialEq, minicbor::Encode, minicbor::Decode)]
pub struct Activity {
    /// The front door's name.
    #[n(0)]
    pub door: String,
    /// Grows with each start of the front door.
    #[n(1)]
    pub boot: u64,
    /// Grows with each record of this boot in this partition: a record seen twice counts once.
    #[n(2)]
    pub seq: u64,
    /// The thing.
    #[n(3)]
    pub thing: ThingName,
    /// The end of the stretch that was counted, exclusive: it counts for the window that holds
    /// the millisecond before.
    #[n(4)]
    pub until_ms: EpochMs,
    /// Whether the thing is connected through this front door at `until_ms`.
    #[n(5)]
    pub connected: bool,
    /// What was counted.
    #[n(6)]
    pub counts: Vec<Count>,
}

/// One counter's growth.
#[derive(Clone, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Count {
    /// A cloud-side sum.
    #[n(0)]
    pub metric: Metric,
    /// None: everything. Some: only topics in this dimension. A front door that counts for a
    /// dimension says so with each total, also when it is zero: without it the detector cannot
    /// know how much lay outside.
    #[n(1)]
    pub dimension: Option<DimensionName>,
    /// By how much it grew.
    #[n(2)]
    pub value: u64,
}

/// The partition that holds all records of a thing: FNV-1a over its name, so that every process
/// and every version agrees.
#[must_use]
pub fn partition_of(thing: &str, partitions: u32) -> u32 {
    let hash = thing.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    u32::try_from((hash >> 16) % u64::from(partitions.max(1))).unwrap_or(0)
}
