//! Custom metrics: `"name": [{"number": 1.5}]`, and lists of numbers, texts and addresses.

use std::borrow::Cow;

use fleetward_domain::{CustomValue, ReportedMetric};

use crate::fault::{Problem, Step, Stop};
use crate::limits::{CUSTOM_METRICS, CUSTOM_NAME_BYTES, CUSTOM_TEXT_BYTES, LIST_ELEMENTS};
use crate::source::Source;

const FIELD: &str = "custom_metrics";
const NUMBER: &str = "custom_metrics.number";
const NUMBERS: &str = "custom_metrics.number_list";
const STRINGS: &str = "custom_metrics.string_list";
const ADDRESSES: &str = "custom_metrics.ip_list";

/// Reads all of them over those that are there; how many were read. What is behind them is of an
/// earlier report.
pub(crate) fn read<'a, S: Source<'a>>(
    source: &mut S,
    metrics: &mut Vec<ReportedMetric>,
) -> Result<usize, Stop> {
    let mut count = 0;
    source.object(FIELD, |source, key| {
        let name = std::str::from_utf8(key).map_err(|_| source.fail(FIELD, Problem::NotUtf8))?;
        // Most reports of a fleet have the same names: those of the report before were checked.
        if metrics.get(count).is_none_or(|metric| metric.name != name) {
            check_name(source, name)?;
        }
        let known = metrics.iter().take(count).position(|metric| metric.name == name);
        if known.is_none() && count == CUSTOM_METRICS {
            return Err(source.fail(FIELD, Problem::TooMany(CUSTOM_METRICS)));
        }
        let place = known.unwrap_or(count);
        let metric = place_for(name, place, metrics);
        // The last place was made if it was not there.
        let Some(metric) = metric else { return Err(source.fail(FIELD, Problem::NoValue)) };
        count = count.max(place.saturating_add(1));
        value_in_list(source, &mut metric.value)
    })?;
    Ok(count)
}

fn check_name<'a, S: Source<'a>>(source: &mut S, name: &str) -> Step {
    if name.is_empty() {
        return Err(source.fail(FIELD, Problem::Empty));
    }
    if name.len() > CUSTOM_NAME_BYTES {
        return Err(source.fail(FIELD, Problem::TooLong(CUSTOM_NAME_BYTES)));
    }
    if name.chars().any(char::is_control) {
        return Err(source.fail(FIELD, Problem::ControlCharacter));
    }
    Ok(())
}

fn place_for<'m>(
    name: &str,
    place: usize,
    metrics: &'m mut Vec<ReportedMetric>,
) -> Option<&'m mut ReportedMetric> {
    if metrics.len() <= place {
        metrics.push(ReportedMetric { name: String::new(), value: CustomValue::Number(0.0) });
    }
    let metric = metrics.get_mut(place)?;
    if metric.name != name {
        metric.name.clear();
        metric.name.push_str(name);
    }
    Some(metric)
}

/// A custom metric is a list of exactly one element, also where it holds one number.
fn value_in_list<'a, S: Source<'a>>(source: &mut S, value: &mut CustomValue) -> Step {
    let mut elements = 0_u32;
    source.list(FIELD, |source| {
        elements = elements.saturating_add(1);
        if elements > 1 {
            return Err(source.fail(FIELD, Problem::NotOneElement));
        }
        value_in_object(source, value)
    })?;
    if elements == 1 { Ok(()) } else { Err(source.fail(FIELD, Problem::NotOneElement)) }
}

fn value_in_object<'a, S: Source<'a>>(source: &mut S, value: &mut CustomValue) -> Step {
    let mut kind: Option<&'static str> = None;
    source.object(FIELD, |source, key| {
        let found = match key {
            b"number" => NUMBER,
            b"number_list" => NUMBERS,
            b"string_list" => STRINGS,
            b"ip_list" => ADDRESSES,
            _ => return source.skip(),
        };
        if kind.is_some_and(|kind| kind != found) {
            return Err(source.fail(FIELD, Problem::TwoValues));
        }
        kind = Some(found);
        match found {
            NUMBER => {
                *value = CustomValue::Number(source.number(NUMBER)?.finite(NUMBER, source)?);
                Ok(())
            }
            NUMBERS => numbers(source, value),
            STRINGS => strings(source, value),
            _ => addresses(source, value),
        }
    })?;
    kind.map(|_| ()).ok_or_else(|| source.fail(FIELD, Problem::NoValue))
}

fn numbers<'a, S: Source<'a>>(source: &mut S, value: &mut CustomValue) -> Step {
    let mut list = match std::mem::replace(value, CustomValue::Number(0.0)) {
        CustomValue::Numbers(list) => list,
        _ => Vec::new(),
    };
    list.clear();
    source.list(NUMBERS, |source| {
        bounded(source, list.len(), NUMBERS)?;
        list.push(source.number(NUMBERS)?.finite(NUMBERS, source)?);
        Ok(())
    })?;
    *value = CustomValue::Numbers(list);
    Ok(())
}

fn strings<'a, S: Source<'a>>(source: &mut S, value: &mut CustomValue) -> Step {
    let mut list = match std::mem::replace(value, CustomValue::Number(0.0)) {
        CustomValue::Strings(list) => list,
        _ => Vec::new(),
    };
    let mut count = 0_usize;
    source.list(STRINGS, |source| {
        bounded(source, count, STRINGS)?;
        let text = source.text(STRINGS)?;
        if text.len() > CUSTOM_TEXT_BYTES {
            return Err(source.fail(STRINGS, Problem::TooLong(CUSTOM_TEXT_BYTES)));
        }
        put_text(&mut list, count, text);
        count = count.saturating_add(1);
        Ok(())
    })?;
    list.truncate(count);
    *value = CustomValue::Strings(list);
    Ok(())
}

/// Writes over the text of an earlier report, or adds one.
fn put_text(list: &mut Vec<String>, place: usize, text: Cow<'_, str>) {
    match (list.get_mut(place), text) {
        (Some(old), Cow::Borrowed(text)) => {
            old.clear();
            old.push_str(text);
        }
        (Some(old), Cow::Owned(text)) => *old = text,
        (None, text) => list.push(text.into_owned()),
    }
}

fn addresses<'a, S: Source<'a>>(source: &mut S, value: &mut CustomValue) -> Step {
    let mut list = match std::mem::replace(value, CustomValue::Number(0.0)) {
        CustomValue::Addresses(list) => list,
        _ => Vec::new(),
    };
    list.clear();
    source.list(ADDRESSES, |source| {
        bounded(source, list.len(), ADDRESSES)?;
        let text = source.text(ADDRESSES)?;
        let address = text.parse().map_err(|_| source.fail(ADDRESSES, Problem::NotAnAddress))?;
        list.push(address);
        Ok(())
    })?;
    *value = CustomValue::Addresses(list);
    Ok(())
}

fn bounded<'a, S: Source<'a>>(source: &mut S, length: usize, field: &'static str) -> Step {
    if length < LIST_ELEMENTS {
        return Ok(());
    }
    Err(source.fail(field, Problem::TooMany(LIST_ELEMENTS)))
}
