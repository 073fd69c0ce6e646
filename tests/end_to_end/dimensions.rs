//! Dimensions that change while devices are connected.

use fleetward_hands::{Device, Signer, eventually};
use serde_json::json;

use crate::start;

#[test]
fn an_updated_dimension_counts_other_topics_from_then_on() {
    let stack = start();
    let signer = Signer::of(&stack);
    let dimension = json!({"type": "TOPIC_FILTER", "stringValues": ["forbidden/#"],
        "clientRequestToken": "t"});
    signer.call("POST", "/dimensions/quiet", &dimension);
    let behaviors = json!({"behaviors": [{
        "name": "silence", "metric": "aws:num-messages-sent",
        "metricDimension": {"dimensionName": "quiet"},
        "criteria": {"comparisonOperator": "less-than", "value": {"count": 1},
            "durationSeconds": 1}}]});
    signer.call("POST", "/security-profiles/p", &behaviors);
    let target = "arn:aws:iot:us-east-1:123456789012:all/things";
    let attach = format!("/security-profiles/p/targets?securityProfileTargetArn={target}");
    signer.call("PUT", &attach, &json!({}));
    let violated = || {
        let answer = signer.call("GET", "/active-violations", &json!({}));
        !answer["activeViolations"].as_array().unwrap().is_empty()
    };
    let mut device = Device::connect(stack.address("mqtt"), "lamp-1");
    // The front door counts for the dimension by now: a message inside it is seen.
    eventually("an alarm of the topics that were forbidden first", || {
        assert!(device.publish("forbidden/a", b"x") && device.publish("allowed/a", b"x"));
        violated().then_some(())
    });
    eventually("the alarm to end, for the other topic does not count", || {
        assert!(device.publish("allowed/a", b"x"));
        (!violated()).then_some(())
    });
    signer.call("PATCH", "/dimensions/quiet", &json!({"stringValues": ["allowed/#"]}));
    eventually("an alarm of the topics that are forbidden now", || {
        assert!(device.publish("allowed/a", b"x"));
        violated().then_some(())
    });
    eventually("the alarm to end, for the first topic does not count any more", || {
        assert!(device.publish("forbidden/a", b"x"));
        (!violated()).then_some(())
    });
}
