//! Records of every kind, with every part once present and once absent: what the golden files of
//! `tests/formats/` hold.

use std::net::IpAddr;

use fleetward_domain::security_profile::{AlertTarget, MetricsExport};
use fleetward_domain::{
    Activity, Behavior, BehaviorName, CertificateId, Change, Comparison, ComparisonOperator, Count,
    Criteria, CustomValue, DimensionName, DimensionOperator, GroupName, Judgement, Metric,
    MetricDimension, MetricToRetain, MetricValue, NetworkStats, Percentile, PolicyName, PortList,
    ProfileName, Publisher, Record, RemoteList, Report, ReportedMetric, SecurityProfile, Sizes,
    Source, Target, ThingName, Threshold,
};

const AT_MS: i64 = 1_700_000_000_123;

/// All samples, each with its file's name.
pub(super) fn all() -> Vec<(&'static str, Record)> {
    let change = |change| Record::Change(77, AT_MS, change);
    vec![
        ("report-full", report_record(full_report())),
        ("report-empty", report_record(Report::default())),
        ("report-partial", report_record(partial_report())),
        ("activity", Record::Activity(activity())),
        ("door-started", door_started()),
        ("change-thing", change(thing(true, &["racks", "all-racks"]))),
        ("change-thing-removed", change(thing(false, &[]))),
        ("change-profile", change(Change::Profile(full_profile(), targets()))),
        ("change-profile-bare", change(Change::Profile(bare_profile(), Vec::new()))),
        ("change-profile-deleted", change(Change::ProfileDeleted(profile_name()))),
        ("change-dimension", change(Change::Dimension(dimension_name()))),
        ("change-certificate", change(Change::Certificate(certificate_id()))),
        ("change-policy", change(Change::Policy(PolicyName::parse("p+=,.@-_").unwrap()))),
        ("tick", Record::Tick(AT_MS)),
    ]
}

/// What came with [`FormatLevel::Proven`](fleetward_domain::FormatLevel::Proven).
pub(super) fn proven() -> Vec<(&'static str, Record)> {
    let (door, boot) = ("door-1".to_owned(), 3);
    let change = |change| Record::Change(78, AT_MS, change);
    let threshold = |value| Threshold {
        profile: profile_name(),
        behavior: BehaviorName::parse("usual").unwrap(),
        generation: 2,
        from_ms: AT_MS,
        value,
        things: 10_000,
    };
    vec![
        ("activity-measured", Record::Activity(measured_activity())),
        ("watermark", Record::Watermark { door: door.clone(), boot, until_ms: AT_MS }),
        ("clock-set", Record::ClockSet { door: door.clone(), boot, from_ms: AT_MS, to_ms: 5 }),
        ("door-gone", Record::DoorGone { door, boot, until_ms: AT_MS }),
        ("threshold", Record::Threshold(threshold(Some(41.5)))),
        ("threshold-none", Record::Threshold(threshold(None))),
        ("change-profile-statistical", change(Change::Profile(statistical(), targets()))),
        ("change-profile-silence", change(Change::Profile(of_silence(), targets()))),
        ("change-group-deleted", change(group_deleted())),
    ]
}

fn group_deleted() -> Change {
    let group = |name| GroupName::parse(name).unwrap();
    Change::GroupDeleted { name: group("racks"), ancestors: vec![group("hall"), group("building")] }
}

fn statistical() -> SecurityProfile {
    let mut profile = bare_profile();
    profile.behaviors.push(Behavior {
        name: BehaviorName::parse("usual").unwrap(),
        metric: Some(Metric::MessageByteSize),
        dimension: None,
        criteria: Some(Criteria {
            judgement: Judgement::Statistical {
                operator: ComparisonOperator::LessThanEquals,
                statistic: Percentile::parse("p99.9").unwrap(),
            },
            duration_seconds: Some(300),
            datapoints_to_alarm: None,
            datapoints_to_clear: None,
        }),
        suppress_alerts: false,
        export_metric: None,
    });
    profile
}

fn of_silence() -> SecurityProfile {
    let mut profile = bare_profile();
    let metric = Metric::SecondsSinceReport;
    profile.metrics_to_retain =
        vec![MetricToRetain { metric, dimension: None, export_metric: Some(true) }];
    profile
}

