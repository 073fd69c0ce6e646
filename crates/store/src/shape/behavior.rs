//! Behaviors, as they stand in profiles, violations and events.

use fleetward_domain::{
    Behavior, BehaviorName, Comparison, ComparisonOperator, Criteria, FormatLevel, Judgement,
    Percentile, Unsayable,
};
use fleetward_shape::sayable;
use serde::{Deserialize, Serialize};

use super::json;
use super::metric::{MetricDimensionV1, MetricV1, MetricValueV1};
use crate::error::StoreError;

/// A behavior that many rows refer to, in the version that the level names.
pub(crate) fn to_bytes(behavior: &Behavior, level: FormatLevel) -> Result<Vec<u8>, StoreError> {
    json::write("behavior", behavior.name.as_str(), &BehaviorV1::at(level, behavior)?)
}

/// Reads one that the row of this key refers to.
pub(crate) fn from_bytes(key: &str, bytes: &[u8]) -> Result<Behavior, StoreError> {
    json::read("the behavior of", key, bytes, &[json::reader::<BehaviorV1, Behavior>])
}

#[derive(Serialize, Deserialize)]
pub(super) struct BehaviorV1 {
    name: BehaviorName,
    metric: Option<MetricV1>,
    dimension: Option<MetricDimensionV1>,
    criteria: Option<CriteriaV1>,
    suppress_alerts: bool,
    export_metric: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct CriteriaV1 {
    judgement: JudgementV1,
    duration_seconds: Option<u32>,
    datapoints_to_alarm: Option<u8>,
    datapoints_to_clear: Option<u8>,
}

#[derive(Serialize, Deserialize)]
enum JudgementV1 {
    Static(ComparisonV1),
    /// Since `FormatLevel::Proven`.
    Statistical {
        operator: OperatorV1,
        statistic: String,
    },
}

#[derive(Serialize, Deserialize)]
struct ComparisonV1 {
    operator: OperatorV1,
    value: MetricValueV1,
}

#[derive(Serialize, Deserialize)]
enum OperatorV1 {
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

impl BehaviorV1 {
    pub(super) fn at(level: FormatLevel, behavior: &Behavior) -> Result<Self, Unsayable> {
        sayable::behavior(level, behavior)?;
        let (metric, dimension) = (behavior.metric.as_ref(), behavior.dimension.as_ref());
        let criteria = behavior.criteria.as_ref();
        Ok(Self {
            name: behavior.name.clone(),
            metric: metric.map(|metric| MetricV1::at(level, metric)).transpose()?,
            dimension: dimension.map(|it| MetricDimensionV1::at(level, it)).transpose()?,
            criteria: criteria.map(|criteria| CriteriaV1::at(level, criteria)).transpose()?,
            suppress_alerts: behavior.suppress_alerts,
            export_metric: behavior.export_metric,
        })
    }
}

impl TryFrom<BehaviorV1> for Behavior {
    type Error = String;

    fn try_from(stored: BehaviorV1) -> Result<Self, String> {
        Ok(Self {
            name: stored.name,
            metric: stored.metric.map(TryInto::try_into).transpose()?,
            dimension: stored.dimension.map(Into::into),
            criteria: stored.criteria.map(TryInto::try_into).transpose()?,
            suppress_alerts: stored.suppress_alerts,
            export_metric: stored.export_metric,
        })
    }
}

impl CriteriaV1 {
    fn at(level: FormatLevel, criteria: &Criteria) -> Result<Self, Unsayable> {
        let judgement = match &criteria.judgement {
            Judgement::Static(comparison) => JudgementV1::Static(ComparisonV1 {
                operator: comparison.operator().into(),
                value: MetricValueV1::at(level, comparison.value())?,
            }),
            Judgement::Statistical { operator, statistic } => JudgementV1::Statistical {
                operator: (*operator).into(),
                statistic: statistic.as_str().to_owned(),
            },
        };
        Ok(Self {
            judgement,
            duration_seconds: criteria.duration_seconds,
            datapoints_to_alarm: criteria.datapoints_to_alarm,
            datapoints_to_clear: criteria.datapoints_to_clear,
        })
    }
}

impl TryFrom<CriteriaV1> for Criteria {
    type Error = String;

    fn try_from(stored: CriteriaV1) -> Result<Self, String> {
        let judgement = match stored.judgement {
            JudgementV1::Static(ComparisonV1 { operator, value }) => {
                Judgement::Static(Comparison::new(operator.into(), value.try_into()?)?)
            }
            JudgementV1::Statistical { operator, statistic } => Judgement::Statistical {
                operator: operator.into(),
                statistic: Percentile::parse(&statistic).ok_or("an unknown percentile")?,
            },
        };
        Ok(Self {
            judgement,
            duration_seconds: stored.duration_seconds,
            datapoints_to_alarm: stored.datapoints_to_alarm,
            datapoints_to_clear: stored.datapoints_to_clear,
        })
    }
}

impl From<ComparisonOperator> for OperatorV1 {
    fn from(operator: ComparisonOperator) -> Self {
        match operator {
            ComparisonOperator::LessThan => Self::LessThan,
            ComparisonOperator::LessThanEquals => Self::LessThanEquals,
            ComparisonOperator::GreaterThan => Self::GreaterThan,
            ComparisonOperator::GreaterThanEquals => Self::GreaterThanEquals,
            ComparisonOperator::InCidrSet => Self::InCidrSet,
            ComparisonOperator::NotInCidrSet => Self::NotInCidrSet,
            ComparisonOperator::InPortSet => Self::InPortSet,
            ComparisonOperator::NotInPortSet => Self::NotInPortSet,
            ComparisonOperator::InSet => Self::InSet,
            ComparisonOperator::NotInSet => Self::NotInSet,
        }
    }
}

impl From<OperatorV1> for ComparisonOperator {
    fn from(stored: OperatorV1) -> Self {
        match stored {
            OperatorV1::LessThan => Self::LessThan,
            OperatorV1::LessThanEquals => Self::LessThanEquals,
            OperatorV1::GreaterThan => Self::GreaterThan,
            OperatorV1::GreaterThanEquals => Self::GreaterThanEquals,
            OperatorV1::InCidrSet => Self::InCidrSet,
            OperatorV1::NotInCidrSet => Self::NotInCidrSet,
            OperatorV1::InPortSet => Self::InPortSet,
            OperatorV1::NotInPortSet => Self::NotInPortSet,
            OperatorV1::InSet => Self::InSet,
            OperatorV1::NotInSet => Self::NotInSet,
        }
    }
}
