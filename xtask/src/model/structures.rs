//! `types/inputs.rs`, `types/outputs.rs`, `types/parts.rs`: structures as serde structs.

use std::fmt::Write;

use super::ModelError;
use super::names::{camel, field, pascal};
use super::served::Served;
use super::service::{Kind, Location, Member, Service, Shape};

/// The inputs of the served operations, each tied to its operation and its output.
pub(super) fn inputs(service: &Service, served: &Served) -> Result<String, ModelError> {
    let mut out = String::from(
        "use super::{enums::*, outputs::*, parts::*};\n\
         use crate::generated::operations::Operation;\n\
         use crate::operation::{Input, NoOutput};\n",
    );
    out.push_str(SCALARS);
    for (shape, operation) in &served.inputs {
        out.push_str(&structure(shape, service, &format!("What `{operation}` takes."))?);
        let output = service.operation(operation)?.output.as_deref();
        let output = output.map_or_else(|| "NoOutput".to_owned(), pascal);
        let _ = writeln!(
            out,
            "impl Input for {} {{\ntype Output = {output};\n\
             const OPERATION: Operation = Operation::{operation};\n}}\n",
            pascal(shape)
        );
    }
    Ok(out)
}

/// The outputs of the served operations.
pub(super) fn outputs(service: &Service, served: &Served) -> Result<String, ModelError> {
    let mut out = String::from("use super::{enums::*, parts::*};\n");
    out.push_str(SCALARS);
    for name in &served.outputs {
        out.push_str(&structure(name, service, &format!("AWS's answer `{name}`."))?);
        let members = &service.shape(name)?.members;
        if let Some(member) = members.iter().find(|member| member.location.is_some()) {
            let problem = format!("{name}.{} is answered outside the body", member.name);
            return Err(ModelError::Unsupported(problem));
        }
        out.push_str(&from_description(name, service, served)?);
    }
    Ok(out)
}

/// AWS often answers an update with what a description answers, in a shape of another name: one is
/// made of the other then.
fn from_description(name: &str, service: &Service, served: &Served) -> Result<String, ModelError> {
    let described = match name.strip_prefix("Update") {
        Some(noun) => format!("Describe{noun}"),
        None => return Ok(String::new()),
    };
    let members = |name: &str| -> Result<Vec<(&str, &str)>, ModelError> {
        let members = service.shape(name)?.members.iter();
        let mut members: Vec<_> = members.map(|m| (&*m.name, &*m.shape)).collect();
        members.sort_unstable();
        Ok(members)
    };
    if !served.outputs.contains(&described) || members(name)? != members(&described)? {
        return Ok(String::new());
    }
    let mut fields = String::new();
    for (member, _) in members(name)? {
        let _ = write!(fields, "{0}: described.{0},", field(member));
    }
    let (name, described) = (pascal(name), pascal(&described));
    Ok(format!(
        "\nimpl From<{described}> for {name} {{\n\
         fn from(described: {described}) -> Self {{ Self {{ {fields} }} }}\n}}\n"
    ))
}

/// The structures within inputs and outputs.
pub(super) fn parts(service: &Service, served: &Served) -> Result<String, ModelError> {
    let mut out = String::from("use super::enums::*;\n");
    out.push_str(SCALARS);
    for name in served.parts(service) {
        out.push_str(&structure(name, service, &format!("AWS's structure `{name}`."))?);
    }
    Ok(out)
}

const SCALARS: &str = "#[allow(unused_imports)]\nuse crate::scalar::{Blob, Timestamp};\n\
                       #[allow(unused_imports)]\nuse std::collections::BTreeMap;\n\
                       use serde::{Deserialize, Serialize};\n";

fn structure(name: &str, service: &Service, doc: &str) -> Result<String, ModelError> {
    let shape = service.shape(name)?;
    let sensitive = has_sensitive_member(shape, service)?;
    let mut derives = vec!["Clone", "PartialEq", "Serialize", "Deserialize"];
    if !sensitive {
        derives.push("Debug");
    }
    if shape.members.iter().all(|member| !member.required) {
        derives.push("Default");
    }
    let mut out = format!(
        "\n/// {doc}\n#[derive({})]\n#[serde(rename_all = \"camelCase\")]\npub struct {} {{\n",
        derives.join(", "),
        pascal(name)
    );
    for member in &shape.members {
        out.push_str(&struct_field(member, service)?);
    }
    out.push_str("}\n");
    if sensitive {
        out.push_str(&redacting_debug(name, shape, service)?);
    }
    Ok(out)
}

fn struct_field(member: &Member, service: &Service) -> Result<String, ModelError> {
    if matches!(member.location, Some(Location::Headers | Location::Status)) {
        let problem = format!("member {}: location {:?}", member.name, member.location);
        return Err(ModelError::Unsupported(problem));
    }
    let name = field(&member.name);
    let type_name = rust_type(&member.shape, service)?;
    let mut attributes = Vec::new();
    if camel(&name) != member.name {
        attributes.push(format!("rename = {:?}", member.name));
    }
    let type_name = if member.required {
        type_name
    } else {
        attributes.push("skip_serializing_if = \"Option::is_none\"".to_owned());
        format!("Option<{type_name}>")
    };
    let attributes = match attributes.is_empty() {
        true => String::new(),
        false => format!("#[serde({})]\n", attributes.join(", ")),
    };
    Ok(format!("{attributes}pub {name}: {type_name},\n"))
}

fn rust_type(name: &str, service: &Service) -> Result<String, ModelError> {
    let shape = service.shape(name)?;
    let part = |part: &Option<String>| match part {
        Some(part) => rust_type(part, service),
        None => Err(ModelError::Missing(format!("part of shape {name}"))),
    };
    Ok(match shape.kind {
        Kind::Structure => pascal(name),
        Kind::String if !shape.values.is_empty() => pascal(name),
        Kind::String => "String".to_owned(),
        Kind::Integer => "i32".to_owned(),
        Kind::Long => "i64".to_owned(),
        Kind::Double => "f64".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Timestamp => "Timestamp".to_owned(),
        Kind::Blob => "Blob".to_owned(),
        Kind::List => format!("Vec<{}>", part(&shape.member)?),
        Kind::Map => format!("BTreeMap<{}, {}>", part(&shape.key)?, part(&shape.value)?),
    })
}

fn has_sensitive_member(shape: &Shape, service: &Service) -> Result<bool, ModelError> {
    for member in &shape.members {
        if service.shape(&member.shape)?.sensitive {
            return Ok(true);
        }
    }
    Ok(false)
}

fn redacting_debug(name: &str, shape: &Shape, service: &Service) -> Result<String, ModelError> {
    let type_name = pascal(name);
    let mut fields = String::new();
    for member in &shape.members {
        let name = field(&member.name);
        let value = match service.shape(&member.shape)?.sensitive {
            true => "&format_args!(\"<redacted>\")".to_owned(),
            false => format!("&self.{name}"),
        };
        let _ = write!(fields, ".field({name:?}, {value})");
    }
    Ok(format!(
        "\nimpl std::fmt::Debug for {type_name} {{\n\
         fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\n\
         out.debug_struct({type_name:?}){fields}.finish()\n}}\n}}\n"
    ))
}
