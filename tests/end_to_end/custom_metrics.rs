//! Custom metrics with the stock `aws` command line: registered, reported, judged, verified.

use fleetward_hands::{Device, eventually};
use serde_json::{Value, json};

use crate::start;
use crate::tools::{aws, aws_raw};

/// Reports the charge of a battery, and who is logged in.
fn report(device: &mut Device, thing: &str, id: i64, charge: f64, users: &[&str]) {
    let report = json!({
        "header": {"report_id": id, "version": "1.0"},
        "custom_metrics": {"battery": [{"number": charge}], "users": [{"string_list": users}]}
    });
    let topic = format!("$aws/things/{thing}/defender/metrics/json");
    assert!(device.publish(&topic, report.to_string().as_bytes()));
}

#[test]
fn a_report_is_judged_on_the_custom_metrics_that_are_registered() {
    let stack = start();
    let create = |name: &str, metric_type: &str| {
        let create = ["iot", "create-custom-metric", "--metric-name", name, "--metric-type"];
        aws(&stack, &[&create[..], &[metric_type, "--display-name", "From the agent"]].concat())
    };
    let made = create("battery", "number");
    let arn = "arn:aws:iot:us-east-1:123456789012:custommetric/battery";
    assert_eq!(made, json!({"metricName": "battery", "metricArn": arn}));
    create("users", "string-list");
    let behaviors = json!([
        {"name": "charged", "metric": "battery",
         "criteria": {"comparisonOperator": "greater-than", "value": {"number": 20.5}}},
        {"name": "nobody-else", "metric": "users",
         "criteria": {"comparisonOperator": "in-set", "value": {"strings": ["root", "lamp"]}}}
    ])
    .to_string();
    let profile = ["--security-profile-name", "agents"];
    let create = ["iot", "create-security-profile", profile[0], profile[1], "--behaviors"];
    aws(&stack, &[&create[..], &[&behaviors]].concat());
    let target = "arn:aws:iot:us-east-1:123456789012:all/things";
    let attach = ["iot", "attach-security-profile", profile[0], profile[1]];
    aws(&stack, &[&attach[..], &["--security-profile-target-arn", target]].concat());

    let mut device = Device::connect(stack.address("mqtt"), "lamp-1");
    let mut id = 0;
    let open = |count: usize| {
        let listed = aws(&stack, &["iot", "list-active-violations"]);
        let open = listed["activeViolations"].as_array().unwrap().clone();
        (open.len() == count).then_some(open)
    };
    let of = |open: &[Value], name: &str| {
        open.iter().find(|violation| violation["behavior"]["name"] == name).unwrap().clone()
    };
    // Until the detector knows the profile, reports are only counted.
    let found = eventually("violations of both custom metrics", || {
        id += 1;
        report(&mut device, "lamp-1", id, 20.5, &["root", "guest"]);
        open(2)
    });
    assert_eq!(of(&found, "charged")["lastViolationValue"], json!({"number": 20.5}));
    let guests = of(&found, "nobody-else");
    assert_eq!(guests["lastViolationValue"], json!({"strings": ["guest"]}));

    let violation_id = guests["violationId"].as_str().unwrap();
    let verify = ["iot", "put-verification-state-on-violation", "--violation-id", violation_id];
    let word = ["--verification-state", "BENIGN_POSITIVE", "--verification-state-description"];
    aws(&stack, &[&verify[..], &word, &["a guest of ours"]].concat());
    let by_word = ["iot", "list-active-violations", "--verification-state", "BENIGN_POSITIVE"];
    let listed = aws(&stack, &by_word);
    let shown = listed["activeViolations"].as_array().unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["verificationStateDescription"], "a guest of ours");

    eventually("both violations to end", || {
        id += 1;
        report(&mut device, "lamp-1", id, 99.0, &["root"]);
        open(0)
    });
    let delete = aws_raw(&stack, &["iot", "delete-custom-metric", "--metric-name", "battery"]);
    let told = String::from_utf8_lossy(&delete.stderr).into_owned();
    assert!(told.contains("InvalidRequestException") && told.contains("in use by 1"), "{told}");
    let update = ["iot", "update-security-profile", profile[0], profile[1], "--delete-behaviors"];
    aws(&stack, &update);
    aws(&stack, &["iot", "delete-custom-metric", "--metric-name", "battery"]);
    let listed = aws(&stack, &["iot", "list-custom-metrics"]);
    assert_eq!(listed["metricNames"], json!(["users"]));
}
