//! A threshold that the fleet makes: one device sends more than the others.

use fleetward_hands::{Device, Signer, eventually};
use serde_json::json;

use crate::start;

/// Five more than a fleet needs for a percentile.
const DEVICES: usize = 25;

#[test]
fn a_device_that_sends_more_than_its_fleet_is_in_alarm() {
    let stack = start();
    let signer = Signer::of(&stack);
    let behavior = json!({"name": "more", "metric": "aws:num-messages-sent",
        "criteria": {"comparisonOperator": "less-than-equals", "durationSeconds": 1,
            "statisticalThreshold": {"statistic": "p90"}}, "suppressAlerts": false});
    signer.call("POST", "/security-profiles/p", &json!({"behaviors": [behavior]}));
    let described = signer.call("GET", "/security-profiles/p", &json!({}));
    assert_eq!(described["behaviors"], json!([behavior]));
    let target = "arn:aws:iot:us-east-1:123456789012:all/things";
    let attach = format!("/security-profiles/p/targets?securityProfileTargetArn={target}");
    signer.call("PUT", &attach, &json!({}));
    let mut devices: Vec<Device> = (0..DEVICES)
        .map(|number| Device::connect(stack.address("mqtt"), &format!("lamp-{number}")))
        .collect();
    let active = "/active-violations?behaviorCriteriaType=STATISTICAL&thingName=lamp-7";
    eventually("the device that sends more to be in alarm", || {
        for (number, device) in devices.iter_mut().enumerate() {
            let messages = if number == 7 { 10 } else { 1 };
            (0..messages).for_each(|_| assert!(device.publish("lamps/light", b"x")));
        }
        let answer = signer.call("GET", active, &json!({}));
        let violations = answer["activeViolations"].as_array().unwrap();
        violations.iter().any(|it| it["behavior"]["name"] == "more").then_some(())
    });
    let none = signer.call("GET", "/active-violations?behaviorCriteriaType=STATIC", &json!({}));
    assert_eq!(none["activeViolations"], json!([]));
}
