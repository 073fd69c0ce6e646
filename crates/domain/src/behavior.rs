//! Behaviors: what is normal for a device.

use crate::dimension::MetricDimension;
use crate::metric::Metric;
use crate::name::BehaviorName;
use crate::percentile::Percentile;
use crate::value::MetricValue;

/// One statement of a security profile about what is normal.
#[derive(Clone, Debug, PartialEq)]
pub struct Behavior {
    /// Unique within the profile.
    pub name: BehaviorName,
    /// What is measured; none for a behavior that only has a name.
    pub metric: Option<Metric>,
    /// Narrows the metric to some topics.
    pub dimension: Option<MetricDimension>,
    /// What conforms; a behavior without criteria only retains its metric.
    pub criteria: Option<Criteria>,
    /// Everything happens but the alert.
    pub suppress_alerts: bool,
    /// As given, where it was given.
    pub export_metric: Option<bool>,
}

impl Behavior {
    /// Whether the other judges the same in the same way. Names, whether alerts are suppressed and
    /// what is exported decide who hears of a verdict, and nothing about it: AWS goes on to
    /// evaluate a behavior whose alerts are suppressed.
    #[must_use]
    pub fn judges_as(&self, other: &Self) -> bool {
        (&self.metric, &self.dimension, &self.criteria)
            == (&other.metric, &other.dimension, &other.criteria)
    }
}

impl Behavior {
    /// Of which kind its criteria are; none for a behavior that only retains its metric.
    #[must_use]
    pub fn criteria_type(&self) -> Option<CriteriaType> {
        self.criteria.as_ref().map(|criteria| match criteria.judgement {
            Judgement::Static(_) => CriteriaType::Static,
            Judgement::Statistical { .. } => CriteriaType::Statistical,
        })
    }
}

/// The kinds of criteria that lists tell apart (service model, `BehaviorCriteriaType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CriteriaType {
    /// A fixed value.
    Static,
    /// A percentile of the fleet.
    Statistical,
    /// What was learned; no behavior has it yet.
    MachineLearning,
}

/// When a datapoint conforms, and how many it takes to change one's mind.
#[derive(Clone, Debug, PartialEq)]
pub struct Criteria {
    /// How a datapoint is judged.
    pub judgement: Judgement,
    /// Length of the window; required for sums.
    pub duration_seconds: Option<u32>,
    /// Violating datapoints in a row that open a violation: 1 to 10; as given (default 1).
    pub datapoints_to_alarm: Option<u8>,
    /// Conforming datapoints in a row that close it: 1 to 10; as given (default 1).
    pub datapoints_to_clear: Option<u8>,
}

impl Criteria {
    /// Violating datapoints in a row that open a violation.
    #[must_use]
    pub fn to_alarm(&self) -> u8 {
        self.datapoints_to_alarm.unwrap_or(1)
    }

    /// Conforming datapoints in a row that close it.
    #[must_use]
    pub fn to_clear(&self) -> u8 {
        self.datapoints_to_clear.unwrap_or(1)
    }
}

/// The kinds of criteria. Learned ones are accepted by the rules of the domain once the detector
/// can judge them; until then the control plane refuses them.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// Against a fixed value.
    Static(Comparison),
    /// Against a percentile of what the fleet did in the window before.
    Statistical {
        /// `less-than`, `less-than-equals`, `greater-than` or `greater-than-equals`.
        operator: ComparisonOperator,
        /// Which percentile.
        statistic: Percentile,
    },
}

impl Judgement {
    /// How values are compared.
    #[must_use]
    pub fn operator(&self) -> ComparisonOperator {
        match self {
            Self::Static(comparison) => comparison.operator(),
            Self::Statistical { operator, .. } => *operator,
        }
    }

    /// Of static criteria, what is compared.
    #[must_use]
    pub fn comparison(&self) -> Option<&Comparison> {
        match self {
            Self::Static(comparison) => Some(comparison),
            Self::Statistical { .. } => None,
        }
    }
}

/// An operator that fits its value: made by [`Comparison::new`] only.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    operator: ComparisonOperator,
    value: MetricValue,
}

impl Comparison {
    /// Pairs an operator with a value.
    ///
    /// # Errors
    /// A text that says which value the operator takes.
    pub fn new(operator: ComparisonOperator, value: MetricValue) -> Result<Self, String> {
        use ComparisonOperator as Op;
        let wants = match (operator, &value) {
            (
                Op::LessThan | Op::LessThanEquals | Op::GreaterThan | Op::GreaterThanEquals,
                MetricValue::Count(_) | MetricValue::Number(_),
            )
            | (Op::InCidrSet | Op::NotInCidrSet, MetricValue::Cidrs(_))
            | (Op::InPortSet | Op::NotInPortSet, MetricValue::Ports(_))
            | (Op::InSet | Op::NotInSet, MetricValue::Numbers(_) | MetricValue::Strings(_)) => {
                return Ok(Self { operator, value });
            }
            (Op::InCidrSet | Op::NotInCidrSet, _) => "cidrs",
            (Op::InPortSet | Op::NotInPortSet, _) => "ports",
            (Op::InSet | Op::NotInSet, _) => "numbers or strings",
            _ => "count or number",
        };
        Err(format!("comparisonOperator {} takes a value of {wants}", operator.as_str()))
    }

    /// How values are compared.
    #[must_use]
    pub fn operator(&self) -> ComparisonOperator {
        self.operator
    }

    /// What they are compared with.
    #[must_use]
    pub fn value(&self) -> &MetricValue {
        &self.value
    }
}

/// AWS's comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is AWS's operator of the same name")]
pub enum ComparisonOperator {
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

impl ComparisonOperator {
    /// Every operator.
    pub const ALL: [Self; 10] = [
        Self::LessThan,
        Self::LessThanEquals,
        Self::GreaterThan,
        Self::GreaterThanEquals,
        Self::InCidrSet,
        Self::NotInCidrSet,
        Self::InPortSet,
        Self::NotInPortSet,
        Self::InSet,
        Self::NotInSet,
    ];

    /// The operator as AWS writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LessThan => "less-than",
            Self::LessThanEquals => "less-than-equals",
            Self::GreaterThan => "greater-than",
            Self::GreaterThanEquals => "greater-than-equals",
            Self::InCidrSet => "in-cidr-set",
            Self::NotInCidrSet => "not-in-cidr-set",
            Self::InPortSet => "in-port-set",
            Self::NotInPortSet => "not-in-port-set",
            Self::InSet => "in-set",
            Self::NotInSet => "not-in-set",
        }
    }
}
