//! Statistical thresholds: a window is judged by the percentile of the one before.

mod clock;
mod in_part;

use std::collections::BTreeMap;

use fleetward_detect::statistical::{Summary, decode};
use fleetward_detect::{Partition, Settings};
use fleetward_domain::{
    Behavior, BehaviorName, Change, ComparisonOperator, Criteria, Effects, FormatLevel, Judgement,
    Metric, Percentile, Record, Target, Threshold,
};

use super::scenario::{
    SETTINGS, Scenario, activity, bytes_out, number, profile, report_record, sent, thing,
};

const BELOW: ComparisonOperator = ComparisonOperator::LessThanEquals;
const ABOVE: ComparisonOperator = ComparisonOperator::GreaterThanEquals;

fn percentile(text: &str) -> Percentile {
    Percentile::parse(text).unwrap()
}

/// Against a percentile, in windows of ten seconds.
fn against(metric: &str, operator: ComparisonOperator, statistic: &str) -> Behavior {
    Behavior {
        name: BehaviorName::parse("s").unwrap(),
        metric: Some(Metric::parse(metric).unwrap()),
        dimension: None,
        criteria: Some(Criteria {
            judgement: Judgement::Statistical { operator, statistic: percentile(statistic) },
            duration_seconds: Some(10),
            datapoints_to_alarm: None,
            datapoints_to_clear: None,
        }),
        suppress_alerts: false,
        export_metric: None,
    }
}

/// Makes thresholds of what partitions said of windows, as the server does.
fn thresholds(partitions: &[&Effects]) -> Vec<Record> {
    let mut windows: BTreeMap<i64, (Summary, Percentile, u64)> = BTreeMap::new();
    for summary in partitions.iter().flat_map(|effects| &effects.summaries) {
        let (statistic, part) = decode(&summary.bytes).unwrap();
        let generation = summary.generation;
        let window = windows.entry(summary.window_end_ms);
        let (fleet, ..) = window.or_insert((Summary::none(), statistic, generation));
        fleet.merge(&part);
    }
    let record = |(from_ms, (fleet, statistic, generation)): (i64, (Summary, Percentile, u64))| {
        let value = (fleet.count() >= 20).then(|| fleet.percentile(statistic)).flatten();
        Record::Threshold(Threshold {
            profile: "p".to_owned().try_into().unwrap(),
            behavior: BehaviorName::parse("s").unwrap(),
            generation,
            from_ms,
            value,
            things: fleet.count(),
        })
    };
    windows.into_iter().map(record).collect()
}

impl Scenario {
    /// Twenty registered things `t00` to `t19` that this behavior judges, from the beginning.
    fn fleet(behavior: Behavior) -> Self {
        let mut scenario = Self::new();
        scenario.attach("p", &[behavior], &[Target::AllThings]);
        (0..20).for_each(|number| scenario.register(0, &name(number), &[]));
        scenario
    }

    /// All of them report `base` more bytes than their number.
    fn all_report(&mut self, at_ms: i64, base: u64) {
        (0..20).for_each(|number| self.report(at_ms, &name(number), bytes_out(base + number)));
    }

    /// The thresholds of what was said so far; they are taken out of the effects.
    fn thresholds(&mut self) -> Vec<Record> {
        let thresholds = thresholds(&[&self.effects]);
        self.effects.summaries.clear();
        thresholds
    }

    /// The same, applied at once.
    fn judge_by_what_was_said(&mut self) {
        let thresholds = self.thresholds();
        thresholds.iter().for_each(|threshold| self.apply(threshold));
    }

    fn stored_and_loaded(&mut self) {
        let chunks = self.partition.take_dirty(FormatLevel::Proven).unwrap();
        let chunks = chunks.iter().map(|(number, bytes)| (*number, bytes.as_slice()));
        self.partition = Partition::load(SETTINGS, chunks).unwrap();
    }
}

fn name(number: u64) -> String {
    format!("t{number:02}")
}

