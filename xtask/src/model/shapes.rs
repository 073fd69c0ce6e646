//! `shapes.rs`: the constraints of every shape a served operation takes, as static tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::ModelError;
use super::names::constant;
use super::pattern;
use super::served::Served;
use super::service::{Kind, Location, Member, Service, Shape};

pub(super) fn render(service: &Service, served: &Served) -> Result<String, ModelError> {
    let reached = reached_by_inputs(service, served)?;
    let patterns = number_patterns(service, &reached)?;
    let mut out = String::from(
        "use crate::generated::operations::Operation;\n\
         use crate::shape::{Bounds, Kind, Location, Member, Pattern, Shape};\n\n\
         /// The input of a served operation; none for the others.\n\
         pub(crate) fn input_shape(operation: Operation) -> Option<&'static Shape> {\n\
         match operation {\n",
    );
    for (shape, operation) in &served.inputs {
        let _ = writeln!(out, "Operation::{operation} => Some(&{}),", constant(shape));
    }
    out.push_str("_ => None,\n}\n}\n\n");
    let constants: BTreeSet<String> = reached.iter().map(|name| constant(name)).collect();
    if constants.len() != reached.len() {
        return Err(ModelError::Unsupported("two shapes would share one static".to_owned()));
    }
    for name in &reached {
        out.push_str(&one(name, service.shape(name)?, &patterns)?);
    }
    for (source, number) in &patterns {
        let translated = pattern::translate(source);
        let _ = writeln!(
            out,
            "static PATTERN_{number}: Pattern = Pattern::new({source:?}, {translated:?});"
        );
    }
    let numbers: Vec<String> = patterns.values().map(|n| format!("&PATTERN_{n}")).collect();
    let _ = writeln!(
        out,
        "\n/// Every pattern of the tables, for the test that each compiles.\n\
         #[cfg(test)]\npub(crate) static PATTERNS: &[&Pattern] = &[{}];",
        numbers.join(", ")
    );
    Ok(out)
}

fn reached_by_inputs<'a>(
    service: &'a Service,
    served: &'a Served,
) -> Result<BTreeSet<&'a str>, ModelError> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = served.inputs.keys().map(String::as_str).collect();
    while let Some(name) = waiting.pop() {
        if reached.insert(name) {
            waiting.extend(service.shape(name)?.parts());
        }
    }
    Ok(reached)
}

fn number_patterns<'a>(
    service: &'a Service,
    reached: &BTreeSet<&str>,
) -> Result<BTreeMap<&'a str, usize>, ModelError> {
    let mut sources = BTreeSet::new();
    for name in reached {
        sources.extend(service.shape(name)?.pattern.as_deref());
    }
    Ok(sources.into_iter().enumerate().map(|(number, source)| (source, number)).collect())
}

fn one(name: &str, shape: &Shape, patterns: &BTreeMap<&str, usize>) -> Result<String, ModelError> {
    // Statics that point at each other, not values: a shape is used by many and held by none.
    let kind = match shape.kind {
        Kind::Structure => {
            let members: Result<Vec<_>, _> =
                shape.members.iter().map(|m| member(m, shape)).collect();
            format!("Kind::Structure(&[{}])", members?.concat())
        }
        Kind::List => format!(
            "Kind::List {{ member: {}, length: {} }}",
            part(name, &shape.member)?,
            bounds(shape)
        ),
        Kind::Map => format!(
            "Kind::Map {{ key: {}, value: {}, length: {} }}",
            part(name, &shape.key)?,
            part(name, &shape.value)?,
            bounds(shape)
        ),
        Kind::String => {
            let number = shape.pattern.as_deref().and_then(|source| patterns.get(source));
            let pattern =
                number.map_or("None".to_owned(), |number| format!("Some(&PATTERN_{number})"));
            let length = bounds(shape);
            let values = &shape.values;
            format!("Kind::Text {{ length: {length}, pattern: {pattern}, values: &{values:?} }}")
        }
        Kind::Integer => format!("Kind::Integer {{ range: {} }}", bounds(shape)),
        Kind::Long => format!("Kind::Long {{ range: {} }}", bounds(shape)),
        Kind::Double => format!("Kind::Double {{ range: {} }}", float_bounds(shape)),
        Kind::Blob => format!("Kind::Blob {{ length: {} }}", bounds(shape)),
        Kind::Boolean => "Kind::Boolean".to_owned(),
        Kind::Timestamp => "Kind::Timestamp".to_owned(),
    };
    Ok(format!(
        "static {}: Shape = Shape {{ name: {name:?}, is_sensitive: {}, kind: {kind} }};\n",
        constant(name),
        shape.sensitive
    ))
}

fn member(member: &Member, owner: &Shape) -> Result<String, ModelError> {
    let location_name = member.location_name.as_ref().unwrap_or(&member.name);
    let location = match member.location {
        Some(Location::Label) => format!("Location::Label({location_name:?})"),
        Some(Location::Query) => format!("Location::Query({location_name:?})"),
        Some(Location::Header) => format!("Location::Header({location_name:?})"),
        None if owner.payload.as_ref() == Some(&member.name) => "Location::Payload".to_owned(),
        None => "Location::Body".to_owned(),
        Some(Location::Headers | Location::Status) => {
            let problem = format!("member {}: location {:?}", member.name, member.location);
            return Err(ModelError::Unsupported(problem));
        }
    };
    let required = if member.required { ".required()" } else { "" };
    let shape = constant(&member.shape);
    Ok(format!("Member::new({:?}, &{shape}, {location}){required},", member.name))
}

fn part(owner: &str, name: &Option<String>) -> Result<String, ModelError> {
    let name = name.as_ref();
    let name = name.ok_or_else(|| ModelError::Missing(format!("part of shape {owner}")))?;
    Ok(format!("&{}", constant(name)))
}

fn bounds(shape: &Shape) -> String {
    bounds_of(shape, ToString::to_string)
}

fn float_bounds(shape: &Shape) -> String {
    bounds_of(shape, |number| format!("{:?}", number.as_f64().unwrap_or_default()))
}

fn bounds_of(shape: &Shape, write: impl Fn(&serde_json::Number) -> String) -> String {
    let bound = |bound: &Option<serde_json::Number>| match bound {
        Some(number) => format!("Some({})", write(number)),
        None => "None".to_owned(),
    };
    match (&shape.min, &shape.max) {
        (None, None) => "Bounds::NONE".to_owned(),
        (min, max) => format!("Bounds::new({}, {})", bound(min), bound(max)),
    }
}
