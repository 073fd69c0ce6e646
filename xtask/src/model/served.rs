//! `model/served.toml`: which operations Fleetward serves, where, on what they are authorised, and
//! which shapes they reach.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::ModelError;
use super::authorised_on::{self, Template};
use super::service::{Kind, Origin, Service};

/// The served operations and what they are made of.
pub(super) struct Served {
    /// By name.
    pub(super) operations: BTreeMap<String, ServedOperation>,
    /// Names of every shape that a served operation reaches, sorted.
    pub(super) shapes: BTreeSet<String>,
    /// Input shape to operation.
    pub(super) inputs: BTreeMap<String, String>,
    /// Names of output shapes.
    pub(super) outputs: BTreeSet<String>,
}

/// What a row says.
pub(super) struct ServedOperation {
    /// The function: its module below the control crate, and its name.
    pub(super) at: (String, String),
    /// The resources it is authorised on, each as alternatives; none: `*`.
    pub(super) on: Vec<Vec<Template>>,
    /// Whether the function is told who calls.
    pub(super) is_told_caller: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    at: String,
    on: Vec<String>,
    #[serde(default)]
    caller: bool,
}

impl Served {
    /// Reads the rows and checks each against the model.
    pub(super) fn parse(text: &str, service: &Service) -> Result<Self, ModelError> {
        let rows: BTreeMap<String, Row> = toml::from_str(text)?;
        let mut served = Self {
            operations: BTreeMap::new(),
            shapes: BTreeSet::new(),
            inputs: BTreeMap::new(),
            outputs: BTreeSet::new(),
        };
        for (name, row) in rows {
            served.add(&name, &row, service)?;
        }
        // AWS's operations may wait; nobody describes one of ours and does not serve it.
        let mut own = service.operations.iter().filter(|(_, known)| known.origin == Origin::Own);
        match own.find(|(name, _)| !served.operations.contains_key(*name)) {
            Some((name, _)) => Err(ModelError::Unsupported(format!(
                "{name} stands in model/own.json and has no row in model/served.toml"
            ))),
            None => Ok(served),
        }
    }

    /// The reached structures that are neither an input nor an output.
    pub(super) fn parts<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a str> {
        let is_structure = |name: &&str| {
            service.shapes.get(*name).is_some_and(|shape| shape.kind == Kind::Structure)
        };
        let names = self.shapes.iter().map(String::as_str).filter(is_structure);
        names.filter(|name| !self.inputs.contains_key(*name) && !self.outputs.contains(*name))
    }

    fn add(&mut self, name: &str, row: &Row, service: &Service) -> Result<(), ModelError> {
        let operation = service.operation(name)?;
        let at = function(name, &row.at)?;
        let on = authorised_on::parse(name, &row.on, service.shape(&operation.input)?, service)?;
        let is_told_caller = row.caller;
        self.operations.insert(name.to_owned(), ServedOperation { at, on, is_told_caller });
        let clash = self.inputs.insert(operation.input.clone(), name.to_owned());
        if let Some(other) = clash {
            return Err(ModelError::Unsupported(format!("{name} and {other} share an input")));
        }
        self.reach(&operation.input, service, &mut Vec::new())?;
        if let Some(output) = &operation.output {
            self.outputs.insert(output.clone());
            self.reach(output, service, &mut Vec::new())?;
        }
        Ok(())
    }

    fn reach<'a>(
        &mut self,
        name: &'a str,
        service: &'a Service,
        way: &mut Vec<&'a str>,
    ) -> Result<(), ModelError> {
        if way.contains(&name) {
            return Err(ModelError::Unsupported(format!("shape {name} holds itself")));
        }
        if !self.shapes.insert(name.to_owned()) {
            return Ok(());
        }
        way.push(name);
        for part in service.shape(name)?.parts() {
            self.reach(part, service, way)?;
        }
        way.pop();
        Ok(())
    }
}

/// Splits `dimension::update`. The rest is left to the compiler: the generated call names it.
fn function(operation: &str, at: &str) -> Result<(String, String), ModelError> {
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    match at.split_once("::") {
        Some((noun, verb)) if is_name(noun) && is_name(verb) => {
            Ok((noun.to_owned(), verb.to_owned()))
        }
        _ => Err(ModelError::Unsupported(format!("{operation}: at = {at:?} is no noun::verb"))),
    }
}
