//! Metric values: exactly one member is given.

use fleetward_domain::MetricValue;

use crate::types;

/// Reads a value.
///
/// # Errors
/// What is wrong with it, to follow the field's name: none or several members, a number that is
/// not finite, a text that is no network.
pub fn read_value(value: &types::MetricValue) -> Result<MetricValue, String> {
    let mut read = Vec::new();
    read.extend(value.count.map(read_count));
    read.extend(value.cidrs.as_deref().map(read_cidrs));
    read.extend(value.ports.as_deref().map(read_ports));
    read.extend(value.number.map(|number| Ok(MetricValue::Number(finite(number)?))));
    read.extend(value.numbers.as_deref().map(read_numbers));
    read.extend(value.strings.as_ref().map(|list| Ok(MetricValue::Strings(list.clone()))));
    match <[Result<MetricValue, String>; 1]>::try_from(read) {
        Ok([value]) => value,
        Err(_) => {
            Err("must hold exactly one of count, cidrs, ports, number, numbers and strings"
                .to_owned())
        }
    }
}

/// The value as AWS shows it.
#[must_use]
pub fn show_value(value: &MetricValue) -> types::MetricValue {
    let none = types::MetricValue::default();
    match value {
        MetricValue::Count(count) => {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            types::MetricValue { count: Some(count), ..none }
        }
        MetricValue::Cidrs(list) => {
            let cidrs = list.iter().map(ToString::to_string).collect();
            types::MetricValue { cidrs: Some(cidrs), ..none }
        }
        MetricValue::Ports(list) => {
            let ports = list.iter().copied().map(i32::from).collect();
            types::MetricValue { ports: Some(ports), ..none }
        }
        MetricValue::Number(number) => types::MetricValue { number: Some(*number), ..none },
        MetricValue::Numbers(list) => types::MetricValue { numbers: Some(list.clone()), ..none },
        MetricValue::Strings(list) => types::MetricValue { strings: Some(list.clone()), ..none },
    }
}

fn read_count(count: i64) -> Result<MetricValue, String> {
    let count = u64::try_from(count).map_err(|_| format!("holds the negative count {count}"))?;
    Ok(MetricValue::Count(count))
}

fn read_cidrs(list: &[String]) -> Result<MetricValue, String> {
    let read = |text: &String| {
        text.parse()
            .map_err(|_| format!("holds '{text}', which is not a network such as 10.0.0.0/8"))
    };
    list.iter().map(read).collect::<Result<_, _>>().map(MetricValue::Cidrs)
}

fn read_ports(list: &[i32]) -> Result<MetricValue, String> {
    let read = |port: &i32| {
        u16::try_from(*port).map_err(|_| format!("holds {port}, which is not a port of 0 to 65535"))
    };
    list.iter().map(read).collect::<Result<_, _>>().map(MetricValue::Ports)
}

fn read_numbers(list: &[f64]) -> Result<MetricValue, String> {
    list.iter().copied().map(finite).collect::<Result<_, _>>().map(MetricValue::Numbers)
}

fn finite(number: f64) -> Result<f64, String> {
    if number.is_finite() {
        Ok(number)
    } else {
        Err("holds a number that is not finite".to_owned())
    }
}
