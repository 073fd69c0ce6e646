//! One value of everything that is stored, with the name of its golden file.

use std::collections::BTreeMap;
use std::path::Path;

use fleetward_domain::security_profile::{AlertTarget, MetricsExport};
use fleetward_domain::{
    Alert, Behavior, BehaviorName, Certificate, CertificateId, CertificateStatus, Change,
    Comparison, ComparisonOperator, Criteria, Dimension, DimensionName, DimensionOperator,
    EventType, GroupName, Judgement, Metric, MetricDimension, MetricToRetain, MetricValue, Mute,
    MuteSubject, Notification, Policy, PolicyName, ProfileName, SecurityProfile, Severity, Target,
    Thing, ThingGroup, ThingName, VerificationState, Violation, ViolationEvent,
};

use super::{CertificateAttachment, Gate, KeyStatus, SealedAccessKey, SealedAuthority};

/// The bytes that a release wrote.
pub(crate) fn golden(folder: &str, name: &str) -> Vec<u8> {
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats");
    std::fs::read(formats.join(folder).join(name)).unwrap()
}

pub(crate) fn things() -> Vec<(&'static str, Thing)> {
    let whole = Thing {
        name: thing_name("Lampe à côté/1"),
        id: "b4e1b7d0-9e3c-4c53-8f9a-2f6f4cf0c001".to_owned(),
        attributes: attributes(),
        groups: vec![group_name("hall"), group_name("east:1")],
        version: 7,
        created_ms: 1_790_000_000_123,
    };
    let bare = Thing {
        name: thing_name("a"),
        id: String::new(),
        attributes: BTreeMap::new(),
        groups: Vec::new(),
        version: 1,
        created_ms: -1,
    };
    vec![("thing.json", whole), ("thing-bare.json", bare)]
}

pub(crate) fn thing_groups() -> Vec<(&'static str, ThingGroup)> {
    let whole = ThingGroup {
        name: group_name("hall"),
        id: "b4e1b7d0-9e3c-4c53-8f9a-2f6f4cf0c002".to_owned(),
        ancestors: vec![group_name("ground-floor"), group_name("house")],
        description: Some("The \"hall\"\nand its lamps".to_owned()),
        attributes: attributes(),
        tags: tags(),
        created_ms: 1_790_000_000_000,
    };
    let bare = ThingGroup {
        ancestors: Vec::new(),
        description: None,
        attributes: BTreeMap::new(),
        tags: Vec::new(),
        ..whole.clone()
    };
    vec![("thing_group.json", whole), ("thing_group-bare.json", bare)]
}

pub(crate) fn certificates() -> Vec<(&'static str, Certificate)> {
    let with = |status| Certificate {
        id: certificate_id(),
        pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned(),
        status,
        policies: vec![policy_name("devices"), policy_name("a+=,.@-b")],
        things: vec![thing_name("lamp"), thing_name("door")],
        created_ms: 1_790_000_000_000,
        modified_ms: 1_790_000_000_001,
    };
    vec![
        ("certificate.json", with(CertificateStatus::Active)),
        ("certificate-inactive.json", with(CertificateStatus::Inactive)),
        ("certificate-revoked.json", with(CertificateStatus::Revoked)),
        ("certificate-pending_transfer.json", with(CertificateStatus::PendingTransfer)),
        ("certificate-register_inactive.json", with(CertificateStatus::RegisterInactive)),
        ("certificate-pending_activation.json", with(CertificateStatus::PendingActivation)),
    ]
}

pub(crate) fn policies() -> Vec<(&'static str, Policy)> {
    let policy = Policy {
        name: policy_name("devices"),
        document: "{\n \"Version\": \"2012-10-17\", \"Statement\": []}".to_owned(),
        version: 1,
        tags: tags(),
        created_ms: 1_790_000_000_000,
        history: None,
    };
    vec![("policy.json", policy)]
}