fn measured_activity() -> Activity {
    let favorites = |operator| Some(MetricDimension { name: dimension_name(), operator });
    let source = |dimension, address: &str| Source { dimension, address: address.parse().unwrap() };
    Activity {
        connected: false,
        since_ms: Some(AT_MS - 200),
        sizes: vec![
            Sizes { dimension: None, min: 0, max: 131_072, total: u64::MAX, messages: 3 },
            Sizes {
                dimension: favorites(DimensionOperator::NotIn),
                min: 1,
                max: 2,
                total: 3,
                messages: 2,
            },
        ],
        sources: vec![
            source(None, "192.0.2.1"),
            source(favorites(DimensionOperator::In), "2001:db8::1"),
        ],
        away_since_ms: Some(AT_MS - 1),
        ..activity()
    }
}

fn thing_name() -> ThingName {
    ThingName::parse("Lampe à côté/1").unwrap()
}

fn profile_name() -> ProfileName {
    ProfileName::parse("a:profile_-1").unwrap()
}

fn dimension_name() -> DimensionName {
    DimensionName::parse("favorites").unwrap()
}

fn certificate_id() -> CertificateId {
    CertificateId::parse("0a".repeat(32)).unwrap()
}

fn full_report() -> Report {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let custom = |name: &str, value| ReportedMetric { name: name.to_owned(), value };
    Report {
        report_id: -1_530_304_554,
        network: NetworkStats {
            bytes_in: Some(0),
            bytes_out: Some(u64::MAX),
            packets_in: Some(255),
            packets_out: Some(70_000),
        },
        listening_tcp: Some(PortList { total: Some(3), ports: Some(vec![22, 443, 65_535]) }),
        listening_udp: Some(PortList { total: None, ports: Some(Vec::new()) }),
        established: Some(RemoteList {
            total: Some(5_000_000_000),
            addresses: Some(vec![address("192.0.2.1"), address("2001:db8::1")]),
            listed: 3,
        }),
        custom: vec![
            custom("cpu_temp", CustomValue::Number(-41.5)),
            custom("levels", CustomValue::Numbers(vec![0.0, 1e300, -0.25])),
            custom("firmware", CustomValue::Strings(vec![String::new(), "v1.2é".to_owned()])),
            custom("peers", CustomValue::Addresses(vec![address("::1"), address("10.0.0.9")])),
            custom("none", CustomValue::Numbers(Vec::new())),
        ],
    }
}

/// Absent parts in front of present ones, behind them, and alone.
fn partial_report() -> Report {
    Report {
        report_id: 7,
        network: NetworkStats { bytes_out: Some(12), ..NetworkStats::default() },
        listening_tcp: Some(PortList::default()),
        listening_udp: Some(PortList { total: Some(2), ports: None }),
        established: Some(RemoteList { total: None, addresses: None, listed: 0 }),
        custom: Vec::new(),
    }
}

fn activity() -> Activity {
    let count = |metric, dimension: Option<&str>, value| Count {
        metric,
        dimension: dimension.map(|name| DimensionName::parse(name).unwrap()),
        value,
    };
    Activity {
        door: "door-1".to_owned(),
        boot: 3,
        seq: 1_000_000,
        thing: thing_name(),
        until_ms: AT_MS,
        since_ms: None,
        connected: true,
        counts: vec![
            count(Metric::MessagesSent, None, 24),
            count(Metric::MessagesSent, Some("favorites"), 0),
            count(Metric::MessagesReceived, None, 23),
            count(Metric::AuthorizationFailures, None, 256),
            count(Metric::ConnectionAttempts, None, 1),
            count(Metric::Disconnects, None, u64::MAX),
        ],
        sizes: Vec::new(),
        sources: Vec::new(),
        away_since_ms: None,
    }
}

fn door_started() -> Record {
    Record::DoorStarted { door: "door-1".to_owned(), boot: 4, at_ms: AT_MS }
}

fn thing(registered: bool, groups: &[&str]) -> Change {
    let groups = groups.iter().map(|name| GroupName::parse(*name).unwrap()).collect();
    Change::Thing { name: thing_name(), registered, groups }
}

fn targets() -> Vec<Target> {
    vec![
        Target::Group(GroupName::parse("racks").unwrap()),
        Target::RegisteredThings,
        Target::UnregisteredThings,
        Target::AllThings,
    ]
}

