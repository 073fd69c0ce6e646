//! The detector agrees with the model, record by record.

use fleetward_detect::Partition;
use fleetward_domain::{Effects, Notification};
use proptest::prelude::*;

use crate::model::Model;
use crate::random_records::{cases, records};
use crate::scenario::{SETTINGS, show};

/// Effects as the model tells them.
fn told(effects: &Effects) -> Vec<String> {
    let mut told = Vec::new();
    for v in &effects.violations {
        let what = format!("{}/{}/{}", v.thing, v.profile, v.behavior.name);
        let times = format!("{}-{}", v.started_ms, v.last_violation_ms);
        told.push(format!("violation {what} {times} {}", show(&v.last_value)));
    }
    for event in &effects.events {
        let what = format!("{}/{}/{}", event.thing, event.profile, event.behavior.name);
        let value = event.value.as_ref().map_or(String::new(), |v| format!(" {}", show(v)));
        told.push(format!("{} {what}@{}{value}", event.event_type.as_str(), event.at_ms));
    }
    told.sort();
    told
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn the_detector_agrees_with_the_model(records in records(80)) {
        let mut model = Model::default();
        let mut partition = Partition::new(SETTINGS);
        for (number, record) in records.iter().enumerate() {
            let mut effects = Effects::default();
            partition.apply_whole(record, &mut effects);
            let mut expected = model.apply(record);
            expected.sort();
            prop_assert_eq!(told(&effects), expected, "record {}: {:?}", number, record);
            for event in &effects.events {
                let told = Notification::Violation(event.clone());
                let alerts = effects.alerts.iter().filter(|a| a.notification == told).count();
                prop_assert_eq!(alerts, usize::from(!event.behavior.suppress_alerts));
            }
        }
    }
}

#[test]
fn random_histories_have_all_kinds_of_effects() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut effects = Effects::default();
    for _ in 0..100 {
        let mut partition = Partition::new(SETTINGS);
        for record in records(80).new_tree(&mut runner).unwrap().current() {
            partition.apply_whole(&record, &mut effects);
        }
    }
    for kind in ["in-alarm", "alarm-cleared", "alarm-invalidated"] {
        let count = effects.events.iter().filter(|e| e.event_type.as_str() == kind).count();
        assert!(count > 50, "{kind}: {count}");
    }
}
