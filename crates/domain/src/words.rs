//! Behaviors and values in plain words, for people: the console, the terminal.
//!
//! What a device chose (strings) is cut short and freed of control characters here; escaping for
//! a page is the page's matter.

use ipnet::IpNet;

use crate::behavior::{Behavior, Comparison, ComparisonOperator as Op, Criteria, Judgement};
use crate::dimension::{DimensionOperator, MetricDimension};
use crate::metric::{Metric, MetricKind};
use crate::value::MetricValue;

/// Most elements of a list that are written out.
const ELEMENTS_SHOWN: usize = 12;
/// Most characters of one string that are written out.
const STRING_SHOWN: usize = 48;

/// What a behavior calls normal: `listening TCP ports must be in 22, 8883`.
#[must_use]
pub fn behavior_in_words(behavior: &Behavior) -> String {
    let Some(metric) = &behavior.metric else {
        return "no metric, nothing is judged".to_owned();
    };
    let mut words = noun(metric).to_owned();
    if let Some(dimension) = &behavior.dimension {
        words.push_str(&dimension_in_words(dimension));
    }
    let Some(criteria) = &behavior.criteria else {
        return format!("{words} are kept, not judged");
    };
    if let (MetricKind::Sum, Some(seconds)) = (metric.kind(), criteria.duration_seconds) {
        words.push_str(" per ");
        words.push_str(&period_in_words(seconds));
    }
    words.push(' ');
    words.push_str(&match &criteria.judgement {
        Judgement::Static(comparison) => comparison_in_words(comparison),
        Judgement::Statistical { operator, statistic } => {
            format!("{} {statistic} of the fleet before", bound_in_words(*operator))
        }
    });
    words.push_str(&patience_in_words(criteria));
    words
}

/// A value as people write it: `23, 4444`, `1,250`, `10.0.0.0/8`.
#[must_use]
pub fn value_in_words(value: &MetricValue) -> String {
    match value {
        MetricValue::Count(count) => grouped(*count),
        MetricValue::Number(number) => number_in_words(*number),
        MetricValue::Cidrs(list) => list_in_words(list, network_in_words),
        MetricValue::Ports(list) => list_in_words(list, u16::to_string),
        MetricValue::Numbers(list) => list_in_words(list, |number| number_in_words(*number)),
        MetricValue::Strings(list) => list_in_words(list, |text| string_in_words(text)),
    }
}

/// A custom metric has no noun but its own name.
fn noun(metric: &Metric) -> &str {
    match metric {
        Metric::Custom(name) => name.as_str(),
        metric => metric.facts().noun,
    }
}

fn dimension_in_words(dimension: &MetricDimension) -> String {
    match dimension.operator {
        DimensionOperator::In => format!(" on topics of {}", dimension.name),
        DimensionOperator::NotIn => format!(" on topics other than {}", dimension.name),
    }
}

/// An operator that compares numbers; of the others, which do not, no more than a word.
fn bound_in_words(operator: Op) -> &'static str {
    match operator {
        Op::LessThan => "must be less than",
        Op::LessThanEquals => "must be at most",
        Op::GreaterThan => "must be more than",
        Op::GreaterThanEquals => "must be at least",
        _ => "must fit",
    }
}

fn comparison_in_words(comparison: &Comparison) -> String {
    let value = comparison.value();
    let verb = match comparison.operator() {
        bound @ (Op::LessThan | Op::LessThanEquals | Op::GreaterThan | Op::GreaterThanEquals) => {
            bound_in_words(bound)
        }
        Op::InCidrSet | Op::InPortSet | Op::InSet if value.elements() == 0 => {
            return "must be none".to_owned();
        }
        Op::NotInCidrSet | Op::NotInPortSet | Op::NotInSet if value.elements() == 0 => {
            return "may be any".to_owned();
        }
        Op::InCidrSet | Op::InPortSet | Op::InSet => "must be in",
        Op::NotInCidrSet | Op::NotInPortSet | Op::NotInSet => "must not be in",
    };
    format!("{verb} {}", value_in_words(value))
}

/// Says how many datapoints it takes, where that is not one.
fn patience_in_words(criteria: &Criteria) -> String {
    match (criteria.to_alarm(), criteria.to_clear()) {
        (0 | 1, 0 | 1) => String::new(),
        (alarm, 0 | 1) => format!(" (alarm after {alarm} in a row)"),
        (0 | 1, clear) => format!(" (clear after {clear} in a row)"),
        (alarm, clear) => format!(" (alarm after {alarm}, clear after {clear} in a row)"),
    }
}