pub(crate) fn dimensions() -> Vec<(&'static str, Dimension)> {
    let dimension = Dimension {
        name: dimension_name("admin"),
        topic_filters: vec!["admin/#".to_owned(), "+/admin".to_owned()],
        tags: tags(),
        client_request_token: "token-1".to_owned(),
        created_ms: 1_790_000_000_000,
        modified_ms: 1_790_000_000_001,
    };
    vec![("dimension.json", dimension)]
}

pub(crate) fn access_keys() -> Vec<(&'static str, SealedAccessKey)> {
    let with = |status| SealedAccessKey {
        id: "AKIAABCDEFGHIJKLMN27".to_owned(),
        description: "of the \"dashboard\"".to_owned(),
        policy: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
        status,
        created_ms: 1_790_000_000_000,
        sealed_secret: vec![0, 1, 0xFE, 0xFF],
    };
    vec![
        ("access_key.json", with(KeyStatus::Active)),
        ("access_key-disabled.json", with(KeyStatus::Disabled)),
    ]
}

pub(crate) fn attachments() -> Vec<(&'static str, CertificateAttachment)> {
    let with = |is_exclusive| CertificateAttachment::new("lamp", "c1", is_exclusive);
    vec![
        ("certificate_of_thing.json", with(false)),
        ("certificate_of_thing-exclusive.json", with(true)),
    ]
}

pub(crate) fn gates() -> Vec<(&'static str, Gate)> {
    vec![("setting-gate.json", Gate::named("dimensions"))]
}

pub(crate) fn authorities() -> Vec<(&'static str, SealedAuthority)> {
    let authority = SealedAuthority {
        certificate_pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
            .to_owned(),
        sealed_key: vec![0, 1, 0xFE, 0xFF],
    };
    vec![("setting-authority.json", authority)]
}

/// Every metric, every operator and every kind of value stands in a behavior of the first.
pub(crate) fn security_profiles() -> Vec<(&'static str, SecurityProfile)> {
    let whole = SecurityProfile {
        name: profile_name("lamps"),
        description: Some("What lamps do".to_owned()),
        behaviors: behaviors(),
        alert_targets: vec![AlertTarget {
            arn: "arn:aws:sns:us-east-1:123456789012:alarms".to_owned(),
            role_arn: "arn:aws:iam::123456789012:role/alarms".to_owned(),
        }],
        metrics_to_retain: vec![
            MetricToRetain {
                metric: Metric::MessagesSent,
                dimension: Some(narrowed(DimensionOperator::NotIn)),
                export_metric: Some(true),
            },
            MetricToRetain { metric: custom("cpu_temp"), dimension: None, export_metric: None },
        ],
        metrics_export: Some(MetricsExport {
            mqtt_topic: "export".to_owned(),
            role_arn: "arn:aws:iam::123456789012:role/export".to_owned(),
        }),
        tags: tags(),
        version: 3,
        created_ms: 1_790_000_000_000,
        modified_ms: 1_790_000_000_001,
    };
    let bare = SecurityProfile {
        name: profile_name("bare"),
        description: None,
        behaviors: Vec::new(),
        alert_targets: Vec::new(),
        metrics_to_retain: Vec::new(),
        metrics_export: None,
        tags: Vec::new(),
        version: 1,
        created_ms: 0,
        modified_ms: 0,
    };
    vec![("security_profile.json", whole), ("security_profile-bare.json", bare)]
}

