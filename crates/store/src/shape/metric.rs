//! Metrics, what narrows them, and their values.

use fleetward_domain::{
    DimensionName, DimensionOperator, FormatLevel, Metric, MetricDimension, MetricValue, Unsayable,
};
use fleetward_shape::sayable;
use serde::{Deserialize, Serialize};

/// A metric by its name.
#[derive(Serialize, Deserialize)]
pub(super) struct MetricV1(String);

impl MetricV1 {
    pub(super) fn at(level: FormatLevel, metric: &Metric) -> Result<Self, Unsayable> {
        sayable::metric(level, metric)?;
        Ok(Self(metric.as_str().to_owned()))
    }
}

impl TryFrom<MetricV1> for Metric {
    type Error = String;

    fn try_from(MetricV1(name): MetricV1) -> Result<Self, String> {
        Self::parse(&name)
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct MetricDimensionV1 {
    name: DimensionName,
    operator: DimensionOperatorV1,
}

#[derive(Serialize, Deserialize)]
enum DimensionOperatorV1 {
    In,
    NotIn,
}

impl MetricDimensionV1 {
    pub(super) fn at(level: FormatLevel, dimension: &MetricDimension) -> Result<Self, Unsayable> {
        sayable::dimension_operator(level, dimension.operator)?;
        let operator = match dimension.operator {
            DimensionOperator::In => DimensionOperatorV1::In,
            DimensionOperator::NotIn => DimensionOperatorV1::NotIn,
        };
        Ok(Self { name: dimension.name.clone(), operator })
    }
}

impl From<MetricDimensionV1> for MetricDimension {
    fn from(stored: MetricDimensionV1) -> Self {
        let operator = match stored.operator {
            DimensionOperatorV1::In => DimensionOperator::In,
            DimensionOperatorV1::NotIn => DimensionOperator::NotIn,
        };
        Self { name: stored.name, operator }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) enum MetricValueV1 {
    Count(u64),
    Cidrs(Vec<String>),
    Ports(Vec<u16>),
    Number(f64),
    Numbers(Vec<f64>),
    Strings(Vec<String>),
}

impl MetricValueV1 {
    pub(super) fn at(level: FormatLevel, value: &MetricValue) -> Result<Self, Unsayable> {
        sayable::value(level, value)?;
        Ok(match value {
            MetricValue::Count(count) => Self::Count(*count),
            MetricValue::Cidrs(list) => Self::Cidrs(list.iter().map(ToString::to_string).collect()),
            MetricValue::Ports(list) => Self::Ports(list.clone()),
            MetricValue::Number(number) => Self::Number(*number),
            MetricValue::Numbers(list) => Self::Numbers(list.clone()),
            MetricValue::Strings(list) => Self::Strings(list.clone()),
        })
    }
}

impl TryFrom<MetricValueV1> for MetricValue {
    type Error = String;

    fn try_from(stored: MetricValueV1) -> Result<Self, String> {
        Ok(match stored {
            MetricValueV1::Count(count) => Self::Count(count),
            MetricValueV1::Cidrs(list) => {
                let networks = list.iter().map(|text| text.parse());
                let networks: Result<Vec<_>, _> = networks.collect();
                Self::Cidrs(networks.map_err(|_| "a value is not a CIDR".to_owned())?)
            }
            MetricValueV1::Ports(list) => Self::Ports(list),
            MetricValueV1::Number(number) => Self::Number(number),
            MetricValueV1::Numbers(list) => Self::Numbers(list),
            MetricValueV1::Strings(list) => Self::Strings(list),
        })
    }
}
