//! The demo's fleet as the registry sees it: ten things with certificates, a policy, two
//! dimensions and two security profiles, all made through the API.

use serde_json::json;

use crate::failure::Failure;

use super::light::Papers;
use crate::api_client::ApiClient;

/// How many lights there are.
pub(super) const LIGHTS: usize = 10;
/// The ARN that the profiles' alerts go to; the demo's settings put its webhook behind it.
pub(super) const ALARMS: &str = "arn:aws:sns:us-east-1:123456789012:fleetward-demo-alarms";
/// The profile on AWS's page for `CreateSecurityProfile`.
pub(super) const TOPICS_PROFILE: &str = "security-profile-for-smart-lights";
/// The profile about listening ports.
pub(super) const PORTS_PROFILE: &str = "ports-of-smart-lights";
/// What a light may listen on: SSH for its maintainers, and MQTT over TLS.
pub(super) const GOOD_PORTS: [u16; 2] = [22, 8883];
const ROLE: &str = "arn:aws:iam::123456789012:role/unused-by-fleetward";

/// Registers one light: thing, certificate, policy.
pub(super) async fn register(api: &ApiClient, name: &str) -> Result<Papers, Failure> {
    api.call("POST", &format!("/things/{name}"), json!({})).await?;
    let made = api.call("POST", "/keys-and-certificate?setAsActive=true", json!({})).await?;
    let text = |pointer: &str| {
        made.pointer(pointer)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
            .ok_or_else(|| Failure::new(format!("CreateKeysAndCertificate gave no {pointer}")))
    };
    let arn = text("/certificateArn")?;
    let principal = Some(("x-amzn-principal", arn.as_str()));
    let path = format!("/things/{name}/principals");
    api.call_with("PUT", &path, json!(null), principal).await?;
    api.call("PUT", "/target-policies/smart-light", json!({"target": arn})).await?;
    Ok(Papers {
        certificate_pem: text("/certificatePem")?,
        private_key_pem: text("/keyPair/PrivateKey")?,
    })
}

/// The policy that every light has: itself, its own topics, and the reports of its agent. It does
/// not keep a light from odd topics: that is what the security profile is there to notice.
pub(super) async fn create_policy(api: &ApiClient) -> Result<(), Failure> {
    let arn = |resource: &str| format!("arn:aws:iot:us-east-1:123456789012:{resource}");
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect",
             "Resource": arn("client/${iot:Connection.Thing.ThingName}")},
            {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": arn("topic/*")},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": arn(
                "topicfilter/$aws/things/${iot:Connection.Thing.ThingName}/defender/metrics/*")},
        ]
    });
    let body = json!({"policyDocument": document.to_string()});
    api.call("POST", "/policies/smart-light", body).await.map(|_| ())
}

/// The profile of AWS's own page, about topics, with alerts.
pub(super) async fn create_topics_profile(api: &ApiClient) -> Result<(), Failure> {
    let dimension = |name: &str, topics: &[&str]| {
        let body =
            json!({"type": "TOPIC_FILTER", "stringValues": topics, "clientRequestToken": name});
        (format!("/dimensions/{name}"), body)
    };
    let favorites = ["lights/+/state", "$aws/things/+/defender/metrics/+"];
    for (path, body) in [
        dimension("FavoriteTopics", &favorites),
        dimension("TopicFilterForAuthMessages", &["lights/+/auth"]),
    ] {
        api.call("POST", &path, body).await?;
    }
    // AWS's page has this behavior word for word, duration and all; the demo's period of a second
    // does not shorten it, and the first message alarms at once because 1 is not less than 1.
    let body = json!({
        "behaviors": [{
            "name": "num-messages-sent-to-unexpected-topic",
            "metric": "aws:num-messages-sent",
            "metricDimension": {"dimensionName": "FavoriteTopics", "operator": "NOT_IN"},
            "criteria": {
                "comparisonOperator": "less-than", "value": {"count": 1}, "durationSeconds": 300
            }
        }],
        "additionalMetricsToRetainV2": [{
            "metric": "aws:num-messages-sent",
            "metricDimension": {"dimensionName": "TopicFilterForAuthMessages"}
        }],
        "alertTargets": {"SNS": {"alertTargetArn": ALARMS, "roleArn": ROLE}}
    });
    create_and_attach(api, TOPICS_PROFILE, body).await
}

/// The profile about listening ports.
pub(super) async fn create_ports_profile(api: &ApiClient) -> Result<(), Failure> {
    let body = json!({
        "behaviors": [{
            "name": "listening-ports",
            "metric": "aws:listening-tcp-ports",
            "criteria": {"comparisonOperator": "in-port-set", "value": {"ports": GOOD_PORTS}}
        }],
        "alertTargets": {"SNS": {"alertTargetArn": ALARMS, "roleArn": ROLE}}
    });
    create_and_attach(api, PORTS_PROFILE, body).await
}

async fn create_and_attach(
    api: &ApiClient,
    name: &str,
    body: serde_json::Value,
) -> Result<(), Failure> {
    api.call("POST", &format!("/security-profiles/{name}"), body).await?;
    let target = "arn%3Aaws%3Aiot%3Aus-east-1%3A123456789012%3Aall%2Fregistered-things";
    let path = format!("/security-profiles/{name}/targets?securityProfileTargetArn={target}");
    api.call("PUT", &path, json!(null)).await.map(|_| ())
}
