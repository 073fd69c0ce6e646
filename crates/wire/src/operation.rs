//! What there is to say about an operation, and the tie between it and its Rust types.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, ErrorCode};
use crate::generated::operations::Operation;
use crate::generated::shapes;
use crate::shape::Shape;

/// The model's facts about one operation.
#[derive(Debug)]
pub(crate) struct OperationFacts {
    pub(crate) name: &'static str,
    pub(crate) action: &'static str,
    pub(crate) method: &'static str,
    pub(crate) uri: &'static str,
    pub(crate) success_status: u16,
    pub(crate) input_shape: &'static str,
    pub(crate) output_shape: Option<&'static str>,
    pub(crate) errors: &'static [ErrorCode],
    pub(crate) is_served: bool,
    pub(crate) authorised_on: &'static [&'static [ResourceTemplate]],
}

/// A resource that an operation is authorised on: `dimension/` and what the member `name` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceTemplate {
    /// What stands before the name in the ARN's last part; empty where the member holds an ARN.
    pub prefix: &'static str,
    /// The member of the input: a text, or a list of texts that name a resource each.
    pub member: &'static str,
}

impl Operation {
    /// AWS's name of it: `CreateSecurityProfile`.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The action that a policy allows or denies: `iot:CreateSecurityProfile`.
    pub const fn action(self) -> &'static str {
        self.facts().action
    }

    /// The HTTP method.
    pub const fn method(self) -> &'static str {
        self.facts().method
    }

    /// The path with its labels in braces: `/security-profiles/{securityProfileName}`.
    pub const fn uri(self) -> &'static str {
        self.facts().uri
    }

    /// The HTTP status of success.
    pub const fn success_status(self) -> u16 {
        self.facts().success_status
    }

    /// The name of the shape it takes.
    pub const fn input_shape_name(self) -> &'static str {
        self.facts().input_shape
    }

    /// The name of the shape it answers; none where the answer is empty.
    pub const fn output_shape_name(self) -> Option<&'static str> {
        self.facts().output_shape
    }

    /// The shape it takes, where the operation is served.
    pub fn input_shape(self) -> Option<&'static Shape> {
        shapes::input_shape(self)
    }

    /// The errors that the model lets it answer.
    pub const fn errors(self) -> &'static [ErrorCode] {
        self.facts().errors
    }

    /// Whether Fleetward serves it. The others answer [`ApiError::not_implemented`].
    pub const fn is_served(self) -> bool {
        self.facts().is_served
    }

    /// The resources that a caller must be allowed to act on: of each, the first alternative whose
    /// member the input holds. None of them: `*`.
    pub const fn authorised_on(self) -> &'static [&'static [ResourceTemplate]] {
        self.facts().authorised_on
    }

    /// Finds an operation by AWS's name of it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }
}

/// What a served operation takes.
pub trait Input: DeserializeOwned + Serialize {
    /// What the operation answers.
    type Output: Serialize + DeserializeOwned;

    /// The operation that takes this input.
    const OPERATION: Operation;

    /// Turns a decoded and checked object into the input.
    ///
    /// # Errors
    /// `InvalidRequestException` where the object was not checked first and does not fit.
    fn read(object: &serde_json::Value) -> Result<Self, ApiError> {
        Self::deserialize(object).map_err(|error| ApiError::invalid_request(error.to_string()))
    }
}

/// The answer of an operation that answers nothing: an empty object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NoOutput {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_own_name() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.name()), Some(operation));
            let is_own = operation.uri().starts_with("/fleetward/v1/");
            let prefix = if is_own { "fleetward" } else { "iot" };
            assert_eq!(operation.action(), format!("{prefix}:{}", operation.name()));
        }
        assert!(Operation::ALL.len() >= 272);
    }

    #[test]
    fn served_operations_have_an_input_shape() {
        for operation in Operation::ALL {
            let shape = operation.input_shape().map(|shape| shape.name());
            let expected = operation.is_served().then_some(operation.input_shape_name());
            assert_eq!(shape, expected, "{operation:?}");
        }
    }
}
