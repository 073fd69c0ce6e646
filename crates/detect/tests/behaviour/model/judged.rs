//! One behavior of one thing: all its datapoints and verdicts, worked out from its history.

use fleetward_domain::{
    Behavior, ComparisonOperator as Op, Count, CustomValue, DimensionOperator, Metric, MetricKind,
    MetricSource, MetricValue, Report,
};

use crate::scenario::show;

/// A behavior that applies to a thing, since it does.
pub(super) struct Judged {
    pub(super) behavior: Behavior,
    pub(super) begun_ms: i64,
    pub(super) partial: bool,
    pub(super) history: Vec<Happening>,
    /// Datapoints before a violation was invalidated.
    pub(super) forgotten: usize,
    /// What was told of it already.
    pub(super) told: usize,
    /// The last that was told of.
    pub(super) datapoint_ms: Option<i64>,
}

#[derive(Clone)]
pub(super) struct Happening {
    /// Windows that end by then are over.
    pub(super) closes_to_ms: i64,
    /// What was known of the thing before.
    pub(super) connected: bool,
    pub(super) seen_ms: Option<i64>,
    pub(super) datum: Datum,
}

#[derive(Clone)]
pub(super) enum Datum {
    Nothing,
    Report(i64, Report),
    Counts(i64, Vec<Count>),
}

#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) at_ms: i64,
    pub(super) conforms: bool,
    pub(super) value: MetricValue,
}

pub(super) fn window_ms(behavior: &Behavior) -> i64 {
    i64::from(behavior.criteria.as_ref().unwrap().duration_seconds.unwrap_or(1)) * 1_000
}

impl Judged {
    /// All datapoints since the behavior began to apply.
    pub(super) fn points(&self) -> Vec<Point> {
        let metric = self.behavior.metric.as_ref().unwrap();
        if metric.kind() != MetricKind::Sum {
            let reports = self.history.iter().filter_map(|happening| match &happening.datum {
                Datum::Report(at_ms, report) => self.point_of(*at_ms, report),
                _ => None,
            });
            return reports.collect();
        }
        // Sums: windows are gone through from the behavior's begin, with all that ever happened.
        let is_cloud = metric.source() == MetricSource::Cloud;
        let length = window_ms(&self.behavior);
        let mut points = Vec::new();
        let mut window = self.begun_ms.div_euclid(length);
        let mut growths: Vec<u64> = Vec::new();
        let (mut uncounted, mut judged) = (self.partial, false);
        for happening in &self.history {
            let reached = happening.closes_to_ms.div_euclid(length);
            while window < reached {
                let seen = happening.seen_ms.is_some_and(|seen_ms| seen_ms >= window * length);
                let present = is_cloud && (happening.connected || seen);
                if (present || !growths.is_empty()) && !uncounted && !judged {
                    points.push(self.point((window + 1) * length, growths.iter().sum()));
                }
                (growths, uncounted, judged) = (Vec::new(), false, false);
                let made_up = if is_cloud && happening.connected { 64 } else { 0 };
                window = (window + 1).max(reached - made_up);
            }
            let at_ms = match self.growth(&happening.datum) {
                Growth::Nothing => continue,
                Growth::Unknown => {
                    uncounted = true;
                    continue;
                }
                Growth::By(at_ms, growth) => {
                    growths.push(growth);
                    at_ms
                }
            };
            let so_far = self.point(at_ms, growths.iter().sum());
            let comparison =
                self.behavior.criteria.as_ref().unwrap().judgement.comparison().unwrap();
            let upper = matches!(comparison.operator(), Op::LessThan | Op::LessThanEquals);
            if upper && !so_far.conforms && !judged {
                judged = true;
                points.push(so_far);
            }
        }
        points
    }

    fn growth(&self, datum: &Datum) -> Growth {
        match (datum, self.behavior.metric.as_ref().unwrap()) {
            (Datum::Report(at_ms, report), Metric::AllBytesOut) => {
                report.network.bytes_out.map_or(Growth::Nothing, |by| Growth::By(*at_ms, by))
            }
            (Datum::Counts(at_ms, counts), Metric::MessagesSent) => {
                let of = |inside: bool| {
                    counts.iter().find(|c| c.dimension.is_some() == inside).map(|c| c.value)
                };
                match (&self.behavior.dimension, of(false), of(true)) {
                    (_, None, _) => Growth::Nothing,
                    (None, Some(total), _) => Growth::By(*at_ms, total),
                    (Some(_), Some(_), None) => Growth::Unknown,
                    (Some(dimension), Some(total), Some(inside)) => match dimension.operator {
                        DimensionOperator::In => Growth::By(*at_ms, inside),
                        DimensionOperator::NotIn => Growth::By(*at_ms, total - inside),
                    },
                }
            }
            _ => Growth::Nothing,
        }
    }

