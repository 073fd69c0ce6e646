//! What is remembered of a thing. Bounded by its behaviors, never by its traffic.

mod judged;

use fleetward_domain::{EpochMs, MetricValue, Severity, ThingName};

use crate::measure::{Generations, MeasuredThing, ReaderId, Scene};
use crate::short_name::ShortName;

pub(crate) use judged::Judged;

/// One thing's state: what most things have none of stands aside.
#[derive(Debug)]
pub(crate) struct ThingState {
    pub(crate) name: ShortName,
    /// Its place among the audiences: who it is to the profiles.
    pub(crate) audience: u32,
    pub(crate) measured: MeasuredThing,
    pub(crate) judged: Judged,
    /// When it reported: where its reports are to be looked for.
    pub(crate) reported: Generations,
    /// What it was counted as among the things.
    pub(crate) noted: Noted,
}

/// What the partition counts its things by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Noted {
    /// It waits for the line to move on.
    pub(crate) waits: bool,
    /// It has open violations.
    pub(crate) open: bool,
}

/// A violation that is open now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenViolation {
    /// Which rule of the thing's plan.
    pub(crate) rule: ReaderId,
    pub(crate) id: String,
    pub(crate) started_ms: EpochMs,
    pub(crate) last_ms: EpochMs,
    pub(crate) last_value: MetricValue,
    /// As the profile's tags said when it opened.
    pub(crate) severity: Severity,
    /// The last datapoint of its behavior, violating or not: its silence is measured from here.
    pub(crate) datapoint_ms: EpochMs,
}

impl ThingState {
    /// A thing that was never seen before `from_ms`.
    pub(crate) fn new(name: &ThingName, audience: u32, scene: Scene<'_>, from_ms: EpochMs) -> Self {
        let measured = MeasuredThing::new(scene, from_ms);
        let (name, judged, noted) = (ShortName::new(name), Judged::default(), Noted::default());
        Self { name, audience, measured, judged, reported: 0, noted }
    }

    /// Whether a front door says that it is connected.
    pub(crate) fn is_connected(&self) -> bool {
        self.measured.is_connected()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_takes_little_more_than_its_name() {
        assert!(size_of::<Option<ThingState>>() <= 96, "{}", size_of::<Option<ThingState>>());
    }
}