#[test]
fn a_window_is_judged_by_the_percentile_of_the_one_before_and_alarms_early() {
    let mut scenario = Scenario::fleet(against("aws:all-bytes-out", BELOW, "p90"));
    scenario.all_report(1_000, 100);
    scenario.tick(10_000);
    scenario.judge_by_what_was_said();
    scenario.expect(&[]);
    // Rank 18 of 20 is 117.
    scenario.report(11_000, "t00", bytes_out(117));
    scenario.report(11_000, "t01", bytes_out(118));
    scenario.expect(&["in-alarm t01/p/s@11000 118"]);
    scenario.tick(20_000);
    // Of two things in a window there is no percentile: the next has no verdicts.
    scenario.judge_by_what_was_said();
    scenario.report(21_000, "t00", bytes_out(9_999));
    scenario.report(21_000, "t01", bytes_out(1));
    scenario.tick(30_000);
    scenario.expect(&[]);
}

#[test]
fn until_the_threshold_is_known_nothing_alarms_and_then_what_has_crossed_it_does() {
    let mut scenario = Scenario::fleet(against("aws:all-bytes-out", BELOW, "p100"));
    scenario.all_report(1_000, 100);
    scenario.tick(10_000);
    let late = scenario.thresholds();
    scenario.report(11_000, "t00", bytes_out(500));
    scenario.report(12_000, "t01", bytes_out(119));
    scenario.expect(&[]);
    for _twice in 0..2 {
        late.iter().for_each(|threshold| scenario.apply(threshold));
    }
    scenario.expect(&["in-alarm t00/p/s@11000 500"]);
}

#[test]
fn what_a_window_came_to_waits_for_its_threshold_also_when_state_is_stored() {
    for is_stored in [false, true] {
        let mut scenario = Scenario::fleet(against("aws:all-bytes-out", BELOW, "p100"));
        scenario.all_report(1_000, 100);
        scenario.tick(10_000);
        let first = scenario.thresholds();
        scenario.all_report(11_000, 101);
        scenario.tick(20_000);
        let second = scenario.thresholds();
        scenario.all_report(21_000, 101);
        scenario.tick(30_000);
        let third = scenario.thresholds();
        if is_stored {
            scenario.stored_and_loaded();
        }
        scenario.expect(&[]);
        first.iter().for_each(|threshold| scenario.apply(threshold));
        scenario.expect(&["in-alarm t19/p/s@20000 120"]);
        if is_stored {
            scenario.stored_and_loaded();
        }
        second.iter().for_each(|threshold| scenario.apply(threshold));
        scenario.expect(&["alarm-cleared t19/p/s@30000 120"]);
        third.iter().for_each(|threshold| scenario.apply(threshold));
        scenario.report(31_000, "t03", bytes_out(121));
        scenario.expect(&["in-alarm t03/p/s@31000 121"]);
    }
}

#[test]
fn a_threshold_that_never_came_is_given_up_with_the_one_after_it() {
    let mut scenario = Scenario::fleet(against("aws:all-bytes-out", BELOW, "p100"));
    scenario.all_report(1_000, 100);
    scenario.tick(10_000);
    let lost = scenario.thresholds();
    scenario.all_report(11_000, 900);
    scenario.tick(20_000);
    scenario.judge_by_what_was_said();
    lost.iter().for_each(|threshold| scenario.apply(threshold));
    scenario.expect(&[]);
    scenario.report(21_000, "t03", bytes_out(920));
    scenario.expect(&["in-alarm t03/p/s@21000 920"]);
}

#[test]
fn too_little_is_judged_when_the_window_closes() {
    let mut scenario = Scenario::fleet(against("aws:all-bytes-out", ABOVE, "p0"));
    scenario.all_report(1_000, 100);
    scenario.tick(10_000);
    scenario.judge_by_what_was_said();
    scenario.all_report(11_000, 99);
    scenario.expect(&[]);
    scenario.tick(20_000);
    scenario.expect(&["in-alarm t00/p/s@20000 99"]);
}

