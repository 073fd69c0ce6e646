//! The checked-in facts, `model/iot.json`, as values.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ModelError;

/// AWS IoT's service model.
#[derive(Debug, Deserialize)]
pub(super) struct Service {
    pub(super) botocore: String,
    pub(super) operations: BTreeMap<String, Operation>,
    pub(super) shapes: BTreeMap<String, Shape>,
}

impl Service {
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