fn period_in_words(seconds: u32) -> String {
    match seconds {
        1 => "second".to_owned(),
        60 => "minute".to_owned(),
        3600 => "hour".to_owned(),
        whole if whole > 0 && whole.is_multiple_of(3600) => format!("{} hours", whole / 3600),
        whole if whole > 0 && whole.is_multiple_of(60) => format!("{} minutes", whole / 60),
        other => format!("{other} seconds"),
    }
}

fn list_in_words<T>(list: &[T], word: impl Fn(&T) -> String) -> String {
    if list.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = list.iter().take(ELEMENTS_SHOWN).map(word).collect();
    let words = shown.join(", ");
    match list.len().saturating_sub(ELEMENTS_SHOWN) {
        0 => words,
        more => format!("{words} and {more} more"),
    }
}

/// A network of one address is that address.
fn network_in_words(network: &IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

fn string_in_words(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(STRING_SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(STRING_SHOWN).is_some() {
        shown.push('…');
    }
    format!("“{shown}”")
}

fn number_in_words(number: f64) -> String {
    // From here on the digits in full say more than the value holds.
    if number.abs() < 1e15 { number.to_string() } else { format!("{number:e}") }
}

/// Digits in groups of three, from five digits on.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{BehaviorName, CustomMetricName, DimensionName};

    fn behavior(metric: Metric, operator: Op, value: MetricValue) -> Behavior {
        Behavior {
            name: BehaviorName::parse("b").unwrap(),
            metric: Some(metric),
            dimension: None,
            criteria: Some(Criteria {
                judgement: Judgement::Static(Comparison::new(operator, value).unwrap()),
                duration_seconds: None,
                datapoints_to_alarm: None,
                datapoints_to_clear: None,
            }),
            suppress_alerts: false,
            export_metric: None,
        }
    }

    fn check(behavior: &Behavior, expected: &str) {
        assert_eq!(behavior_in_words(behavior), expected);
    }

    #[test]
    fn a_behavior_says_what_is_normal() {
        let ports = MetricValue::Ports(vec![22, 8883]);
        check(
            &behavior(Metric::ListeningTcpPorts, Op::InPortSet, ports),
            "listening TCP ports must be in 22, 8883",
        );
        let nets = vec!["10.0.0.0/8".parse().unwrap(), "192.0.2.7/32".parse().unwrap()];
        check(
            &behavior(Metric::DestinationIpAddresses, Op::NotInCidrSet, MetricValue::Cidrs(nets)),
            "destination IP addresses must not be in 10.0.0.0/8, 192.0.2.7",
        );
        check(
            &behavior(Metric::ListeningUdpPorts, Op::InPortSet, MetricValue::Ports(vec![])),
            "listening UDP ports must be none",
        );
        let custom = Metric::Custom(CustomMetricName::parse("cpu_temp").unwrap());
        check(
            &behavior(custom, Op::LessThanEquals, MetricValue::Number(81.5)),
            "cpu_temp must be at most 81.5",
        );
    }

    #[test]
    fn windows_dimensions_and_patience_are_told() {
        let mut sent = behavior(Metric::MessagesSent, Op::LessThan, MetricValue::Count(1500));
        sent.dimension = Some(MetricDimension {
            name: DimensionName::parse("telemetry").unwrap(),
            operator: DimensionOperator::NotIn,
        });
        if let Some(criteria) = &mut sent.criteria {
            criteria.duration_seconds = Some(300);
            criteria.datapoints_to_alarm = Some(3);
        }
        check(
            &sent,
            "messages sent on topics other than telemetry per 5 minutes must be less than 1500 \
             (alarm after 3 in a row)",
        );
        sent.criteria = None;
        check(&sent, "messages sent on topics other than telemetry are kept, not judged");
        sent.metric = None;
        check(&sent, "no metric, nothing is judged");
    }

    #[test]
    fn values_stay_short_and_harmless() {
        let table = [
            (MetricValue::Count(1_234_567), "1,234,567"),
            (MetricValue::Count(9999), "9999"),
            (MetricValue::Ports(vec![]), "none"),
            (
                MetricValue::Ports((1..=14).collect()),
                "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more",
            ),
            (MetricValue::Number(-0.5), "-0.5"),
            (MetricValue::Number(1e300), "1e300"),
            (MetricValue::Strings(vec!["a\r\nb".into()]), "“a\u{fffd}\u{fffd}b”"),
        ];
        for (value, expected) in table {
            assert_eq!(value_in_words(&value), expected);
        }
        let long = value_in_words(&MetricValue::Strings(vec!["x".repeat(10_000)]));
        assert_eq!(long.chars().count(), STRING_SHOWN + 3);
    }
}
