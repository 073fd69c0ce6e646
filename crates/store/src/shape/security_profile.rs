//! Security profiles.

use fleetward_domain::security_profile::{AlertTarget, MetricsExport};
use fleetward_domain::{
    EpochMs, FormatLevel, MetricToRetain, ProfileName, SecurityProfile, Unsayable,
};
use fleetward_shape::sayable;
use serde::{Deserialize, Serialize};

use super::behavior::BehaviorV1;
use super::json::{self, Reader};
use super::metric::{MetricDimensionV1, MetricV1};
use crate::error::StoreError;
use crate::kind::Kind;
use crate::noun::Noun;

const READERS: &[Reader<SecurityProfile>] = &[json::reader::<V1, SecurityProfile>];

impl Noun for SecurityProfile {
    const KIND: Kind = Kind::SecurityProfile;
    const WORD: &'static str = "Security profile";

    fn key(&self) -> &str {
        self.name.as_str()
    }

    fn to_bytes(&self, level: FormatLevel) -> Result<Vec<u8>, StoreError> {
        json::write(Self::WORD, self.key(), &V1::at(level, self)?)
    }

    fn from_bytes(key: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        json::read(Self::WORD, key, bytes, READERS)
    }
}

#[derive(Serialize, Deserialize)]
struct V1 {
    name: ProfileName,
    description: Option<String>,
    behaviors: Vec<BehaviorV1>,
    alert_targets: Vec<AlertTargetV1>,
    metrics_to_retain: Vec<MetricToRetainV1>,
    metrics_export: Option<MetricsExportV1>,
    tags: Vec<(String, String)>,
    version: i64,
    created_ms: EpochMs,
    modified_ms: EpochMs,
}

#[derive(Serialize, Deserialize)]
struct AlertTargetV1 {
    arn: String,
    role_arn: String,
}

#[derive(Serialize, Deserialize)]
struct MetricsExportV1 {
    mqtt_topic: String,
    role_arn: String,
}

#[derive(Serialize, Deserialize)]
struct MetricToRetainV1 {
    metric: MetricV1,
    dimension: Option<MetricDimensionV1>,
    export_metric: Option<bool>,
}

impl V1 {
    fn at(level: FormatLevel, profile: &SecurityProfile) -> Result<Self, Unsayable> {
        // Also where this shape has a place for it: the release before may not know the value.
        sayable::profile(level, profile)?;
        let target = |target: &AlertTarget| AlertTargetV1 {
            arn: target.arn.clone(),
            role_arn: target.role_arn.clone(),
        };
        let retained = |retained: &MetricToRetain| {
            let dimension = retained.dimension.as_ref();
            Ok(MetricToRetainV1 {
                metric: MetricV1::at(level, &retained.metric)?,
                dimension: dimension.map(|it| MetricDimensionV1::at(level, it)).transpose()?,
                export_metric: retained.export_metric,
            })
        };
        let behaviors = profile.behaviors.iter().map(|behavior| BehaviorV1::at(level, behavior));
        let metrics_to_retain = profile.metrics_to_retain.iter().map(retained);
        let export = |export: &MetricsExport| MetricsExportV1 {
            mqtt_topic: export.mqtt_topic.clone(),
            role_arn: export.role_arn.clone(),
        };
        Ok(Self {
            name: profile.name.clone(),
            description: profile.description.clone(),
            behaviors: behaviors.collect::<Result<_, _>>()?,
            alert_targets: profile.alert_targets.iter().map(target).collect(),
            metrics_to_retain: metrics_to_retain.collect::<Result<_, Unsayable>>()?,
            metrics_export: profile.metrics_export.as_ref().map(export),
            tags: profile.tags.clone(),
            version: profile.version,
            created_ms: profile.created_ms,
            modified_ms: profile.modified_ms,
        })
    }
}

impl TryFrom<V1> for SecurityProfile {
    type Error = String;

    fn try_from(stored: V1) -> Result<Self, String> {
        let target = |AlertTargetV1 { arn, role_arn }| AlertTarget { arn, role_arn };
        let retained = |retained: MetricToRetainV1| {
            Ok::<_, String>(MetricToRetain {
                metric: retained.metric.try_into()?,
                dimension: retained.dimension.map(Into::into),
                export_metric: retained.export_metric,
            })
        };
        let export =
            |MetricsExportV1 { mqtt_topic, role_arn }| MetricsExport { mqtt_topic, role_arn };
        // Field by field and without a default: a field that a later version adds must be decided.
        Ok(Self {
            name: stored.name,
            description: stored.description,
            behaviors: stored
                .behaviors
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
            alert_targets: stored.alert_targets.into_iter().map(target).collect(),
            metrics_to_retain: stored
                .metrics_to_retain
                .into_iter()
                .map(retained)
                .collect::<Result<_, _>>()?,
            metrics_export: stored.metrics_export.map(export),
            tags: stored.tags,
            version: stored.version,
            created_ms: stored.created_ms,
            modified_ms: stored.modified_ms,
        })
    }
}
