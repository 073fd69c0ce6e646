//! What an operator does to groups, things and alarms, and what a running server makes of it.

use fleetward_hands::{Device, Signer, Stack, TOPIC_ARN, Webhook, eventually};
use serde_json::{Value, json};

use crate::start_with;

const ARN: &str = "arn:aws:iot:us-east-1:123456789012";

/// Things `a` and `b` of group `hall`, which profile `ports` is attached to.
fn set_up(webhook: &Webhook) -> (Stack, Signer) {
    let stack = start_with(&[], &webhook.settings());
    let api = Signer::of(&stack);
    let behavior = json!({"name": "one-port", "metric": "aws:num-listening-tcp-ports",
        "criteria": {"comparisonOperator": "less-than-equals", "value": {"count": 1}}});
    let targets = json!({"SNS": {"alertTargetArn": TOPIC_ARN,
        "roleArn": "arn:aws:iam::123456789012:role/any"}});
    let profile = json!({"behaviors": [behavior], "alertTargets": targets});
    api.call("POST", "/security-profiles/ports", &profile);
    api.call("POST", "/thing-groups/hall", &json!({}));
    for name in ["a", "b"] {
        api.call("POST", &format!("/things/{name}"), &json!({}));
        let into = json!({"thingGroupName": "hall", "thingName": name});
        api.call("PUT", "/thing-groups/addThingToThingGroup", &into);
    }
    let target = format!("securityProfileTargetArn={ARN}:thinggroup/hall").replace(':', "%3A");
    let target = target.replace('/', "%2F");
    api.call("PUT", &format!("/security-profiles/ports/targets?{target}"), &json!({}));
    (stack, api)
}

fn open(api: &Signer) -> Vec<Value> {
    let listed = api.call("GET", "/active-violations", &Value::Null);
    listed["activeViolations"].as_array().unwrap().clone()
}

/// Reports of too many ports until so many violations are open.
fn alarm(stack: &Stack, api: &Signer, things: &[&str]) {
    let mut id = 0;
    let mut devices: Vec<_> =
        things.iter().map(|name| (*name, Device::connect(stack.address("mqtt"), name))).collect();
    eventually("an alarm of each", || {
        id += 1;
        for (name, device) in &mut devices {
            assert!(device.report(name, id, &[22, 80]));
        }
        (open(api).len() == things.len()).then_some(())
    });
}

#[test]
fn things_that_leave_a_group_are_not_judged_by_its_profiles_any_more() {
    let webhook = Webhook::listen();
    let (stack, api) = set_up(&webhook);
    alarm(&stack, &api, &["a", "b"]);
    let out = json!({"thingGroupName": "hall", "thingName": "a"});
    api.call("PUT", "/thing-groups/removeThingFromThingGroup", &out);
    eventually("the violation of what was removed ends", || (open(&api).len() == 1).then_some(()));
    assert_eq!(open(&api)[0]["thingName"], "b");
    api.call("DELETE", "/thing-groups/hall", &Value::Null);
    eventually("all leave a group that is deleted", || open(&api).is_empty().then_some(()));
}

#[test]
fn what_is_muted_rings_when_the_mute_is_taken_away_and_it_is_still_so() {
    let webhook = Webhook::listen();
    let (stack, api) = set_up(&webhook);
    let until = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() + 3_600;
    let mute = json!({"thingGroupName": "hall", "until": until, "reason": "works"});
    let muted = api.call("POST", "/fleetward/v1/mutes", &mute);
    alarm(&stack, &api, &["a"]);
    assert!(webhook.posted().is_empty(), "{:?}", webhook.posted());
    let id = muted["muteId"].as_str().unwrap();
    api.call("DELETE", &format!("/fleetward/v1/mutes/{id}"), &Value::Null);
    let posted = eventually("the alert", || webhook.posted().first().cloned());
    assert_eq!(posted["thingName"], "a");
    assert_eq!(posted["violationEventType"], "in-alarm");
}
