//! Static criteria: a value, or a set, that stands in the profile.

use std::sync::Arc;

use fleetward_domain::value::host_network;
use fleetward_domain::{Comparison, ComparisonOperator, MetricValue, Observed};

use super::cidr_set::CidrSet;
use super::port_set::PortSet;
use crate::limits::{VALUE_BYTES, VALUE_ELEMENTS};

/// A static criterion. `inside`: whether elements must be in the set, or must not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StaticCriteria {
    Count { bound: Bound, limit: u64 },
    Number { bound: Bound, limit: f64 },
    Ports { set: PortSet, inside: bool },
    Cidrs { set: Arc<CidrSet>, inside: bool },
    Numbers { set: Arc<[f64]>, inside: bool },
    Strings { set: Arc<[String]>, inside: bool },
}

/// How numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    LessThan,
    LessThanEquals,
    GreaterThan,
    GreaterThanEquals,
}

impl StaticCriteria {
    pub(crate) fn new(comparison: &Comparison) -> Self {
        use ComparisonOperator as Op;
        let bound = Bound::of(comparison.operator());
        let inside = matches!(comparison.operator(), Op::InCidrSet | Op::InPortSet | Op::InSet);
        match comparison.value() {
            MetricValue::Count(limit) => Self::Count { bound, limit: *limit },
            MetricValue::Number(limit) => Self::Number { bound, limit: *limit },
            MetricValue::Ports(ports) => Self::Ports { set: PortSet::new(ports), inside },
            MetricValue::Cidrs(nets) => Self::Cidrs { set: Arc::new(CidrSet::new(nets)), inside },
            MetricValue::Numbers(list) => {
                let mut set: Vec<f64> = list.iter().map(|number| one_zero(*number)).collect();
                set.sort_unstable_by(f64::total_cmp);
                Self::Numbers { set: set.into(), inside }
            }
            MetricValue::Strings(list) => {
                let mut set = list.clone();
                set.sort_unstable();
                Self::Strings { set: set.into(), inside }
            }
        }
    }

    /// Whether a sum that only grows stays violating once it is.
    pub(crate) fn is_upper_bound(&self) -> bool {
        match self {
            Self::Count { bound, .. } | Self::Number { bound, .. } => bound.is_upper(),
            _ => false,
        }
    }

    /// Whether a value conforms; none if it is of another kind than the criterion.
    #[inline]
    pub(crate) fn conforms(&self, observed: Observed<'_>) -> Option<bool> {
        Some(match (self, observed) {
            (Self::Count { bound, limit }, Observed::Count(value)) => bound.holds(value, *limit),
            (Self::Count { bound, limit }, Observed::Number(value)) => {
                bound.holds(value, *limit as f64)
            }
            (Self::Number { bound, limit }, Observed::Count(value)) => {
                bound.holds(value as f64, *limit)
            }
            (Self::Number { bound, limit }, Observed::Number(value)) => bound.holds(value, *limit),
            (Self::Ports { set, inside }, Observed::Ports(list)) => {
                list.iter().all(|port| set.contains(*port) == *inside)
            }
            (Self::Cidrs { set, inside }, Observed::Addresses(list)) => {
                list.iter().all(|address| set.contains(*address) == *inside)
            }
            (Self::Numbers { set, inside }, Observed::Numbers(list)) => {
                list.iter().all(|number| holds_number(set, *number) == *inside)
            }
            (Self::Strings { set, inside }, Observed::Strings(list)) => {
                list.iter().all(|text| holds_text(set, text) == *inside)
            }
            _ => return None,
        })
    }

    /// The value to show: of a list that violates the offending elements only.
    pub(crate) fn value_of(&self, observed: Observed<'_>, conforms: bool) -> MetricValue {
        match (self, observed) {
            (Self::Ports { set, inside }, Observed::Ports(list)) => {
                MetricValue::Ports(shown(list, |p| conforms || set.contains(*p) != *inside))
            }
            (Self::Cidrs { set, inside }, Observed::Addresses(list)) => {
                let offends = |a: &_| conforms || set.contains(*a) != *inside;
                let shown = shown(list, offends);
                MetricValue::Cidrs(shown.into_iter().map(host_network).collect())
            }
            (Self::Numbers { set, inside }, Observed::Numbers(list)) => {
                MetricValue::Numbers(shown(list, |n| conforms || holds_number(set, *n) != *inside))
            }
            (Self::Strings { set, inside }, Observed::Strings(list)) => {
                let offends = |t: &String| conforms || holds_text(set, t) != *inside;
                MetricValue::Strings(within_bytes(shown(list, offends)))
            }
            (_, Observed::Number(number)) => MetricValue::Number(number),
            (_, Observed::Count(count)) => MetricValue::Count(count),
            // `conforms` has answered none for all other pairs, so that nobody asks.
            _ => MetricValue::Count(0),
        }
    }
}

impl Bound {
    /// That of an operator that compares numbers. The others are sets, which are paired with a
    /// list, so that this bound is not looked at.
    pub(super) fn of(operator: ComparisonOperator) -> Self {
        match operator {
            ComparisonOperator::LessThan => Self::LessThan,
            ComparisonOperator::LessThanEquals => Self::LessThanEquals,
            ComparisonOperator::GreaterThanEquals => Self::GreaterThanEquals,
            _ => Self::GreaterThan,
        }
    }

    /// Whether it is crossed by values that are too large.
    pub(super) fn is_upper(self) -> bool {
        matches!(self, Self::LessThan | Self::LessThanEquals)
    }

    #[inline]
    pub(super) fn holds<T: PartialOrd>(self, value: T, limit: T) -> bool {
        match self {
            Self::LessThan => value < limit,
            Self::LessThanEquals => value <= limit,
            Self::GreaterThan => value > limit,
            Self::GreaterThanEquals => value >= limit,
        }
    }
}

fn holds_text(sorted: &[String], text: &str) -> bool {
    sorted.binary_search_by(|known| known.as_str().cmp(text)).is_ok()
}

fn holds_number(sorted: &[f64], number: f64) -> bool {
    sorted.binary_search_by(|known| known.total_cmp(&one_zero(number))).is_ok()
}

/// Minus zero is zero.
fn one_zero(number: f64) -> f64 {
    number + 0.0
}

/// The elements that are wanted, each once, in their order, as many as are kept.
fn shown<T: PartialEq + Clone>(list: &[T], wanted: impl Fn(&T) -> bool) -> Vec<T> {
    let mut shown: Vec<T> = Vec::new();
    for element in list {
        if shown.len() == VALUE_ELEMENTS {
            break;
        }
        if wanted(element) && !shown.contains(element) {
            shown.push(element.clone());
        }
    }
    shown
}

/// As many texts as fit; always the first.
fn within_bytes(mut texts: Vec<String>) -> Vec<String> {
    let mut bytes = 0;
    let fit = texts
        .iter()
        .take_while(|text| {
            bytes += text.len();
            bytes <= VALUE_BYTES
        })
        .count();
    texts.truncate(fit.max(1));
    texts
}

#[cfg(test)]
mod tests;
