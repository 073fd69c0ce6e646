//! The readers of the first release, frozen: what is written at its level must please them, so
//! that going back works. They are stricter than they were: they refuse members that they do not
//! know. Never edit them.

#![allow(dead_code, reason = "that they can be read is all that is asked of them")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Whether the first release reads this as what it holds.
pub(super) fn reads<T: DeserializeOwned + Debug>(name: &str, bytes: &[u8]) {
    if let Err(error) = serde_json::from_slice::<T>(bytes) {
        panic!("the first release does not read {name}: {error}");
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thing {
    name: String,
    id: String,
    attributes: BTreeMap<String, String>,
    groups: Vec<String>,
    version: i64,
    created_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThingGroup {
    name: String,
    id: String,
    ancestors: Vec<String>,
    description: Option<String>,
    attributes: BTreeMap<String, String>,
    tags: Vec<(String, String)>,
    created_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Certificate {
    id: String,
    pem: String,
    status: CertificateStatus,
    policies: Vec<String>,
    things: Vec<String>,
    created_ms: i64,
    modified_ms: i64,
}

#[derive(Debug, Deserialize)]
enum CertificateStatus {
    Active,
    Inactive,
    Revoked,
    PendingTransfer,
    RegisterInactive,
    PendingActivation,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    name: String,
    document: String,
    version: i64,
    tags: Vec<(String, String)>,
    created_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dimension {
    name: String,
    topic_filters: Vec<String>,
    tags: Vec<(String, String)>,
    client_request_token: String,
    created_ms: i64,
    modified_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessKey {
    description: String,
    policy: String,
    status: KeyStatus,
    created_ms: i64,
    sealed_secret: String,
}

#[derive(Debug, Deserialize)]
enum KeyStatus {
    Active,
    Disabled,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attachment {
    is_exclusive: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authority {
    certificate_pem: String,
    sealed_key: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecurityProfile {
    name: String,
    description: Option<String>,
    behaviors: Vec<Behavior>,
    alert_targets: Vec<AlertTarget>,
    metrics_to_retain: Vec<MetricToRetain>,
    metrics_export: Option<MetricsExport>,
    tags: Vec<(String, String)>,
    version: i64,
    created_ms: i64,
    modified_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AlertTarget {
    arn: String,
    role_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricsExport {
    mqtt_topic: String,
    role_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricToRetain {
    metric: String,
    dimension: Option<MetricDimension>,
    export_metric: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricDimension {
    name: String,
    operator: DimensionOperator,
}

#[derive(Debug, Deserialize)]
enum DimensionOperator {
    In,
    NotIn,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Behavior {
    name: String,
    metric: Option<String>,
    dimension: Option<MetricDimension>,
    criteria: Option<Criteria>,
    suppress_alerts: bool,
    export_metric: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Criteria {
    judgement: Judgement,
    duration_seconds: Option<u32>,
    datapoints_to_alarm: Option<u8>,
    datapoints_to_clear: Option<u8>,
}

#[derive(Debug, Deserialize)]
enum Judgement {
    Static(Comparison),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Comparison {
    operator: ComparisonOperator,
    value: MetricValue,
}

#[derive(Debug, Deserialize)]
enum ComparisonOperator {
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
    InCidrSet,
    NotInCidrSet,
    InPortSet,
    NotInPortSet,
    InSet,
    NotInSet,
}

#[derive(Debug, Deserialize)]
enum MetricValue {
    Count(u64),
    Cidrs(Vec<String>),
    Ports(Vec<u16>),
    Number(f64),
    Numbers(Vec<f64>),
    Strings(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Violation {
    id: String,
    thing: String,
    profile: String,
    behavior: Behavior,
    last_value: MetricValue,
    last_violation_ms: i64,
    started_ms: i64,
    verification: VerificationState,
    verification_description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ViolationEvent {
    violation_id: String,
    thing: String,
    profile: String,
    behavior: Behavior,
    value: Option<MetricValue>,
    event_type: EventType,
    at_ms: i64,
    verification: VerificationState,
    verification_description: Option<String>,
}

#[derive(Debug, Deserialize)]
enum EventType {
    InAlarm,
    AlarmCleared,
    AlarmInvalidated,
}

#[derive(Debug, Deserialize)]
enum VerificationState {
    FalsePositive,
    BenignPositive,
    TruePositive,
    Unknown,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alert {
    target_arn: String,
    event: ViolationEvent,
}
