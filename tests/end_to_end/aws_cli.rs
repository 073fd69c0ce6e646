//! The stock `aws` command line against the server.

use serde_json::json;

use crate::start;
use crate::tools::{aws, aws_raw, shell};

/// The example of AWS's page for CreateSecurityProfile, word for word.
const CREATE_SECURITY_PROFILE: &str = r#"aws iot create-security-profile \
--security-profile-name security-profile-for-smart-lights \
--behaviors '[{
"name": "num-messages-sent-to-unexpected-topic",
"metric": "aws:num-messages-sent",
"metricDimension": {
    "dimensionName": "FavoriteTopics",
    "operator": "NOT_IN"
},
"criteria": {
    "comparisonOperator": "less-than",
    "value": {"count": 1},
    "durationSeconds": 300
}}]' \
--additional-metrics-to-retain-v2 '[{
    "metric": "aws:num-messages-sent",
    "metricDimension": {"dimensionName": "TopicFilterForAuthMessages"}
}]'"#;

/// The example of AWS's page for CreateDimension, word for word.
const CREATE_DIMENSION: &str = r#"aws iot create-dimension \
--name TopicFilterForAuthMessages \
--type TOPIC_FILTER \
--string-values device/+/auth"#;

/// The example of AWS's page for AttachSecurityProfile, word for word but for its account.
const ATTACH_SECURITY_PROFILE: &str = r#"aws iot attach-security-profile \
--security-profile-target-arn arn:aws:iot:us-east-1:123456789012:all/registered-things \
--security-profile-name security-profile-for-smart-lights"#;

#[test]
fn the_examples_of_awss_pages_run_word_for_word() {
    let stack = start();
    let run = |script: &str| {
        let output = shell(&stack, script);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{script}\n{stderr}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let made = run(CREATE_DIMENSION);
    assert!(made.contains("dimension/TopicFilterForAuthMessages"), "{made}");
    aws(
        &stack,
        &[
            "iot",
            "create-dimension",
            "--name",
            "FavoriteTopics",
            "--type",
            "TOPIC_FILTER",
            "--string-values",
            "lights/+/state",
        ],
    );
    let made = run(CREATE_SECURITY_PROFILE);
    assert!(
        made.contains(
            "arn:aws:iot:us-east-1:123456789012:securityprofile/security-profile-for-smart-lights"
        ),
        "{made}"
    );
    assert_eq!(run(ATTACH_SECURITY_PROFILE), "");
    let profile = aws(
        &stack,
        &[
            "iot",
            "describe-security-profile",
            "--security-profile-name",
            "security-profile-for-smart-lights",
        ],
    );
    assert_eq!(profile["version"], json!(1));
    assert_eq!(profile["behaviors"][0]["criteria"]["durationSeconds"], json!(300));
    assert_eq!(profile["behaviors"][0]["metricDimension"]["operator"], json!("NOT_IN"));
    let targets = aws(
        &stack,
        &[
            "iot",
            "list-targets-for-security-profile",
            "--security-profile-name",
            "security-profile-for-smart-lights",
        ],
    );
    assert_eq!(
        targets["securityProfileTargets"][0]["arn"],
        json!("arn:aws:iot:us-east-1:123456789012:all/registered-things")
    );
}

#[test]
fn a_profile_lives_from_create_to_delete() {
    let stack = start();
    let behaviors = |limit: u64| {
        json!([{
            "name": "few-ports", "metric": "aws:num-listening-tcp-ports",
            "criteria": {"comparisonOperator": "less-than-equals", "value": {"count": limit}}
        }])
        .to_string()
    };
    let name = ["--security-profile-name", "a:b_c-1"];
    let create = ["iot", "create-security-profile", name[0], name[1], "--behaviors"];
    aws(&stack, &[&create[..], &[&behaviors(3)]].concat());
    let again = aws_raw(&stack, &[&create[..], &[&behaviors(4)]].concat());
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("ResourceAlreadyExistsException"));
    let update = ["iot", "update-security-profile", name[0], name[1], "--behaviors"];
    let updated = aws(&stack, &[&update[..], &[&behaviors(5), "--expected-version", "1"]].concat());
    assert_eq!(updated["version"], json!(2));
    assert_eq!(updated["behaviors"][0]["criteria"]["value"]["count"], json!(5));
    let stale =
        aws_raw(&stack, &[&update[..], &[&behaviors(6), "--expected-version", "1"]].concat());
    assert!(String::from_utf8_lossy(&stale.stderr).contains("VersionConflictException"));
    let listed = aws(&stack, &["iot", "list-security-profiles"]);
    assert_eq!(listed["securityProfileIdentifiers"][0]["name"], json!("a:b_c-1"));
    aws(&stack, &["iot", "delete-security-profile", name[0], name[1]]);
    let gone = aws_raw(&stack, &["iot", "describe-security-profile", name[0], name[1]]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("ResourceNotFoundException"));
}

#[test]
fn what_is_wrong_with_a_profile_is_said_all_at_once() {
    let stack = start();
    let behaviors = json!([
        {"name": "no-duration", "metric": "aws:num-messages-sent",
         "criteria": {"comparisonOperator": "less-than", "value": {"count": 1}}},
        {"name": "no-such-metric", "metric": "aws:nonsense",
         "criteria": {"comparisonOperator": "less-than", "value": {"count": 1}}}
    ]);
    let checked = aws(
        &stack,
        &["iot", "validate-security-profile-behaviors", "--behaviors", &behaviors.to_string()],
    );
    assert_eq!(checked["valid"], json!(false));
    let errors = checked["validationErrors"].to_string();
    assert!(errors.contains("no-duration") && errors.contains("durationSeconds"), "{errors}");
    assert!(errors.contains("no-such-metric") && errors.contains("aws:nonsense"), "{errors}");
}

#[test]
fn an_operation_that_is_not_served_says_so() {
    let stack = start();
    let output = aws_raw(&stack, &["iot", "list-jobs"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("ListJobs"));
}

#[test]
fn wrong_secrets_and_unknown_keys_are_refused() {
    let mut stack = start();
    let secret = std::mem::replace(&mut stack.secret, "wrong".repeat(8));
    let output = aws_raw(&stack, &["iot", "list-things"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("InvalidSignatureException"));
    stack.secret = secret;
    stack.ready["access_key_id"] = json!("AKIAAAAAAAAAAAAAAAAA");
    let output = aws_raw(&stack, &["iot", "list-things"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("UnrecognizedClientException"));
}

#[test]
fn long_lists_come_in_pages_and_tokens_cannot_be_forged() {
    let stack = start();
    let signer = fleetward_hands::Signer::of(&stack);
    for number in 0..25 {
        signer.call("POST", &format!("/things/thing-{number:02}"), &json!({}));
    }
    let listed = aws(&stack, &["iot", "list-things", "--page-size", "10"]);
    let names: Vec<_> = listed["things"]
        .as_array()
        .unwrap()
        .iter()
        .map(|thing| thing["thingName"].clone())
        .collect();
    let expected: Vec<_> = (0..25).map(|number| json!(format!("thing-{number:02}"))).collect();
    assert_eq!(names, expected);
    let page = signer.call("GET", "/things?maxResults=10", &json!({}));
    let token = page["nextToken"].as_str().unwrap();
    let forged = format!("/things?maxResults=10&nextToken=A{token}");
    let answer = signer.send("GET", &forged, b"");
    assert_eq!((answer.status, answer.error_type()), (400, Some("InvalidRequestException")));
    assert!(answer.body.contains("nextToken"), "{}", answer.body);
}
