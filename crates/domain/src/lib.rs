//! What exists in Fleetward: things, groups, certificates, policies, security profiles, behaviors,
//! metrics, datapoints, violations, and the records and changes that carry them.
//!
//! This crate is values and the rules between them. It has no tokio, no IO, no clock and no
//! randomness; it knows neither AWS's JSON names (`wire` does) nor SQL (`store` does).

pub mod alert;
pub mod arn;
pub mod behavior;
pub mod certificate;
pub mod change;
mod condition;
pub mod custom_metric;
pub mod datapoint;
pub mod dimension;
mod effects;
mod format_level;
pub mod limits;
pub mod metric;
mod mute;
pub mod name;
pub mod notification;
pub mod percentile;
pub mod placement;
pub mod policy;
pub mod record;
pub mod security_profile;
pub mod severity;
pub mod target;
pub mod thing;
pub mod value;
pub mod violation;
pub mod words;

pub use alert::Alert;
pub use arn::{Arn, Place, Resource};
pub use behavior::{Behavior, Comparison, ComparisonOperator, Criteria, CriteriaType, Judgement};
pub use certificate::{Certificate, CertificateStatus};
pub use change::Change;
pub use condition::Condition;
pub use custom_metric::{CustomMetric, CustomMetricType};
pub use datapoint::{
    CustomValue, Datapoint, Measure, NetworkStats, Observed, PortList, RemoteList, Report,
    ReportedMetric,
};
pub use dimension::{Dimension, DimensionOperator, MetricDimension};
pub use effects::{Effects, Export, WindowSummary};
pub use format_level::{FormatLevel, UnknownFormatLevel, Unsayable};
pub use metric::{
    Measured, Metric, MetricFacts, MetricKind, MetricSource, NetworkCounter, ReportList, Usable,
};
pub use mute::{Mute, MuteSubject};
pub use name::{
    BehaviorName, CertificateId, CustomMetricName, DimensionName, GroupName, NameError, PolicyName,
    ProfileName, ThingName,
};
pub use notification::Notification;
pub use percentile::Percentile;
pub use placement::{Placement, Spread};
pub use policy::{Policy, PolicyHistory, PolicyVersion};
pub use record::{Activity, Count, Publisher, Record, Sizes, Source, Threshold};
pub use security_profile::{MetricToRetain, SecurityProfile};
pub use severity::{Severities, Severity};
pub use target::Target;
pub use thing::{Thing, ThingGroup};
pub use value::MetricValue;
pub use violation::{EventType, VerificationState, Violation, ViolationEvent};

/// Milliseconds since the Unix epoch, server time. Every time in the system is one of these.
pub type EpochMs = i64;
