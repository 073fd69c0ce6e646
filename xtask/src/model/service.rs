//! The checked-in facts, `model/iot.json`, as values.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ModelError;

/// Where an operation is described.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// In AWS's model: `model/iot.json`.
    #[default]
    Aws,
    /// In `model/own.json`.
    Own,
}

impl Origin {
    /// What actions of policies begin with.
    pub(super) fn action_prefix(self) -> &'static str {
        match self {
            Self::Aws => "iot",
            Self::Own => "fleetward",
        }
    }
}

/// AWS IoT's service model, and our own operations beside it.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) botocore: String,
    pub(super) operations: BTreeMap<String, Operation>,
    pub(super) shapes: BTreeMap<String, Shape>,
}

/// A file of facts.
#[derive(Deserialize)]
struct Facts {
    #[serde(default)]
    botocore: String,
    #[serde(default)]
    operations: BTreeMap<String, Operation>,
    #[serde(default)]
    shapes: BTreeMap<String, Shape>,
}

/// Where our own operations live, so that no later one of AWS's can stand in their way.
const OWN_PATHS: &str = "/fleetward/v1/";

impl Service {
    /// Reads AWS's facts and ours. Ours may use AWS's shapes, and redefine none.
    pub(super) fn parse(aws: &str, own: &str) -> Result<Self, ModelError> {
        let facts = |path: &'static str, text: &str| {
            serde_json::from_str::<Facts>(text).map_err(|source| ModelError::Facts { path, source })
        };
        let aws = facts("model/iot.json", aws)?;
        let own = facts("model/own.json", own)?;
        let mut service =
            Self { botocore: aws.botocore, operations: aws.operations, shapes: aws.shapes };
        for (name, operation) in own.operations {
            if !operation.uri.starts_with(OWN_PATHS) {
                let problem = format!("{name}: its path must begin with {OWN_PATHS}");
                return Err(ModelError::Unsupported(format!("model/own.json: {problem}")));
            }
            service.add_own(&name, Operation { origin: Origin::Own, ..operation })?;
        }
        for (name, shape) in own.shapes {
            if service.shapes.insert(name.clone(), shape).is_some() {
                return Err(ModelError::Unsupported(format!(
                    "model/own.json: shape {name} is AWS's already"
                )));
            }
        }
        Ok(service)
    }

    fn add_own(&mut self, name: &str, operation: Operation) -> Result<(), ModelError> {
        match self.operations.insert(name.to_owned(), operation) {
            None => Ok(()),
            Some(_) => Err(ModelError::Unsupported(format!(
                "model/own.json: operation {name} is AWS's already"
            ))),
        }
    }

    pub(super) fn shape(&self, name: &str) -> Result<&Shape, ModelError> {
        self.shapes.get(name).ok_or_else(|| ModelError::Missing(format!("shape {name}")))
    }

    pub(super) fn operation(&self, name: &str) -> Result<&Operation, ModelError> {
        self.operations.get(name).ok_or_else(|| ModelError::Missing(format!("operation {name}")))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) status: u16,
    pub(super) input: String,
    pub(super) output: Option<String>,
    pub(super) errors: Vec<String>,
    #[serde(skip)]
    pub(super) origin: Origin,
}

#[derive(Debug, Deserialize)]
pub(super) struct Shape {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) min: Option<serde_json::Number>,
    pub(super) max: Option<serde_json::Number>,
    pub(super) pattern: Option<String>,
    #[serde(rename = "enum", default)]
    pub(super) values: Vec<String>,
    #[serde(default)]
    pub(super) sensitive: bool,
    /// The member that is the whole body, where the model says so.
    pub(super) payload: Option<String>,
    #[serde(default)]
    pub(super) members: Vec<Member>,
    pub(super) member: Option<String>,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    /// The HTTP status, where the shape is an error.
    pub(super) error: Option<u16>,
}

impl Shape {
    /// The shapes this one is made of.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        let members = self.members.iter().map(|member| member.shape.as_str());
        let nested = [&self.member, &self.key, &self.value];
        members.chain(nested.into_iter().flatten().map(String::as_str))
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

#[derive(Debug, Deserialize)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) shape: String,
    #[serde(rename = "in")]
    pub(super) location: Option<Location>,
    /// The name in the path, query or headers, where it is not the member's own.
    #[serde(rename = "as")]
    pub(super) location_name: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Location {
    Label,
    Query,
    Header,
    Headers,
    Status,
}
