//! What profiles export: the marked metrics of a period, in messages that are bounded.

use fleetward_detect::{Partition, Settings};
use fleetward_domain::{
    Activity, Behavior, Change, CustomValue, DimensionOperator, FormatLevel, Metric,
    MetricDimension, Record, SecurityProfile, Sizes, Target,
    security_profile::{MetricToRetain, MetricsExport},
};

use super::scenario::{
    SETTINGS, Scenario, activity, at_most, custom, narrowed, number, over_seconds, profile, sent,
    sent_in, tcp_ports,
};

const SENT: &str = "aws:num-messages-sent";

fn exported(behavior: Behavior) -> Behavior {
    Behavior { export_metric: Some(true), ..behavior }
}

/// Profile `p`, which exports these to `exports/p`.
fn exporting(behaviors: &[Behavior]) -> SecurityProfile {
    let export = MetricsExport { mqtt_topic: "exports/p".to_owned(), role_arn: String::new() };
    SecurityProfile { metrics_export: Some(export), ..profile("p", behaviors) }
}

fn retained(metric: &str) -> MetricToRetain {
    let metric = Metric::parse(metric).unwrap();
    MetricToRetain { metric, dimension: None, export_metric: Some(true) }
}

impl Scenario {
    /// Things `a` and `b`, of which this profile exports.
    fn exporting_by(profile: SecurityProfile) -> Self {
        let mut scenario = Self::new();
        scenario.change(0, Change::Profile(profile, vec![Target::AllThings]));
        scenario.register(0, "a", &[]);
        scenario.register(0, "b", &[]);
        scenario
    }

    /// The messages since this was last asked.
    fn messages(&mut self) -> Vec<String> {
        let exports = std::mem::take(&mut self.effects.exports);
        assert!(exports.iter().all(|export| export.topic == "exports/p"));
        exports.into_iter().map(|export| String::from_utf8(export.payload).unwrap()).collect()
    }

