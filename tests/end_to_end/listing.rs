//! What tests ask of the API again and again.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use fleetward_hands::{Device, Signer, Stack, eventually};

/// The target of profiles that judge every device.
const ALL_THINGS: &str = "arn%3Aaws%3Aiot%3Aus-east-1%3A123456789012%3Aall%2Fthings";

/// Makes a profile that judges all things by these behaviors.
pub(crate) fn judge_all_things(signer: &Signer, profile: &str, behaviors: &Value) {
    let path = format!("/security-profiles/{profile}");
    signer.call("POST", &path, &json!({ "behaviors": behaviors }));
    let path = format!("{path}/targets?securityProfileTargetArn={ALL_THINGS}");
    signer.call("PUT", &path, &json!({}));
}

/// Waits until whatever was changed before is in force for what is reported from now on: devices
/// report this port, on which an alarm must be, until one alarm is there.
pub(crate) fn wait_until_in_force(stack: &Stack, port: u16) {
    let signer = Signer::of(stack);
    let mut device = Device::connect(stack.address("mqtt"), "probe");
    let mut id = 0;
    eventually("an alarm of the probe", || {
        id += 1;
        assert!(device.report("probe", id, &[port]));
        let open = open_violations(&signer);
        open.keys().any(|(thing, _)| thing == "probe").then_some(())
    });
}

/// Every item of a listing, all pages. The path has a query already.
pub(crate) fn all(signer: &Signer, path: &str, items: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let path = match &token {
            Some(token) => format!("{path}&nextToken={token}"),
            None => path.to_owned(),
        };
        let page = signer.call("GET", &path, &json!({}));
        all.extend(page[items].as_array().unwrap().iter().cloned());
        match page.get("nextToken").and_then(Value::as_str) {
            Some(next) => token = Some(next.to_owned()),
            None => return all,
        }
    }
}

/// The open violations: thing and behavior to the last value.
pub(crate) fn open_violations(signer: &Signer) -> BTreeMap<(String, String), Value> {
    let open = all(signer, "/active-violations?maxResults=250", "activeViolations");
    let count = open.len();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let open: BTreeMap<_, _> = open
        .iter()
        .map(|it| {
            let key = (text(&it["thingName"]), text(&it["behavior"]["name"]));
            (key, it["lastViolationValue"].clone())
        })
        .collect();
    assert_eq!(open.len(), count, "a violation is open twice");
    open
}

/// The events of all time: thing, behavior, kind.
pub(crate) fn events(signer: &Signer) -> Vec<(String, String, String)> {
    let range = "/violation-events?startTime=0&endTime=4000000000&maxResults=250";
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let event = |it: &Value| {
        (text(&it["thingName"]), text(&it["behavior"]["name"]), text(&it["violationEventType"]))
    };
    all(signer, range, "violationEvents").iter().map(event).collect()
}