#[test]
fn what_a_front_door_counts_is_zero_where_a_thing_says_nothing() {
    let mut scenario = Scenario::fleet(against("aws:num-messages-sent", ABOVE, "p50"));
    let count = |value| [sent(value)];
    (0..20).for_each(|number| scenario.active(1, &name(number), &count(0)));
    (0..20).for_each(|number| scenario.active(5_000, &name(number), &count(number)));
    scenario.tick(10_000);
    (0..20).for_each(|number| scenario.active(15_000, &name(number), &count(5)));
    scenario.tick(20_000);
    scenario.judge_by_what_was_said();
    // The median of 0 to 19 is 9, that of the second window 5; so the third is judged by 5.
    let below: Vec<String> =
        (0..20).map(|number| format!("in-alarm {}/p/s@20000 5", name(number))).collect();
    assert_eq!(scenario.events(), below);
    (0..19).for_each(|number| scenario.active(25_000, &name(number), &count(5)));
    scenario.tick(30_000);
    let cleared: Vec<String> =
        (0..19).map(|number| format!("alarm-cleared {}/p/s@30000 5", name(number))).collect();
    assert_eq!(scenario.events(), cleared, "and the last has sent nothing");
}

#[test]
fn of_a_gauge_the_extreme_of_a_window_is_ranked_and_nothing_below_zero() {
    let mut scenario = Scenario::fleet(against("temperature", BELOW, "p100"));
    let all = |scenario: &mut Scenario, at_ms, base: f64| {
        (0..20).for_each(|of| scenario.report(at_ms, &name(of), number("temperature", base)));
    };
    all(&mut scenario, 1_000, 20.5);
    all(&mut scenario, 2_000, 20.25);
    scenario.tick(10_000);
    scenario.judge_by_what_was_said();
    scenario.report(11_000, "t00", number("temperature", 20.5));
    scenario.report(12_000, "t00", number("temperature", 20.75));
    scenario.report(13_000, "t00", number("temperature", 20.25));
    scenario.report(13_000, "t01", number("temperature", -3.5));
    scenario.expect(&["in-alarm t00/p/s@12000 20.75"]);
    all(&mut scenario, 14_000, 20.0);
    scenario.report(15_000, "t02", number("temperature", 20.0));
    scenario.tick(20_000);
    scenario.judge_by_what_was_said();
    all(&mut scenario, 21_000, -3.5);
    scenario.tick(30_000);
    scenario.judge_by_what_was_said();
    scenario.events();
    scenario.report(31_000, "t04", number("temperature", 99.0));
    scenario.expect(&[]);
}

#[test]
fn a_behavior_that_changes_waits_for_a_window_of_its_own_and_muting_changes_nothing() {
    let mut scenario = Scenario::fleet(against("aws:all-bytes-out", BELOW, "p100"));
    scenario.all_report(1_000, 100);
    scenario.tick(10_000);
    scenario.judge_by_what_was_said();
    let muted = Behavior { suppress_alerts: true, ..against("aws:all-bytes-out", BELOW, "p100") };
    scenario.attach_at(10_500, "p", &[muted], &[Target::AllThings]);
    scenario.report(11_000, "t00", bytes_out(500));
    scenario.expect(&["in-alarm t00/p/s@11000 500"]);
    let other = against("aws:all-bytes-out", BELOW, "p50");
    scenario.attach_at(12_000, "p", &[other], &[Target::AllThings]);
    scenario.expect(&["alarm-invalidated t00/p/s@12000"]);
    scenario.report(13_000, "t00", bytes_out(9_000));
    scenario.tick(20_000);
    scenario.judge_by_what_was_said();
    scenario.all_report(21_000, 9_000);
    scenario.tick(30_000);
    scenario.judge_by_what_was_said();
    scenario.expect(&[]);
    scenario.report(31_000, "t00", bytes_out(9_010));
    scenario.expect(&["in-alarm t00/p/s@31000 9010"]);
}