    fn point(&self, at_ms: i64, sum: u64) -> Point {
        let value = MetricValue::Count(sum);
        Point { at_ms, conforms: self.conforms(sum as f64), value }
    }

    fn conforms(&self, value: f64) -> bool {
        let comparison = self.behavior.criteria.as_ref().unwrap().judgement.comparison().unwrap();
        let limit = match comparison.value() {
            MetricValue::Count(limit) => *limit as f64,
            MetricValue::Number(limit) => *limit,
            _ => panic!("not a number"),
        };
        match comparison.operator() {
            Op::LessThan => value < limit,
            Op::LessThanEquals => value <= limit,
            Op::GreaterThan => value > limit,
            _ => panic!("not in use"),
        }
    }

    fn point_of(&self, at_ms: i64, report: &Report) -> Option<Point> {
        let comparison = self.behavior.criteria.as_ref().unwrap().judgement.comparison().unwrap();
        Some(match self.behavior.metric.as_ref().unwrap() {
            Metric::ListeningTcpPortCount => {
                let list = report.listening_tcp.as_ref()?;
                let count = list.total.or(list.ports.as_ref().map(|ports| ports.len() as u64))?;
                self.point(at_ms, count)
            }
            Metric::ListeningTcpPorts => {
                let MetricValue::Ports(good) = comparison.value() else { return None };
                let ports = report.listening_tcp.as_ref()?.ports.as_ref()?;
                let bad: Vec<u16> = ports.iter().copied().filter(|p| !good.contains(p)).collect();
                let shown = if bad.is_empty() { ports.clone() } else { bad.clone() };
                Point { at_ms, conforms: bad.is_empty(), value: MetricValue::Ports(shown) }
            }
            _ => match report.custom.first()?.value {
                CustomValue::Number(heat) => {
                    let value = MetricValue::Number(heat);
                    Point { at_ms, conforms: self.conforms(heat), value }
                }
                _ => return None,
            },
        })
    }

    /// Whether a violation is open after what was told of.
    pub(super) fn is_open(&self) -> bool {
        let points = self.points();
        opened_at(&self.behavior, &points[self.forgotten..self.told]).is_some()
    }

    /// Tells of the last of these points.
    pub(super) fn tell_point(&self, points: &[Point], what: &str, told: &mut Vec<String>) {
        let last = points.last().unwrap();
        let before = opened_at(&self.behavior, &points[..points.len() - 1]);
        let after = opened_at(&self.behavior, points);
        let value = show(&last.value);
        if let (Some(opened), false) = (after, last.conforms) {
            let run = points[..=opened].iter().rev().take_while(|point| !point.conforms);
            let started_ms = run.last().unwrap().at_ms;
            told.push(format!("violation {what} {started_ms}-{} {value}", last.at_ms));
        }
        match (before, after) {
            (None, Some(_)) => told.push(format!("in-alarm {what}@{} {value}", last.at_ms)),
            (Some(_), None) => told.push(format!("alarm-cleared {what}@{} {value}", last.at_ms)),
            _ => {}
        }
    }
}

/// The point that opened the violation that is open after these points.
fn opened_at(behavior: &Behavior, points: &[Point]) -> Option<usize> {
    let criteria = behavior.criteria.as_ref().unwrap();
    let (to_alarm, to_clear) = (criteria.to_alarm() as usize, criteria.to_clear() as usize);
    let mut opened = None;
    for count in 1..=points.len() {
        let last_are = |number: usize, conform: bool| {
            count >= number && points[count - number..count].iter().all(|p| p.conforms == conform)
        };
        if opened.is_none() && last_are(to_alarm, false) {
            opened = Some(count - 1);
        } else if opened.is_some() && last_are(to_clear, true) {
            opened = None;
        }
    }
    opened
}

enum Growth {
    Nothing,
    By(i64, u64),
    Unknown,
}
