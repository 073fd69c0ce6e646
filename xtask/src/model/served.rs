//! Which operations Fleetward serves, and which shapes they reach.

use std::collections::{BTreeMap, BTreeSet};

use super::ModelError;
use super::service::{Kind, Service};

/// The served operations and what they are made of.
pub(super) struct Served {
    /// Names of operations, sorted.
    pub(super) operations: BTreeSet<String>,
    /// Names of every shape that a served operation reaches, sorted.
    pub(super) shapes: BTreeSet<String>,
    /// Input shape to operation.
    pub(super) inputs: BTreeMap<String, String>,
    /// Names of output shapes.
    pub(super) outputs: BTreeSet<String>,
}

impl Served {
    /// Reads the list of served operations: one name a line, `#` begins a comment.
    pub(super) fn parse(list: &str, service: &Service) -> Result<Self, ModelError> {
        let mut served = Self {
            operations: BTreeSet::new(),
            shapes: BTreeSet::new(),
            inputs: BTreeMap::new(),
            outputs: BTreeSet::new(),
        };
        let lines = list.lines().map(str::trim);
        for name in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            served.add(name, service)?;
        }
        Ok(served)
    }

    /// The reached structures that are neither an input nor an output.
    pub(super) fn parts<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = &'a str> {
        let is_structure = |name: &&str| {
            service.shapes.get(*name).is_some_and(|shape| shape.kind == Kind::Structure)
        };
        let names = self.shapes.iter().map(String::as_str).filter(is_structure);
        names.filter(|name| !self.inputs.contains_key(*name) && !self.outputs.contains(*name))
    }

    fn add(&mut self, name: &str, service: &Service) -> Result<(), ModelError> {
        let operation = service.operation(name)?;
        if !self.operations.insert(name.to_owned()) {
            return Err(ModelError::Unsupported(format!("{name} is listed as served twice")));
        }
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
