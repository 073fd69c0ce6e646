//! Measuring alone, as whoever keeps the history of metrics does it: without criteria, rules and
//! violations.

use std::fmt::Write;

use fleetward_detect::measure::{Listener, MeasurePlan, MeasuredThing, Series};
use fleetward_domain::{Datapoint, DimensionOperator, Measure, Metric, MetricDimension, Report};

use crate::scenario::*;

const PERIOD_MS: i64 = 1_000;

/// Writes down what it is told.
#[derive(Default)]
struct History(String);

impl Listener for History {
    fn datapoint(&mut self, reader: u32, datapoint: Datapoint<'_>) {
        let Datapoint { measure, at_ms, value } = datapoint;
        let metric = measure.metric.as_str();
        writeln!(self.0, "{reader}: {metric}@{at_ms} {}", show(&value.to_value())).unwrap();
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
    let mut thing = MeasuredThing::new(&plan, 0);
    let mut history = History::default();
    thing.see(&plan, 300, &mut history);
    thing.set_connected(1, true);
    thing.count(&plan, &[sent(7), sent_in("doors", 3)], &mut history);
    let report = Report { report_id: 1, ..bytes_out(90) };
    let report = Report { listening_tcp: tcp_ports(&[22, 80]).listening_tcp, ..report };
    assert!(thing.report(&plan, 400, &report, &mut history));
    assert!(!thing.report(&plan, 500, &report, &mut history), "a repetition");
    let heat = Report { report_id: 2, ..number("temperature", 20.5) };
    thing.report(&plan, 600, &heat, &mut history);
    thing.close(&plan, 2_000, &mut history);
    let expected = "\
1: aws:all-bytes-out@400 90
2: aws:listening-tcp-ports@400 [22, 80]
4: temperature@600 20.5
0: aws:num-messages-sent@1000 7
0: aws:num-messages-sent@2000 0
3: aws:num-messages-sent@1000 3
3: aws:num-messages-sent@2000 0
";
    assert_eq!(history.0, expected);
}

#[test]
fn judged_and_retained_measures_stand_side_by_side() {
    let judged = |window_ms| Series::judged(measure("aws:all-bytes-out"), window_ms).unwrap();
    let plan = MeasurePlan::new([judged(10_000), retained("aws:all-bytes-out"), judged(10_000)]);
    let mut thing = MeasuredThing::new(&plan, 0);
    let mut history = History::default();
    for n in 1..4 {
        let report = Report { report_id: n, ..bytes_out(n.unsigned_abs()) };
        thing.report(&plan, n * 1_000, &report, &mut history);
    }
    thing.close(&plan, 10_000, &mut history);
    let expected = "\
1: aws:all-bytes-out@1000 1
1: aws:all-bytes-out@2000 2
1: aws:all-bytes-out@3000 3
0: aws:all-bytes-out@10000 6
2: aws:all-bytes-out@10000 6
";
    assert_eq!(history.0, expected);
}

#[test]
fn what_cannot_be_measured_yet_is_no_series() {
    for metric in ["aws:message-byte-size", "aws:disconnect-duration", "aws:source-ip-address"] {
        assert_eq!(Series::judged(measure(metric), PERIOD_MS), None, "{metric}");
        assert_eq!(Series::retained(measure(metric), PERIOD_MS), None, "{metric}");
    }
}
