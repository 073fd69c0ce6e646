//! Metrics that a profile exports reach whoever subscribes to its topic.

use fleetward_hands::{Device, Signer};
use serde_json::{Value, json};

use crate::start;

/// The metrics of the next message.
fn next(subscriber: &mut Device) -> Vec<Value> {
    let text = subscriber.message();
    let (topic, payload) = text.split_at(text.find('{').unwrap());
    assert!(topic.ends_with("fleet/metrics"), "{topic}");
    let message: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(message["version"], "1.0");
    message["metrics"].as_array().unwrap().clone()
}

#[test]
fn a_subscriber_gets_what_a_profile_exports_at_each_periods_end() {
    let stack = start();
    let signer = Signer::of(&stack);
    let profile = json!({
        "behaviors": [{"name": "talks", "metric": "aws:num-messages-sent", "exportMetric": true,
            "criteria": {"comparisonOperator": "less-than", "value": {"count": 1000},
                "durationSeconds": 300}}],
        "additionalMetricsToRetainV2":
            [{"metric": "aws:listening-tcp-ports", "exportMetric": true}],
        "metricsExportConfig":
            {"mqttTopic": "fleet/metrics", "roleArn": "arn:aws:iam::123456789012:role/export"}});
    signer.call("POST", "/security-profiles/p", &profile);
    let target = "arn:aws:iot:us-east-1:123456789012:all/things";
    let attach = format!("/security-profiles/p/targets?securityProfileTargetArn={target}");
    signer.call("PUT", &attach, &json!({}));
    let mut subscriber = Device::connect(stack.address("mqtt"), "subscriber");
    subscriber.subscribe("fleet/metrics");
    let mut lamp = Device::connect(stack.address("mqtt"), "lamp");
    // The profile takes effect within a second: what the lamp does before goes untold.
    let (mut id, mut sent, mut ports) = (0, None, None);
    while sent.is_none() || ports.is_none() {
        id += 1;
        assert!(lamp.report("lamp", id, &[22, 8080]));
        assert!(lamp.publish("lamps/light", b"x"));
        for metric in next(&mut subscriber) {
            let value = metric["value"].clone();
            match metric["name"].as_str().unwrap() {
                _ if metric["thing"] != "lamp" => {}
                "aws:num-messages-sent" if value != json!({"count": 0}) => sent = Some(metric),
                "aws:listening-tcp-ports" => ports = Some(value),
                _ => {}
            }
        }
    }
    let sent = sent.unwrap();
    assert!(sent["value"]["count"].as_u64().unwrap() >= 1, "{sent}");
    assert_eq!(sent["timestamp"].as_i64().unwrap() % 1_000, 0, "a period's end: {sent}");
    assert_eq!(ports.unwrap(), json!({"ports": [22, 8080]}));
}
