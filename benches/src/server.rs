//! The real server, in a process of its own: its binary, and what is made in it through the API.

pub(crate) mod reporters;

use std::path::Path;

use fleetward_domain::{Behavior, MetricValue};
use fleetward_fleet::engine_profile;
use fleetward_hands::{Signer, TOPIC_ARN, Webhook};
use serde_json::{Value, json};

/// No device may listen on this port.
pub(crate) const TELNET: u16 = 23;

/// Where the server's binary is: beside this one, built the same way.
///
/// # Errors
/// A text, if it is not there.
pub(crate) fn binary() -> Result<String, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let binary = own.with_file_name("fleetward");
    if binary.is_file() {
        Ok(binary.display().to_string())
    } else {
        Err(format!("{} is missing: cargo build --release --package fleetward", binary.display()))
    }
}

/// Settings of a server with a webhook, which takes reports at any rate, of so many things that
/// nobody registered.
pub(crate) fn settings(webhook: &Webhook, things: u64) -> String {
    // Each partition keeps its share of the things that are not registered, and names are not
    // spread quite evenly.
    let unregistered = things.saturating_mul(2).max(100_000);
    format!(
        "unregistered_things = {unregistered}\n[reports]\nrate = 0\nprincipal_rate = 0\n\
         memory = {}\n{}",
        1_u64 << 31,
        webhook.settings()
    )
}

/// Makes the profile of the engine's case, which judges all things and tells nobody.
///
/// # Errors
/// A text, if the profile is not as it must be.
pub(crate) fn create_engine_profile(signer: &Signer) -> Result<(), String> {
    let metric = json!({"metricType": "number", "clientRequestToken": "cpu_temp"});
    signer.call("POST", "/custom-metric/cpu_temp", &metric);
    let behaviors: Vec<_> = engine_profile()?.behaviors.iter().map(as_json).collect();
    signer.call("POST", "/security-profiles/engine", &json!({"behaviors": behaviors}));
    attach(signer, "engine", "all/things");
    Ok(())
}

/// Makes a profile that tells the webhook of whoever listens on [`TELNET`].
pub(crate) fn create_telnet_profile(signer: &Signer, target: &str) {
    let body = json!({
        "behaviors": [{
            "name": "no-telnet", "metric": "aws:listening-tcp-ports",
            "criteria": {"comparisonOperator": "not-in-port-set", "value": {"ports": [TELNET]}}
        }],
        "alertTargets": {"SNS": {
            "alertTargetArn": TOPIC_ARN, "roleArn": "arn:aws:iam::123456789012:role/any"
        }}
    });
    signer.call("POST", "/security-profiles/ports", &body);
    attach(signer, "ports", target);
}

fn attach(signer: &Signer, profile: &str, target: &str) {
    let target = target.replace('/', "%2F");
    let arn = format!("arn%3Aaws%3Aiot%3Aus-east-1%3A123456789012%3A{target}");
    let path = format!("/security-profiles/{profile}/targets?securityProfileTargetArn={arn}");
    signer.call("PUT", &path, &json!({}));
}

fn as_json(behavior: &Behavior) -> Value {
    let criteria = behavior.criteria.as_ref();
    let comparison = criteria.and_then(|criteria| criteria.judgement.comparison());
    let value = comparison.map(|comparison| match comparison.value() {
        MetricValue::Count(count) => json!({ "count": count }),
        MetricValue::Number(number) => json!({ "number": number }),
        MetricValue::Ports(ports) => json!({ "ports": ports }),
        MetricValue::Cidrs(cidrs) => {
            json!({"cidrs": cidrs.iter().map(ToString::to_string).collect::<Vec<_>>()})
        }
        MetricValue::Numbers(numbers) => json!({ "numbers": numbers }),
        MetricValue::Strings(strings) => json!({ "strings": strings }),
    });
    // What is not stated is left out: the API takes no null for it.
    let mut stated = json!({
        "comparisonOperator": comparison.map(|comparison| comparison.operator().as_str()),
        "value": value,
    });
    for (name, number) in [
        ("durationSeconds", criteria.and_then(|it| it.duration_seconds)),
        (
            "consecutiveDatapointsToAlarm",
            criteria.and_then(|it| it.datapoints_to_alarm).map(u32::from),
        ),
        (
            "consecutiveDatapointsToClear",
            criteria.and_then(|it| it.datapoints_to_clear).map(u32::from),
        ),
    ] {
        if let (Some(number), Some(members)) = (number, stated.as_object_mut()) {
            members.insert(name.to_owned(), json!(number));
        }
    }
    json!({
        "name": behavior.name.as_str(),
        "metric": behavior.metric.as_ref().map(|metric| metric.as_str()),
        "criteria": stated,
    })
}

/// How often the server has written detection state: SQLite counts the changes of a file.
pub(crate) fn states_written(data: &Path) -> u32 {
    let bytes = || {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = std::fs::File::open(data.join("state.db")).ok()?;
        file.seek(SeekFrom::Start(24)).ok()?;
        let mut counter = [0; 4];
        file.read_exact(&mut counter).ok()?;
        Some(u32::from_be_bytes(counter))
    };
    bytes().unwrap_or(0)
}
