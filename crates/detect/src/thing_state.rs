//! What is remembered of a thing. Bounded by its behaviors, never by its traffic.

use fleetward_domain::{EpochMs, MetricValue, Severity, ThingName};

use crate::measure::{MeasuredThing, ReaderId};
use crate::plan::Plan;
use crate::rule::Run;
use crate::short_name::ShortName;

/// One thing's state: under 200 bytes, and at most 24 for each behavior that applies to it.
#[derive(Debug)]
pub(crate) struct ThingState {
    pub(crate) name: ShortName,
    pub(crate) measured: MeasuredThing,
    pub(crate) judged: Judged,
}

/// What is remembered of the verdicts over a thing.
#[derive(Debug)]
pub(crate) struct Judged {
    /// Its place among the audiences: who it is to the profiles.
    pub(crate) audience: u32,
    /// How many violations it has opened: makes the ids of its violations differ.
    pub(crate) transitions: u32,
    /// One for each rule of its plan, in the plan's order.
    pub(crate) runs: Box<[Run]>,
    /// Violations that are open now, by rule.
    pub(crate) open: OpenViolations,
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

/// Violations that are open now, by rule. Most things have none, so that they get eight bytes.
#[derive(Debug, Default, PartialEq)]
#[allow(clippy::box_collection, reason = "a third of the bytes where there are none")]
pub(crate) struct OpenViolations(Option<Box<Vec<OpenViolation>>>);

impl OpenViolations {
    pub(crate) fn as_slice(&self) -> &[OpenViolation] {
        self.0.as_ref().map_or(&[], |open| open.as_slice())
    }

    /// That of a rule, to be changed.
    pub(crate) fn get_mut(&mut self, rule: ReaderId) -> Option<&mut OpenViolation> {
        self.0.as_mut()?.iter_mut().find(|open| open.rule == rule)
    }

    /// The behavior of a rule whose violation is open gave a datapoint: it is not silent.
    pub(crate) fn heard(&mut self, rule: ReaderId, at_ms: EpochMs) {
        if let Some(open) = self.get_mut(rule) {
            open.datapoint_ms = at_ms;
        }
    }

    pub(crate) fn insert(&mut self, violation: OpenViolation) {
        let open = self.0.get_or_insert_default();
        let after = open.partition_point(|other| other.rule < violation.rule);
        open.insert(after, violation);
    }

    pub(crate) fn remove(&mut self, rule: ReaderId) -> Option<OpenViolation> {
        let open = self.0.as_mut()?;
        let place = open.iter().position(|open| open.rule == rule)?;
        let removed = open.remove(place);
        if open.is_empty() {
            // Do not keep the memory of those that had one.
            self.0 = None;
        }
        Some(removed)
    }

    /// Gives every violation the place of its rule in another plan; those without one go.
    pub(crate) fn move_rules(&mut self, place_of: impl Fn(ReaderId) -> Option<ReaderId>) {
        for mut violation in self.0.take().map_or_else(Vec::new, |open| *open) {
            if let Some(place) = place_of(violation.rule) {
                violation.rule = place;
                self.insert(violation);
            }
        }
    }
}

impl ThingState {
    /// A thing that was never seen before `from_ms`.
    pub(crate) fn new(name: &ThingName, audience: u32, plan: &Plan, from_ms: EpochMs) -> Self {
        let judged = Judged {
            audience,
            transitions: 0,
            runs: plan.rules.iter().map(|_| Run::default()).collect(),
            open: OpenViolations::default(),
        };
        let measured = MeasuredThing::new(&plan.measures, from_ms);
        Self { name: ShortName::new(name), measured, judged }
    }

    /// Whether a front door says that it is connected.
    pub(crate) fn is_connected(&self) -> bool {
        self.measured.is_connected()
    }
}

#[cfg(test)]
mod tests {
    use fleetward_domain::{Measure, Metric};

    use super::*;
    use crate::measure::{MeasurePlan, Series, Window};

    #[test]
    fn a_thing_takes_under_200_bytes_and_24_a_behavior() {
        assert!(size_of::<Option<ThingState>>() <= 160, "{}", size_of::<Option<ThingState>>());
        assert_eq!(size_of::<Run>() + size_of::<Window>(), 24);
    }

    /// Bytes behind the pointers of a thing that is judged by behaviors on these metrics. The
    /// first release took 24 for each behavior.
    fn check(metrics: &[&str], expected: usize) {
        let series = metrics.iter().map(|name| {
            let measure = Measure { metric: Metric::parse(name).unwrap(), dimension: None };
            Series::judged(measure, 300_000).unwrap()
        });
        let measured = MeasuredThing::new(&MeasurePlan::new(series), 0);
        let bytes = size_of_val(&*measured.windows) + metrics.len() * size_of::<Run>();
        assert_eq!(bytes, expected, "{metrics:?}");
    }

    #[test]
    fn the_ten_behaviors_of_the_engine_benchmark_take_less_than_in_the_first_release() {
        let sums =
            ["aws:all-bytes-out", "aws:all-bytes-in", "aws:all-packets-out", "aws:all-packets-in"];
        let others = [
            "aws:num-established-tcp-connections",
            "aws:num-listening-tcp-ports",
            "aws:listening-tcp-ports",
            "aws:destination-ip-addresses",
            "cpu_temp",
            "aws:num-listening-udp-ports",
        ];
        check(&[&sums[..], &others[..]].concat(), 4 * 24 + 6 * 8);
        check(&sums, 4 * 24);
        check(&["aws:all-bytes-out"; 10], 16 + 10 * 8);
    }
}
