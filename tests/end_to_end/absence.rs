//! What grows with time alone: a device that leaves, and one that does not report.

use fleetward_hands::{Device, Signer, Stack, eventually};
use serde_json::{Value, json};

use crate::{start, start_with};

/// A profile `p` for all things with one behavior `b`.
fn judge(stack: &Stack, metric: &str, bound: u64) -> Signer {
    let signer = Signer::of(stack);
    let behavior = json!({"name": "b", "metric": metric, "suppressAlerts": false,
        "criteria": {"comparisonOperator": "less-than-equals", "value": {"count": bound}}});
    signer.call("POST", "/security-profiles/p", &json!({"behaviors": [behavior]}));
    let described = signer.call("GET", "/security-profiles/p", &json!({}));
    assert_eq!(described["behaviors"], json!([behavior]));
    let target = "arn:aws:iot:us-east-1:123456789012:all/things";
    let attach = format!("/security-profiles/p/targets?securityProfileTargetArn={target}");
    signer.call("PUT", &attach, &json!({}));
    signer
}

fn open(signer: &Signer, thing: &str) -> Vec<Value> {
    let active = signer.call("GET", &format!("/active-violations?thingName={thing}"), &json!({}));
    active["activeViolations"].as_array().unwrap().clone()
}

#[test]
fn a_device_that_leaves_is_in_alarm_until_it_is_back() {
    let stack = start();
    // Whoever leaves is away too long at once.
    let signer = judge(&stack, "aws:disconnect-duration", 0);
    signer.call("POST", "/things/lamp-1", &json!({}));
    let found = eventually("an alarm of a device that left", || {
        // Until the front door and the detector know the profile, nobody looks.
        let mut device = Device::connect(stack.address("mqtt"), "lamp-1");
        assert!(device.publish("lamps/light", b"x"));
        drop(device);
        open(&signer, "lamp-1").pop()
    });
    assert_eq!(found["lastViolationValue"], json!({"count": 1}), "seconds that have begun");
    let mut device = Device::connect(stack.address("mqtt"), "lamp-1");
    assert!(device.publish("lamps/light", b"x"));
    eventually("the alarm of a device that is back to end", || {
        open(&signer, "lamp-1").is_empty().then_some(())
    });
}

#[test]
fn a_registered_device_that_does_not_report_is_in_alarm_until_it_does() {
    let stack = start();
    let signer = judge(&stack, "fleetward:seconds-since-report", 1);
    signer.call("POST", "/things/lamp-1", &json!({}));
    let found = eventually("an alarm of a silent device", || open(&signer, "lamp-1").pop());
    assert_eq!(found["lastViolationValue"], json!({"count": 2}));
    let mut device = Device::connect(stack.address("mqtt"), "lamp-1");
    let mut report_id = 0;
    eventually("the alarm of a device that reports again to end", || {
        report_id += 1;
        assert!(device.report("lamp-1", report_id, &[22]));
        open(&signer, "lamp-1").is_empty().then_some(())
    });
    eventually("another alarm, once it is silent again", || open(&signer, "lamp-1").pop());
}

#[test]
fn a_violation_of_a_device_that_is_silent_for_as_long_as_the_setting_says_is_invalidated() {
    let stack = start_with(&[], "[detect]\nsilence = \"2s\"");
    let signer = judge(&stack, "aws:num-listening-tcp-ports", 0);
    signer.call("POST", "/things/lamp-1", &json!({}));
    let mut device = Device::connect(stack.address("mqtt"), "lamp-1");
    let mut report_id = 0;
    let alarm = eventually("an alarm of a report", || {
        report_id += 1;
        assert!(device.report("lamp-1", report_id, &[22]));
        open(&signer, "lamp-1").pop()
    });
    // It stays connected, and says no more of its ports.
    eventually("its end, by silence", || open(&signer, "lamp-1").is_empty().then_some(()));
    let range = "/violation-events?thingName=lamp-1&startTime=0&endTime=4000000000";
    let events = signer.call("GET", range, &json!({}));
    let ended = &events["violationEvents"][0];
    assert_eq!(ended["violationEventType"], json!("alarm-invalidated"), "{events}");
    assert_eq!(ended["violationId"], alarm["violationId"]);
}