/// Every metric, every operator, every kind of value, and criteria cut short in every way.
fn full_profile() -> SecurityProfile {
    use ComparisonOperator as Op;
    let networks = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"];
    let networks: Vec<_> = networks.iter().map(|network| network.parse().unwrap()).collect();
    let strings = MetricValue::Strings(vec!["v1".to_owned(), String::new()]);
    let comparisons = [
        (Op::LessThan, MetricValue::Count(0)),
        (Op::LessThanEquals, MetricValue::Count(u64::MAX)),
        (Op::GreaterThan, MetricValue::Number(-1.5)),
        (Op::GreaterThanEquals, MetricValue::Number(0.1)),
        (Op::InCidrSet, MetricValue::Cidrs(networks)),
        (Op::NotInCidrSet, MetricValue::Cidrs(Vec::new())),
        (Op::InPortSet, MetricValue::Ports(vec![22, 443, 65_535])),
        (Op::NotInPortSet, MetricValue::Ports(Vec::new())),
        (Op::InSet, MetricValue::Numbers(vec![1.0, -2.25])),
        (Op::NotInSet, strings),
    ];
    let (in_dimension, outside) = (DimensionOperator::In, DimensionOperator::NotIn);
    let dimension = |operator| Some(MetricDimension { name: dimension_name(), operator });
    let mut behaviors: Vec<_> = metrics()
        .into_iter()
        .zip(comparisons.into_iter().cycle())
        .enumerate()
        .map(|(number, (metric, (operator, value)))| Behavior {
            name: BehaviorName::parse(format!("behavior-{number}")).unwrap(),
            metric: Some(metric),
            dimension: if number == 0 { dimension(in_dimension) } else { None },
            criteria: Some(Criteria {
                judgement: Judgement::Static(Comparison::new(operator, value).unwrap()),
                duration_seconds: (number % 2 == 0).then_some(300),
                datapoints_to_alarm: (number % 3 == 0).then_some(10),
                datapoints_to_clear: (number % 5 == 0).then_some(1),
            }),
            suppress_alerts: number % 2 == 1,
            export_metric: (number % 4 == 0).then_some(number % 8 == 0),
        })
        .collect();
    behaviors.push(Behavior {
        name: BehaviorName::parse("only-a-name").unwrap(),
        metric: None,
        dimension: None,
        criteria: None,
        suppress_alerts: false,
        export_metric: None,
    });
    let retain = |dimension, export_metric| MetricToRetain {
        metric: Metric::MessagesReceived,
        dimension,
        export_metric,
    };
    SecurityProfile {
        name: profile_name(),
        description: Some("What is normal".to_owned()),
        behaviors,
        alert_targets: vec![AlertTarget {
            arn: "arn:aws:sns:us-east-1:123456789012:alarms".to_owned(),
            role_arn: "arn:aws:iam::123456789012:role/alarms".to_owned(),
        }],
        metrics_to_retain: vec![
            retain(None, None),
            retain(dimension(outside), None),
            retain(None, Some(true)),
        ],
        metrics_export: Some(MetricsExport {
            mqtt_topic: "exports/all".to_owned(),
            role_arn: "arn:aws:iam::123456789012:role/exports".to_owned(),
        }),
        tags: vec![("owner".to_owned(), "plant 3".to_owned()), (String::new(), String::new())],
        version: 9,
        created_ms: AT_MS,
        modified_ms: AT_MS + 1,
    }
}

fn bare_profile() -> SecurityProfile {
    SecurityProfile {
        name: profile_name(),
        description: None,
        behaviors: Vec::new(),
        alert_targets: Vec::new(),
        metrics_to_retain: Vec::new(),
        metrics_export: None,
        tags: Vec::new(),
        version: 1,
        created_ms: 0,
        modified_ms: 0,
    }
}

fn metrics() -> Vec<Metric> {
    vec![
        Metric::MessagesSent,
        Metric::MessagesReceived,
        Metric::MessageByteSize,
        Metric::AuthorizationFailures,
        Metric::ConnectionAttempts,
        Metric::Disconnects,
        Metric::DisconnectDuration,
        Metric::SourceIpAddress,
        Metric::AllBytesIn,
        Metric::AllBytesOut,
        Metric::AllPacketsIn,
        Metric::AllPacketsOut,
        Metric::EstablishedTcpConnections,
        Metric::ListeningTcpPortCount,
        Metric::ListeningUdpPortCount,
        Metric::DestinationIpAddresses,
        Metric::ListeningTcpPorts,
        Metric::ListeningUdpPorts,
        Metric::parse("cpu_temp").unwrap(),
    ]
}

fn report_record(report: Report) -> Record {
    let publisher = if report.report_id < 0 { Publisher::Another } else { Publisher::Itself };
    Record::Report { thing: thing_name(), at_ms: AT_MS, publisher, report }
}
