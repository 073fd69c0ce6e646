//! Makes a policy of JSON, and says where it is none.

use super::json::Json;
use super::{Effect, PatternList, PolicyDocument, PolicyVersion, Statement};
use crate::condition::Condition;
use crate::pattern::Syntax;
use crate::{Pattern, PolicyError};

pub(super) fn read_document(json: Json) -> Result<PolicyDocument, PolicyError> {
    let mut version = PolicyVersion::V2008;
    let mut statement_json = None;
    for (name, value) in object(json, "document")? {
        match name.as_str() {
            "Version" => version = read_version(value)?,
            "Id" => drop(text(value, "Id")?),
            "Statement" => statement_json = Some(value),
            _ => return Err(PolicyError::at(name, "is not known")),
        }
    }
    let json = statement_json.ok_or_else(|| PolicyError::at("Statement", "is missing"))?;
    let statements = match json {
        Json::Array(values) => values
            .into_iter()
            .enumerate()
            .map(|(at, value)| read_statement(value, &format!("Statement[{at}]"), version))
            .collect::<Result<Box<[_]>, _>>()?,
        value => Box::new([read_statement(value, "Statement", version)?]),
    };
    if statements.is_empty() {
        return Err(PolicyError::at("Statement", "is empty"));
    }
    Ok(PolicyDocument { version, statements })
}

fn read_version(value: Json) -> Result<PolicyVersion, PolicyError> {
    match text(value, "Version")?.as_str() {
        "2012-10-17" => Ok(PolicyVersion::V2012),
        "2008-10-17" => Ok(PolicyVersion::V2008),
        _ => Err(PolicyError::at("Version", "is neither 2012-10-17 nor 2008-10-17")),
    }
}

fn read_statement(
    json: Json,
    place: &str,
    version: PolicyVersion,
) -> Result<Statement, PolicyError> {
    let mut sid = None;
    let mut effect = None;
    let mut actions = None;
    let mut resources = None;
    let mut conditions = Box::default();
    for (name, value) in object(json, place)? {
        let at = format!("{place}.{name}");
        match name.as_str() {
            "Sid" => sid = Some(text(value, &at)?.into()),
            "Effect" => effect = Some(read_effect(value, &at)?),
            "Action" | "NotAction" => {
                let is_negated = name == "NotAction";
                set_once(&mut actions, read_actions(value, &at, is_negated)?, place, "Action")?;
            }
            "Resource" | "NotResource" => {
                let list = read_resources(value, &at, name == "NotResource", version)?;
                set_once(&mut resources, list, place, "Resource")?;
            }
            "Condition" => conditions = read_conditions(value, &at, version)?,
            "Principal" | "NotPrincipal" => {
                return Err(PolicyError::at(at, "is not for policies attached to a principal"));
            }
            // Skipped, it might have been what made the statement narrower.
            _ => return Err(PolicyError::at(at, "is not known")),
        }
    }
    let missing = |name: &str| PolicyError::at(format!("{place}.{name}"), "is missing");
    Ok(Statement {
        sid,
        effect: effect.ok_or_else(|| missing("Effect"))?,
        actions: actions.ok_or_else(|| missing("Action"))?,
        resources: resources.ok_or_else(|| missing("Resource"))?,
        conditions,
    })
}

fn set_once(
    slot: &mut Option<PatternList>,
    list: PatternList,
    place: &str,
    name: &str,
) -> Result<(), PolicyError> {
    match slot.replace(list) {
        None => Ok(()),
        Some(_) => Err(PolicyError::at(place, format!("has both {name} and Not{name}"))),
    }
}

fn read_effect(value: Json, place: &str) -> Result<Effect, PolicyError> {
    match text(value, place)?.as_str() {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        _ => Err(PolicyError::at(place, "is neither Allow nor Deny")),
    }
}