    #[track_caller]
    fn expect_message(&mut self, metrics: &[&str]) {
        let message = format!(r#"{{"version":"1.0","metrics":[{}]}}"#, metrics.join(","));
        assert_eq!(self.messages(), [message]);
    }
}

/// One metric of a message.
fn metric(name: &str, thing: &str, value: &str, at_ms: i64) -> String {
    format!(
        r#"{{"name":"{name}","thing":"{thing}","value":{value},"version":1,"timestamp":{at_ms}}}"#
    )
}

#[test]
fn what_front_doors_counted_of_a_period_is_summed_and_told_once_it_is_over() {
    let behavior = exported(at_most("b", SENT, 1_000));
    let mut scenario = Scenario::exporting_by(exporting(&[behavior]));
    scenario.active(400, "b", &[sent(2)]);
    scenario.active(500, "a", &[sent(3)]);
    scenario.active(700, "a", &[sent(4)]);
    assert_eq!(scenario.messages(), [] as [String; 0]);
    scenario.tick(1_000);
    scenario.expect_message(&[
        &metric("aws:num-messages-sent", "a", r#"{"count":7}"#, 1000),
        &metric("aws:num-messages-sent", "b", r#"{"count":2}"#, 1000),
    ]);
    // Who is connected and sends nothing has sent zero; who is gone says nothing.
    scenario.gone(1_000, "b");
    scenario.tick(2_000);
    scenario.expect_message(&[&metric("aws:num-messages-sent", "a", r#"{"count":0}"#, 2000)]);
}

#[test]
fn nothing_is_told_that_is_not_marked_or_of_a_profile_without_a_topic() {
    let unmarked = at_most("b", SENT, 1_000);
    let mut scenario = Scenario::exporting_by(exporting(std::slice::from_ref(&unmarked)));
    scenario.active(500, "a", &[sent(3)]);
    scenario.tick(1_000);
    assert_eq!(scenario.messages(), [] as [String; 0]);
    let mut scenario = Scenario::exporting_by(profile("p", &[exported(unmarked)]));
    scenario.active(500, "a", &[sent(3)]);
    scenario.tick(1_000);
    assert_eq!(scenario.messages(), [] as [String; 0]);
}

#[test]
fn what_reports_say_is_told_as_it_is_at_the_end_of_the_period() {
    let ports = Behavior {
        criteria: None,
        metric: Some(Metric::parse("aws:listening-tcp-ports").unwrap()),
        ..exported(at_most("ports", SENT, 0))
    };
    let profile = SecurityProfile {
        metrics_to_retain: vec![retained("heat"), retained("names")],
        ..exporting(&[ports])
    };
    let mut scenario = Scenario::exporting_by(profile);
    scenario.report(100, "a", tcp_ports(&[22, 80]));
    scenario.report(200, "a", number("heat", -1.5));
    scenario.report(300, "a", number("heat", 2.0));
    scenario.report(400, "a", custom("names", CustomValue::Strings(vec!["x\"".to_owned()])));
    assert_eq!(scenario.partition.next_deadline_ms(), Some(1_000));
    scenario.tick(1_000);
    scenario.expect_message(&[
        &metric("aws:listening-tcp-ports", "a", r#"{"ports":[22,80]}"#, 100),
        &metric("heat", "a", r#"{"number":-1.5}"#, 200),
        &metric("heat", "a", r#"{"number":2}"#, 300),
        &metric("names", "a", r#"{"strings":["x\""]}"#, 400),
    ]);
    assert_eq!(scenario.partition.next_deadline_ms(), None, "an idle fleet waits for nothing");
}

#[test]
fn of_the_size_of_messages_least_most_and_all_are_told() {
    let behavior = exported(at_most("b", "aws:message-byte-size", 1_000));
    let mut scenario = Scenario::exporting_by(exporting(&[behavior]));
    for (seq, min, max, total) in [(1, 10, 90, 100), (2, 5, 20, 25)] {
        let sizes = vec![Sizes { dimension: None, min, max, total, messages: 2 }];
        let counted = activity("d", 1, seq, 500, "a", true, &[]);
        scenario.apply(&Record::Activity(Activity { sizes, ..counted }));
    }
    // Each window is stored by its own, whatever they have in common.
    let chunks = scenario.partition.take_dirty(FormatLevel::CURRENT).unwrap();
    let chunks = chunks.iter().map(|(number, bytes)| (*number, bytes.as_slice()));
    scenario.partition = Partition::load(SETTINGS, chunks).unwrap();
    scenario.tick(1_000);
    scenario.expect_message(&[
        &metric("aws:message-byte-size-min", "a", r#"{"count":5}"#, 1000),
        &metric("aws:message-byte-size-max", "a", r#"{"count":90}"#, 1000),
        &metric("aws:message-byte-size-total", "a", r#"{"count":125}"#, 1000),
    ]);
}

#[test]
fn a_dimension_is_told_with_its_metric() {
    let name = "doors".to_owned().try_into().unwrap();
    let dimension = MetricDimension { name, operator: DimensionOperator::NotIn };
    let behavior = exported(narrowed(at_most("b", SENT, 1_000), dimension));
    let mut scenario = Scenario::exporting_by(exporting(&[behavior]));
    scenario.active(500, "a", &[sent(9), sent_in("doors", 4)]);
    scenario.tick(1_000);
    scenario.expect_message(&[concat!(
        r#"{"name":"aws:num-messages-sent","thing":"a","value":{"count":5},"version":1,"#,
        r#""timestamp":1000,"dimension":{"name":"doors","operator":"NOT_IN"}}"#
    )]);
}

#[test]
fn what_is_exported_changes_no_verdict_and_goes_on_when_the_profile_changes() {
    let behavior = over_seconds(at_most("b", SENT, 5), 1);
    let other = over_seconds(at_most("other", SENT, 100), 10);
    let mut scenario = Scenario::exporting_by(exporting(&[exported(behavior.clone())]));
    scenario.active(500, "a", &[sent(3)]);
    let changed = exporting(&[other, exported(behavior)]);
    scenario.change(600, Change::Profile(changed, vec![Target::AllThings]));
    scenario.active(700, "a", &[sent(4)]);
    scenario.expect_alarm_and_keep("in-alarm a/p/b@699 7");
    scenario.tick(1_000);
    scenario.expect_message(&[&metric("aws:num-messages-sent", "a", r#"{"count":7}"#, 1000)]);
}

impl Scenario {
    #[track_caller]
    fn expect_alarm_and_keep(&mut self, event: &str) {
        let exports = std::mem::take(&mut self.effects.exports);
        self.expect(&[event]);
        self.effects.exports = exports;
    }
}

#[test]
fn state_that_is_stored_keeps_the_sums_of_the_open_period_and_loses_what_reports_said() {
    let behavior = exported(over_seconds(at_most("b", SENT, 1_000), 1));
    let profile =
        SecurityProfile { metrics_to_retain: vec![retained("heat")], ..exporting(&[behavior]) };
    let mut scenario = Scenario::exporting_by(profile);
    scenario.report(400, "a", number("heat", 2.0));
    scenario.active(500, "a", &[sent(3)]);
    let chunks = scenario.partition.take_dirty(FormatLevel::CURRENT).unwrap();
    let borrowed = chunks.iter().map(|(number, bytes)| (*number, bytes.as_slice()));
    let mut loaded = Scenario::new();
    loaded.partition = Partition::load(SETTINGS, borrowed).unwrap();
    for partition in [&mut scenario.partition, &mut loaded.partition] {
        let counted = activity("d", 1, 2, 700, "a", true, &[sent(4)]);
        partition.apply_whole(&Record::Activity(counted), &mut Default::default());
    }
    let level = FormatLevel::CURRENT;
    let bytes = scenario.partition.take_dirty(level).unwrap();
    assert_eq!(loaded.partition.take_dirty(level).unwrap(), bytes);
    loaded.tick(1_000);
    loaded.expect_message(&[&metric("aws:num-messages-sent", "a", r#"{"count":7}"#, 1000)]);
}

#[test]
fn every_level_can_store_what_exports() {
    for level in FormatLevel::ALL {
        let behavior = exported(at_most("b", SENT, 1_000));
        let mut scenario = Scenario::exporting_by(exporting(&[behavior]));
        scenario.active(500, "a", &[sent(3)]);
        let chunks = scenario.partition.take_dirty(level).unwrap();
        let chunks = chunks.iter().map(|(number, bytes)| (*number, bytes.as_slice()));
        scenario.partition = Partition::load(SETTINGS, chunks).unwrap();
        scenario.active(700, "a", &[sent(4)]);
        scenario.tick(1_000);
        assert_eq!(scenario.messages().len(), 1, "{level:?}");
    }
}

#[test]
fn messages_are_bounded_and_a_full_one_goes_sooner() {
    let behavior = exported(at_most("b", SENT, 1_000));
    let settings = Settings { things_per_step: 100, ..SETTINGS };
    let mut scenario = Scenario::exporting_by(exporting(&[behavior]));
    scenario.partition = Partition::new(settings);
    let profile = exporting(&[exported(at_most("b", SENT, 1_000))]);
    scenario.apply(&Record::Change(1, 0, Change::Profile(profile, vec![Target::AllThings])));
    for number in 0..3_000 {
        scenario.active(500, &format!("thing-{number:0100}"), &[sent(number)]);
    }
    scenario.tick(1_000);
    let messages = scenario.messages();
    assert!(messages.iter().all(|message| message.len() < 128 * 1024 - 1_024));
    let things: usize = messages.iter().map(|it| it.matches("\"thing\"").count()).sum();
    assert_eq!((things, messages.len()), (3_000, 5));
    // What reports say fills a message before the period is over.
    let names = vec!["x".repeat(1_000); 40];
    let profile = SecurityProfile { metrics_to_retain: vec![retained("names")], ..exporting(&[]) };
    let mut scenario = Scenario::exporting_by(profile);
    for at_ms in 100..104 {
        scenario.report(at_ms, "a", custom("names", CustomValue::Strings(names.clone())));
    }
    assert_eq!(scenario.messages().len(), 1);
    scenario.tick(1_000);
    assert_eq!(scenario.messages().len(), 1);
}