#[test]
fn a_partition_that_has_nothing_to_say_says_so_once_a_line() {
    let mut scenario = Scenario::new();
    let behavior = against("aws:all-bytes-out", BELOW, "p50");
    scenario.attach("p", &[behavior], &[Target::AllThings]);
    for (line_ms, expected) in [(5_000, vec![]), (10_000, vec![10_000]), (59_999, vec![50_000])] {
        scenario.tick(line_ms);
        let said = std::mem::take(&mut scenario.effects).summaries;
        let ends: Vec<i64> = said.iter().map(|summary| summary.window_end_ms).collect();
        assert_eq!(ends, expected, "{line_ms}");
        assert!(said.iter().all(|it| decode(&it.bytes).unwrap().1.count() == 0));
    }
}

#[test]
fn a_fleet_in_partitions_has_the_same_verdicts_as_in_one() {
    let of = |partitions: usize, things_per_step: usize| {
        let settings = Settings { things_per_step, ..SETTINGS };
        let mut parts: Vec<_> =
            (0..partitions).map(|_| (Partition::new(settings), Effects::default())).collect();
        let mut told = Vec::new();
        let mut change = 0;
        let tell = |parts: &mut Vec<(Partition, Effects)>, to: Option<usize>, record: Record| {
            for (at, (partition, effects)) in parts.iter_mut().enumerate() {
                if to.is_none_or(|to| to % partitions == at) {
                    partition.apply_whole(&record, effects);
                }
            }
        };
        let profile = profile("p", &[against("aws:num-messages-sent", BELOW, "p90")]);
        tell(
            &mut parts,
            None,
            Record::Change(1, 0, Change::Profile(profile, vec![Target::AllThings])),
        );
        for number in 0..60 {
            change += 1;
            let registered =
                Change::Thing { name: thing(&name(number)), registered: true, groups: Vec::new() };
            tell(&mut parts, Some(number as usize), Record::Change(1 + change, 0, registered));
        }
        for window in 0..8_u64 {
            let at_ms = i64::try_from(window).unwrap() * 10_000 + 5_000;
            for number in 0..60 {
                let count = number * 37 % 60 * (1 + window % 3) + window * number % 7;
                let counted = activity(
                    "d",
                    1,
                    window * 60 + number + 1,
                    at_ms,
                    &name(number),
                    true,
                    &[sent(count)],
                );
                tell(&mut parts, Some(number as usize), Record::Activity(counted));
            }
            tell(&mut parts, None, Record::Tick(at_ms + 5_000));
            let all: Vec<&Effects> = parts.iter().map(|(_, effects)| effects).collect();
            let made = thresholds(&all);
            parts.iter_mut().for_each(|(_, effects)| effects.summaries.clear());
            made.into_iter().for_each(|threshold| tell(&mut parts, None, threshold));
        }
        for (_, effects) in parts {
            told.extend(effects.events.into_iter().map(|event| {
                (event.thing, event.at_ms, event.event_type, event.value, event.violation_id)
            }));
        }
        told.sort_by(|a, b| (&a.0, a.1, a.2).cmp(&(&b.0, b.1, b.2)));
        told
    };
    let whole = of(1, 4_096);
    assert!(whole.len() > 20, "{}", whole.len());
    assert_eq!(of(7, 4_096), whole);
    assert_eq!(of(3, 1), whole, "a thing at a time");
}

#[test]
fn a_threshold_of_another_behavior_or_generation_changes_nothing() {
    // Whatever a threshold names that is not there changes nothing.
    let mut scenario = Scenario::fleet(against("aws:all-bytes-out", BELOW, "p100"));
    scenario.apply(&report_record("t00", 1_000, bytes_out(1)));
    let stranger = Threshold {
        profile: "q".to_owned().try_into().unwrap(),
        behavior: BehaviorName::parse("s").unwrap(),
        generation: 1,
        from_ms: 10_000,
        value: Some(0.0),
        things: 20,
    };
    scenario.apply(&Record::Threshold(stranger.clone()));
    let profile = "p".to_owned().try_into().unwrap();
    scenario.apply(&Record::Threshold(Threshold { profile, ..stranger }));
    scenario.tick(10_000);
    scenario.report(11_000, "t00", bytes_out(500));
    scenario.expect(&[]);
}
