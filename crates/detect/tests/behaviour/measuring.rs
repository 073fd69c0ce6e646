//! Measuring alone, as whoever keeps the history of metrics does it: without criteria, rules and
//! violations.

use std::fmt::Write;

use fleetward_detect::measure::{
    Begins, Clock, Counted, Listener, MeasurePlan, MeasuredThing, ReaderId, Scene, Series,
};
use fleetward_domain::{
    Count, Datapoint, DimensionOperator, Measure, Metric, MetricDimension, NetworkStats, Report,
    Sizes, Source,
};

use crate::scenario::*;

const PERIOD_MS: i64 = 1_000;

/// Writes down what it is told.
#[derive(Default)]
struct History(String);

impl Listener for History {
    fn datapoint(&mut self, reader: ReaderId, datapoint: Datapoint<'_>) {
        let Datapoint { measure, at_ms, value } = datapoint;
        let metric = measure.metric.as_str();
        writeln!(self.0, "{reader}: {metric}@{at_ms} {}", show(&value.to_value())).unwrap();
    }

    /// Whoever keeps history keeps windows that were counted whole.
    fn closes(&mut self, reader: ReaderId, datapoint: Datapoint<'_>, counted: Counted) {
        if !matches!(counted, Counted::InPart | Counted::Unsaid) {
            self.datapoint(reader, datapoint);
        }
    }
}

/// A thing that is measured by a plan, and how far everything was counted.
struct Measuring {
    plan: MeasurePlan,
    clock: Clock,
    thing: MeasuredThing,
    history: History,
}

impl Measuring {
    fn by(plan: MeasurePlan) -> Self {
        let clock = Clock::default();
        let scene = Scene { plan: &plan, begins: &Begins::default(), clock: &clock };
        let thing = MeasuredThing::new(scene, 0);
        Self { plan, clock, thing, history: History::default() }
    }

    fn report(&mut self, at_ms: i64, report: &Report) {
        let Self { plan, clock, thing, history } = self;
        let scene = Scene { plan, begins: &Begins::default(), clock };
        thing.report(scene, at_ms, report, history);
    }

    fn count(&mut self, at_ms: i64, counts: &[Count]) {
        let Self { plan, clock, thing, history } = self;
        let scene = Scene { plan, begins: &Begins::default(), clock };
        let mut activity = activity("d", 1, 1, at_ms + 1, "a", true, counts);
        let (dimension, address) = (None, [10, 0, 0, 1].into());
        activity.sizes = vec![Sizes { dimension: None, min: 1, max: 1, total: 1, messages: 1 }];
        activity.sources = vec![Source { dimension, address }];
        thing.count(scene, (at_ms, 1), &activity, history);
    }

    fn close(&mut self, line_ms: i64) -> &str {
        let Self { plan, clock, thing, history } = self;
        clock.draw_line(line_ms);
        thing.close(Scene { plan, begins: &Begins::default(), clock }, history);
        &self.history.0
    }
}

fn measure(metric: &str) -> Measure {
    Measure { metric: Metric::parse(metric).unwrap(), dimension: None }
}

fn retained(metric: &str) -> Series {
    Series::retained(measure(metric), PERIOD_MS).unwrap()
}

fn narrowed(metric: &str, operator: DimensionOperator) -> Measure {
    let name = "doors".to_owned().try_into().unwrap();
    Measure { dimension: Some(MetricDimension { name, operator }), ..measure(metric) }
}

#[test]
fn what_doors_counted_is_kept_by_the_period_and_what_reports_said_as_it_comes() {
    let inside = narrowed("aws:num-messages-sent", DimensionOperator::In);
    let plan = MeasurePlan::new([
        retained("aws:num-messages-sent"),
        retained("aws:all-bytes-out"),
        retained("aws:listening-tcp-ports"),
        Series::retained(inside, PERIOD_MS).unwrap(),
        retained("temperature"),
    ]);
    let mut measuring = Measuring::by(plan);
    measuring.count(300, &[sent(7), sent_in("doors", 3)]);
    let report = Report { report_id: 1, ..bytes_out(90) };
    let report = Report { listening_tcp: tcp_ports(&[22, 80]).listening_tcp, ..report };
    measuring.report(400, &report);
    measuring.report(600, &Report { report_id: 2, ..number("temperature", 20.5) });
    let expected = "\
1: aws:all-bytes-out@400 90
2: aws:listening-tcp-ports@400 [22, 80]
4: temperature@600 20.5
0: aws:num-messages-sent@1000 7
0: aws:num-messages-sent@2000 0
3: aws:num-messages-sent@1000 3
3: aws:num-messages-sent@2000 0
";
    assert_eq!(measuring.close(2_000), expected);
}

#[test]
fn judged_and_retained_measures_stand_side_by_side() {
    let judged = |window_ms| Series::judged(measure("aws:all-bytes-out"), window_ms).unwrap();
    let plan = MeasurePlan::new([judged(10_000), retained("aws:all-bytes-out"), judged(10_000)]);
    let mut measuring = Measuring::by(plan);
    for n in 1..4 {
        let report = Report { report_id: n, ..bytes_out(n.unsigned_abs()) };
        measuring.report(n * 1_000, &report);
    }
    let expected = "\
1: aws:all-bytes-out@1000 1
1: aws:all-bytes-out@2000 2
1: aws:all-bytes-out@3000 3
0: aws:all-bytes-out@10000 6
2: aws:all-bytes-out@10000 6
";
    assert_eq!(measuring.close(10_000), expected);
}

/// A report that carries everything, and counts of everything that front doors count.
fn everything() -> (Report, Vec<Count>) {
    let every = Some(1);
    let network =
        NetworkStats { bytes_in: every, bytes_out: every, packets_in: every, packets_out: every };
    let report = Report {
        network,
        listening_tcp: tcp_ports(&[22]).listening_tcp,
        listening_udp: tcp_ports(&[53]).listening_tcp,
        established: remotes(&["10.0.0.1"]).established,
        ..number("temperature", 1.0)
    };
    let counts = Metric::BUILT_IN.map(|metric| Count { metric, dimension: None, value: 1 });
    (Report { report_id: 1, ..report }, counts.to_vec())
}

/// The other half, that criteria are accepted on the same metrics, is a test of the room `wire`.
#[test]
fn every_metric_is_measured_or_known_not_to_be() {
    let (report, counts) = everything();
    for metric in Metric::BUILT_IN.into_iter().chain([Metric::parse("temperature").unwrap()]) {
        let (name, is_measured) = (metric.as_str().to_owned(), metric.is_measured());
        let is_duration = metric.is_duration();
        let series = Series::judged(Measure { metric, dimension: None }, PERIOD_MS);
        assert_eq!(series.is_some(), is_measured, "{name}");
        let Some(series) = series else { continue };
        let mut measuring = Measuring::by(MeasurePlan::new([series]));
        measuring.report(1, &report);
        measuring.count(1, &counts);
        let history = measuring.close(PERIOD_MS);
        // What grows with time alone is in nothing that is seen.
        let datapoints = usize::from(!is_duration);
        assert_eq!(history.lines().count(), datapoints, "{name}: {history}");
    }
}