fn read_actions(value: Json, place: &str, is_negated: bool) -> Result<PatternList, PolicyError> {
    let syntax = Syntax { wildcards: true, variables: false, ignores_case: true };
    read_patterns(value, place, is_negated, syntax, |action| {
        let named = |(service, name): (&str, &str)| !service.is_empty() && !name.is_empty();
        if action == "*" || action.split_once(':').is_some_and(named) {
            return Ok(());
        }
        Err("is neither * nor of the form service:action")
    })
}

fn read_resources(
    value: Json,
    place: &str,
    is_negated: bool,
    version: PolicyVersion,
) -> Result<PatternList, PolicyError> {
    let variables = version == PolicyVersion::V2012;
    let syntax = Syntax { wildcards: true, variables, ignores_case: false };
    read_patterns(value, place, is_negated, syntax, |resource| {
        if resource == "*" || resource.starts_with("arn:") {
            return Ok(());
        }
        Err("is neither * nor an ARN")
    })
}

fn read_patterns(
    value: Json,
    place: &str,
    is_negated: bool,
    syntax: Syntax,
    check: impl Fn(&str) -> Result<(), &'static str>,
) -> Result<PatternList, PolicyError> {
    let patterns = texts(value, place)?
        .into_iter()
        .map(|(at, source)| {
            check(&source).map_err(|problem| PolicyError::at(&at, problem))?;
            Pattern::compile(&source, syntax).map_err(|problem| PolicyError::at(at, problem))
        })
        .collect::<Result<Box<[_]>, _>>()?;
    Ok(PatternList { is_negated, patterns })
}

/// `{OPERATOR: {KEY: VALUES}}`: all of them have to hold.
fn read_conditions(
    value: Json,
    place: &str,
    version: PolicyVersion,
) -> Result<Box<[Condition]>, PolicyError> {
    let mut conditions = Vec::new();
    for (operator, keys) in object(value, place)? {
        let place = format!("{place}.{operator}");
        for (key, values) in object(keys, &place)? {
            let at = format!("{place}.{key}");
            let values = scalars(values, &at)?;
            conditions.push(
                Condition::compile(&operator, &key, &values, version == PolicyVersion::V2012)
                    .map_err(|problem| PolicyError::at(at, problem))?,
            );
        }
        // An operator that names no key is checked all the same.
        Condition::check_operator(&operator).map_err(|problem| PolicyError::at(place, problem))?;
    }
    Ok(conditions.into())
}

fn object(json: Json, place: &str) -> Result<Vec<(String, Json)>, PolicyError> {
    match json {
        Json::Object(members) => Ok(members),
        _ => Err(PolicyError::at(place, "is not an object")),
    }
}

fn text(json: Json, place: &str) -> Result<String, PolicyError> {
    match json {
        Json::Text(text) => Ok(text),
        _ => Err(PolicyError::at(place, "is not a string")),
    }
}

/// A string or an array of strings, each with its place.
fn texts(json: Json, place: &str) -> Result<Vec<(String, String)>, PolicyError> {
    let values = match json {
        Json::Array(values) => values,
        value => return Ok(vec![(place.to_owned(), text(value, place)?)]),
    };
    if values.is_empty() {
        return Err(PolicyError::at(place, "is empty"));
    }
    let with_place = |(at, value)| {
        let place = format!("{place}[{at}]");
        text(value, &place).map(|text| (place, text))
    };
    values.into_iter().enumerate().map(with_place).collect()
}

/// A value or an array of values of a condition; truth values and numbers count as their text.
fn scalars(json: Json, place: &str) -> Result<Vec<String>, PolicyError> {
    let values = match json {
        Json::Array(values) => values,
        value => vec![value],
    };
    if values.is_empty() {
        return Err(PolicyError::at(place, "is empty"));
    }
    let scalar = |value| match value {
        Json::Text(text) | Json::Number(text) => Ok(text),
        Json::Bool(value) => Ok(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            Err(PolicyError::at(place, "has a value that is no string, number or truth value"))
        }
    };
    values.into_iter().map(scalar).collect()
}
