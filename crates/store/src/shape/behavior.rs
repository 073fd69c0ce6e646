//! Behaviors, as they stand in profiles, violations and events.

use fleetward_domain::{
    Behavior, BehaviorName, Comparison, ComparisonOperator, Criteria, Judgement,
};
use serde::{Deserialize, Serialize};

use super::metric::{MetricDimensionV1, MetricV1, MetricValueV1};

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

impl From<&Behavior> for BehaviorV1 {
    fn from(behavior: &Behavior) -> Self {
        Self {
            name: behavior.name.clone(),
            metric: behavior.metric.as_ref().map(Into::into),
            dimension: behavior.dimension.as_ref().map(Into::into),
            criteria: behavior.criteria.as_ref().map(Into::into),
            suppress_alerts: behavior.suppress_alerts,
            export_metric: behavior.export_metric,
        }
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

impl From<&Criteria> for CriteriaV1 {
    fn from(criteria: &Criteria) -> Self {
        let judgement = match &criteria.judgement {
            Judgement::Static(comparison) => JudgementV1::Static(ComparisonV1 {
                operator: comparison.operator().into(),
                value: comparison.value().into(),
            }),
        };
        Self {
            judgement,
            duration_seconds: criteria.duration_seconds,
            datapoints_to_alarm: criteria.datapoints_to_alarm,
            datapoints_to_clear: criteria.datapoints_to_clear,
        }
    }
}

impl TryFrom<CriteriaV1> for Criteria {
    type Error = String;

    fn try_from(stored: CriteriaV1) -> Result<Self, String> {
        let JudgementV1::Static(ComparisonV1 { operator, value }) = stored.judgement;
        let comparison = Comparison::new(operator.into(), value.try_into()?)?;
        Ok(Self {
            judgement: Judgement::Static(comparison),
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
