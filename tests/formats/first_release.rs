//! The CBOR readers of the first release, frozen: what is written at its level must please them,
//! so that going back works. Never edit them.
//!
//! They passed over fields that they did not know. So what they read is written again here: it must
//! be every byte that there was. Tests of several rooms include this file.

#![allow(dead_code, reason = "each room reads what it writes")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use std::net::IpAddr;

use minicbor::{Decode, Encode};

/// Whether the first release reads all of this as what it holds.
pub(crate) fn reads<T: Encode<()> + for<'b> Decode<'b, ()>>(bytes: &[u8]) {
    match minicbor::decode::<T>(bytes) {
        Ok(read) => assert_eq!(minicbor::to_vec(read).unwrap(), bytes, "some of it is lost"),
        Err(error) => panic!("the first release does not read it: {error}"),
    }
}

#[derive(Encode, Decode)]
pub(crate) enum Record {
    #[n(0)]
    Report(#[n(0)] String, #[n(1)] i64, #[n(2)] Report),
    #[n(1)]
    Activity(#[n(0)] Activity),
    #[n(2)]
    DoorStarted {
        #[n(0)]
        door: String,
        #[n(1)]
        boot: u64,
        #[n(2)]
        at_ms: i64,
    },
    #[n(3)]
    Change(#[n(0)] u64, #[n(1)] i64, #[n(2)] Change),
    #[n(4)]
    Tick(#[n(0)] i64),
}

#[derive(Encode, Decode)]
pub(crate) struct Report {
    #[n(0)]
    report_id: i64,
    #[n(1)]
    network: NetworkStats,
    #[n(2)]
    listening_tcp: Option<PortList>,
    #[n(3)]
    listening_udp: Option<PortList>,
    #[n(4)]
    established: Option<RemoteList>,
    #[n(5)]
    custom: Vec<CustomMetric>,
}

#[derive(Encode, Decode)]
struct NetworkStats {
    #[n(0)]
    bytes_in: Option<u64>,
    #[n(1)]
    bytes_out: Option<u64>,
    #[n(2)]
    packets_in: Option<u64>,
    #[n(3)]
    packets_out: Option<u64>,
}

#[derive(Encode, Decode)]
struct PortList {
    #[n(0)]
    total: Option<u64>,
    #[n(1)]
    ports: Option<Vec<u16>>,
}

#[derive(Encode, Decode)]
struct RemoteList {
    #[n(0)]
    total: Option<u64>,
    #[n(1)]
    addresses: Option<Vec<IpAddr>>,
    #[n(2)]
    listed: u64,
}

#[derive(Encode, Decode)]
struct CustomMetric {
    #[n(0)]
    name: String,
    #[n(1)]
    value: CustomValue,
}

#[derive(Encode, Decode)]
enum CustomValue {
    #[n(0)]
    Number(#[n(0)] f64),
    #[n(1)]
    Numbers(#[n(0)] Vec<f64>),
    #[n(2)]
    Strings(#[n(0)] Vec<String>),
    #[n(3)]
    Addresses(#[n(0)] Vec<IpAddr>),
}

#[derive(Encode, Decode)]
pub(crate) struct Activity {
    #[n(0)]
    door: String,
    #[n(1)]
    boot: u64,
    #[n(2)]
    seq: u64,
    #[n(3)]
    thing: String,
    #[n(4)]
    until_ms: i64,
    #[n(5)]
    connected: bool,
    #[n(6)]
    counts: Vec<Count>,
}

#[derive(Encode, Decode)]
struct Count {
    #[n(0)]
    metric: Metric,
    #[n(1)]
    dimension: Option<String>,
    #[n(2)]
    value: u64,
}

/// Also a row of the change feed.
#[derive(Encode, Decode)]
pub(crate) enum Change {
    #[n(0)]
    Thing {
        #[n(0)]
        name: String,
        #[n(1)]
        registered: bool,
        #[n(2)]
        groups: Vec<String>,
    },
    #[n(1)]
    Profile(#[n(0)] SecurityProfile, #[n(1)] Vec<Target>),
    #[n(2)]
    ProfileDeleted(#[n(0)] String),
    #[n(3)]
    Dimension(#[n(0)] String),
    #[n(4)]
    Certificate(#[n(0)] String),
    #[n(5)]
    Policy(#[n(0)] String),
}

/// Chunk 0 of detection state.
#[derive(Encode, Decode)]
pub(crate) struct Header {
    #[n(0)]
    format: u8,
    #[n(1)]
    now_ms: i64,
    #[n(2)]
    ticked_ms: i64,
    #[n(3)]
    changes_applied: u64,
    #[n(4)]
    doors: Vec<(String, u64, Option<u64>, i64)>,
    #[n(5)]
    profiles: Vec<(SecurityProfile, Vec<Target>)>,
}

#[derive(Encode, Decode)]
pub(crate) struct SecurityProfile {
    #[n(0)]
    name: String,
    #[n(1)]
    description: Option<String>,
    #[n(2)]
    behaviors: Vec<Behavior>,
    #[n(3)]
    alert_targets: Vec<AlertTarget>,
    #[n(4)]
    metrics_to_retain: Vec<MetricToRetain>,
    #[n(5)]
    metrics_export: Option<MetricsExport>,
    #[n(6)]
    tags: Vec<(String, String)>,
    #[n(7)]
    version: i64,
    #[n(8)]
    created_ms: i64,
    #[n(9)]
    modified_ms: i64,
}

#[derive(Encode, Decode)]
struct AlertTarget {
    #[n(0)]
    arn: String,
    #[n(1)]
    role_arn: String,
}

#[derive(Encode, Decode)]
struct MetricsExport {
    #[n(0)]
    mqtt_topic: String,
    #[n(1)]
    role_arn: String,
}

#[derive(Encode, Decode)]
struct MetricToRetain {
    #[n(0)]
    metric: Metric,
    #[n(1)]
    dimension: Option<MetricDimension>,
    #[n(2)]
    export_metric: Option<bool>,
}

#[derive(Encode, Decode)]
struct MetricDimension {
    #[n(0)]
    name: String,
    #[n(1)]
    operator: DimensionOperator,
}

#[derive(Encode, Decode)]
#[cbor(index_only)]
enum DimensionOperator {
    #[n(0)]
    In,
    #[n(1)]
    NotIn,
}

#[derive(Encode, Decode)]
pub(crate) struct Behavior {
    #[n(0)]
    name: String,
    #[n(1)]
    metric: Option<Metric>,
    #[n(2)]
    dimension: Option<MetricDimension>,
    #[n(3)]
    criteria: Option<Criteria>,
    #[n(4)]
    suppress_alerts: bool,
    #[n(5)]
    export_metric: Option<bool>,
}

#[derive(Encode, Decode)]
struct Criteria {
    #[n(0)]
    judgement: Judgement,
    #[n(1)]
    duration_seconds: Option<u32>,
    #[n(2)]
    datapoints_to_alarm: Option<u8>,
    #[n(3)]
    datapoints_to_clear: Option<u8>,
}

#[derive(Encode, Decode)]
enum Judgement {
    #[n(0)]
    Static(#[n(0)] Comparison),
}

#[derive(Encode, Decode)]
struct Comparison {
    #[n(0)]
    operator: ComparisonOperator,
    #[n(1)]
    value: MetricValue,
}

#[derive(Encode, Decode)]
#[cbor(index_only)]
enum ComparisonOperator {
    #[n(0)]
    LessThan,
    #[n(1)]
    LessThanEquals,
    #[n(2)]
    GreaterThan,
    #[n(3)]
    GreaterThanEquals,
    #[n(4)]
    InCidrSet,
    #[n(5)]
    NotInCidrSet,
    #[n(6)]
    InPortSet,
    #[n(7)]
    NotInPortSet,
    #[n(8)]
    InSet,
    #[n(9)]
    NotInSet,
}

#[derive(Encode, Decode)]
enum MetricValue {
    #[n(0)]
    Count(#[n(0)] u64),
    #[n(1)]
    Cidrs(#[n(0)] Vec<String>),
    #[n(2)]
    Ports(#[n(0)] Vec<u16>),
    #[n(3)]
    Number(#[n(0)] f64),
    #[n(4)]
    Numbers(#[n(0)] Vec<f64>),
    #[n(5)]
    Strings(#[n(0)] Vec<String>),
}

#[derive(Encode, Decode)]
pub(crate) enum Target {
    #[n(0)]
    Group(#[n(0)] String),
    #[n(1)]
    RegisteredThings,
    #[n(2)]
    UnregisteredThings,
    #[n(3)]
    AllThings,
}

#[derive(Encode, Decode)]
enum Metric {
    #[n(0)]
    MessagesSent,
    #[n(1)]
    MessagesReceived,
    #[n(2)]
    MessageByteSize,
    #[n(3)]
    AuthorizationFailures,
    #[n(4)]
    ConnectionAttempts,
    #[n(5)]
    Disconnects,
    #[n(6)]
    DisconnectDuration,
    #[n(7)]
    SourceIpAddress,
    #[n(8)]
    AllBytesIn,
    #[n(9)]
    AllBytesOut,
    #[n(10)]
    AllPacketsIn,
    #[n(11)]
    AllPacketsOut,
    #[n(12)]
    EstablishedTcpConnections,
    #[n(13)]
    ListeningTcpPortCount,
    #[n(14)]
    ListeningUdpPortCount,
    #[n(15)]
    DestinationIpAddresses,
    #[n(16)]
    ListeningTcpPorts,
    #[n(17)]
    ListeningUdpPorts,
    #[n(18)]
    Custom(#[n(0)] String),
}