fn behaviors() -> Vec<Behavior> {
    use ComparisonOperator as Op;
    let count = || MetricValue::Count(u64::MAX);
    let cidrs =
        || MetricValue::Cidrs(vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
    let ports = || MetricValue::Ports(vec![22, 65535]);
    let strings = || MetricValue::Strings(vec!["on".to_owned(), "é\"".to_owned()]);
    let numbers = || MetricValue::Numbers(vec![0.1, -2.5e300]);
    let judged = [
        (Metric::MessagesSent, Op::LessThan, count()),
        (Metric::MessagesReceived, Op::LessThanEquals, MetricValue::Count(0)),
        (Metric::MessageByteSize, Op::GreaterThan, count()),
        (Metric::AuthorizationFailures, Op::GreaterThanEquals, count()),
        (Metric::ConnectionAttempts, Op::LessThan, count()),
        (Metric::Disconnects, Op::LessThan, count()),
        (Metric::DisconnectDuration, Op::LessThan, count()),
        (Metric::SourceIpAddress, Op::InCidrSet, cidrs()),
        (Metric::AllBytesIn, Op::LessThan, count()),
        (Metric::AllBytesOut, Op::LessThan, count()),
        (Metric::AllPacketsIn, Op::LessThan, count()),
        (Metric::AllPacketsOut, Op::LessThan, count()),
        (Metric::EstablishedTcpConnections, Op::LessThan, count()),
        (Metric::ListeningTcpPortCount, Op::LessThan, count()),
        (Metric::ListeningUdpPortCount, Op::LessThan, count()),
        (Metric::DestinationIpAddresses, Op::NotInCidrSet, cidrs()),
        (Metric::ListeningTcpPorts, Op::InPortSet, ports()),
        (Metric::ListeningUdpPorts, Op::NotInPortSet, ports()),
        (custom("cpu_temp"), Op::LessThan, MetricValue::Number(71.25)),
        (custom("modes"), Op::InSet, strings()),
        (custom("levels"), Op::NotInSet, numbers()),
    ];
    let judged = judged.into_iter().zip(0..).map(|((metric, operator, value), number)| Behavior {
        name: BehaviorName::parse(format!("behavior-{number}")).unwrap(),
        metric: Some(metric),
        dimension: (number == 0).then(|| narrowed(DimensionOperator::In)),
        criteria: Some(Criteria {
            judgement: Judgement::Static(Comparison::new(operator, value).unwrap()),
            duration_seconds: Some(300),
            datapoints_to_alarm: Some(2),
            datapoints_to_clear: None,
        }),
        suppress_alerts: number == 1,
        export_metric: (number == 2).then_some(false),
    });
    judged.chain([bare_behavior()]).collect()
}

pub(crate) fn violations() -> Vec<(&'static str, Violation)> {
    let whole = Violation {
        id: "1f0b0f2c-93c3-5d8e-9b5e-0a4d6f2a7a11".to_owned(),
        thing: thing_name("Lampe à côté/1"),
        profile: profile_name("lamps"),
        behavior: behaviors().remove(0),
        severity: Severity::of_metric(behaviors().remove(0).metric.as_ref()),
        last_value: MetricValue::Count(7),
        last_violation_ms: 1_790_000_000_010,
        started_ms: 1_790_000_000_001,
        verification: VerificationState::FalsePositive,
        verification_description: Some("A test".to_owned()),
    };
    let bare = Violation {
        behavior: bare_behavior(),
        severity: Severity::Medium,
        last_value: MetricValue::Number(0.5),
        verification: VerificationState::Unknown,
        verification_description: None,
        ..whole.clone()
    };
    vec![("violation.json", whole), ("violation-bare.json", bare)]
}

pub(crate) fn events() -> Vec<(&'static str, ViolationEvent)> {
    let with = |event_type, value, verification| ViolationEvent {
        violation_id: "1f0b0f2c-93c3-5d8e-9b5e-0a4d6f2a7a11".to_owned(),
        thing: thing_name("lamp"),
        profile: profile_name("lamps"),
        behavior: behaviors().remove(16),
        severity: Severity::of_metric(behaviors().remove(16).metric.as_ref()),
        value,
        event_type,
        at_ms: 1_790_000_000_020,
        verification,
        verification_description: None,
    };
    let ports = Some(MetricValue::Ports(vec![8080]));
    let strings = Some(MetricValue::Strings(vec!["off".to_owned()]));
    vec![
        ("event-in_alarm.json", with(EventType::InAlarm, ports, VerificationState::Unknown)),
        (
            "event-alarm_cleared.json",
            with(EventType::AlarmCleared, strings, VerificationState::TruePositive),
        ),
        (
            "event-alarm_invalidated.json",
            with(EventType::AlarmInvalidated, None, VerificationState::BenignPositive),
        ),
    ]
}

pub(crate) fn alerts() -> Vec<(&'static str, Alert)> {
    let alert = Alert {
        target_arn: "arn:aws:sns:us-east-1:123456789012:alarms".to_owned(),
        notification: Notification::Violation(events().remove(0).1),
    };
    vec![("alert.json", alert)]
}

pub(crate) fn mutes() -> Vec<(&'static str, Mute)> {
    let mute = |name, subject| {
        let mute = Mute {
            id: "0b7f4c1e-6a52-4d0f-9a0e-3f2d8f1c7a20".to_owned(),
            subject,
            until_ms: 1_790_003_600_000,
            reason: "works on the hall".to_owned(),
            created_by: "arn:aws:iam::123456789012:user/AKIAEXAMPLE".to_owned(),
            created_ms: 1_790_000_000_000,
        };
        (name, mute)
    };
    let profile = || ProfileName::parse("lamps").unwrap();
    let behavior = BehaviorName::parse("ports").unwrap();
    vec![
        mute("mute-thing.json", MuteSubject::Thing(thing_name("Lampe à côté/1"))),
        mute("mute-group.json", MuteSubject::Group(group_name("hall"))),
        mute("mute-profile.json", MuteSubject::Profile(profile())),
        mute("mute-behavior.json", MuteSubject::Behavior(profile(), behavior)),
    ]
}

pub(crate) fn changes() -> Vec<(&'static str, Change)> {
    let [(_, profile), (_, bare)] = security_profiles().try_into().unwrap();
    let targets = vec![
        Target::Group(group_name("hall")),
        Target::RegisteredThings,
        Target::UnregisteredThings,
        Target::AllThings,
    ];
    let thing = |registered, groups| Change::Thing { name: thing_name("lamp"), registered, groups };
    vec![
        ("thing.cbor", thing(true, vec![group_name("hall"), group_name("house")])),
        ("thing-removed.cbor", thing(false, Vec::new())),
        ("profile.cbor", Change::Profile(profile, targets)),
        ("profile-bare.cbor", Change::Profile(bare, Vec::new())),
        ("profile_deleted.cbor", Change::ProfileDeleted(profile_name("lamps"))),
        ("dimension.cbor", Change::Dimension(dimension_name("admin"))),
        ("certificate.cbor", Change::Certificate(certificate_id())),
        ("policy.cbor", Change::Policy(policy_name("devices"))),
    ]
}

fn bare_behavior() -> Behavior {
    Behavior {
        name: BehaviorName::parse("bare").unwrap(),
        metric: None,
        dimension: None,
        criteria: None,
        suppress_alerts: false,
        export_metric: None,
    }
}

fn narrowed(operator: DimensionOperator) -> MetricDimension {
    MetricDimension { name: dimension_name("admin"), operator }
}

fn attributes() -> BTreeMap<String, String> {
    let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    BTreeMap::from([attribute("floor", "1"), attribute("colour", "blanc cassé")])
}

fn tags() -> Vec<(String, String)> {
    vec![("team".to_owned(), "lights".to_owned()), ("empty".to_owned(), String::new())]
}

fn custom(name: &str) -> Metric {
    Metric::parse(name).unwrap()
}

fn thing_name(name: &str) -> ThingName {
    ThingName::parse(name).unwrap()
}

fn group_name(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

fn profile_name(name: &str) -> ProfileName {
    ProfileName::parse(name).unwrap()
}

fn dimension_name(name: &str) -> DimensionName {
    DimensionName::parse(name).unwrap()
}

fn policy_name(name: &str) -> PolicyName {
    PolicyName::parse(name).unwrap()
}

fn certificate_id() -> CertificateId {
    CertificateId::parse("0123456789abcdef".repeat(4)).unwrap()
}
