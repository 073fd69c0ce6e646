//! Why an operation refuses, and the one place that says so in AWS's codes.

use fleetward_domain::NameError;
use fleetward_environment::NoRandomness;
use fleetward_policy::PolicyError;
use fleetward_store::{Noun, StoreError};
use fleetward_wire::{ApiError, ErrorCode, Operation};

use crate::error::ControlError;

mod fallback;
#[cfg(test)]
mod tests;

pub(crate) use fallback::falls_back;

/// Why an operation refuses. The texts are whole sentences.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no resource of this name.
    NotFound { word: &'static str, name: String },
    /// A resource of this name, but with other content, exists.
    Exists { problem: String, id: String, arn: String },
    /// `expectedVersion` is not the resource's version.
    VersionConflict(String),
    /// Others need what is to be deleted.
    InUse(String),
    /// The status of a certificate does not let this happen to it.
    State(String),
    /// There are as many versions of a policy as there may be.
    Versions(String),
    /// A limit is reached.
    Limit(String),
    /// A member of the input holds what it must not hold.
    InvalidField { field: String, problem: String },
    /// The members of the input do not fit each other, or the state of things.
    Invalid(String),
    /// A policy document is none.
    MalformedPolicy(PolicyError),
    /// The operation has no handler.
    NotServed,
    /// Something broke on our side.
    Failed(ControlError),
    /// Refused by `wire`, which knows the code itself.
    Told(ApiError),
}

impl Refusal {
    /// There is no resource of this name.
    pub(crate) fn not_found(word: &'static str, name: impl Into<String>) -> Self {
        Self::NotFound { word, name: name.into() }
    }

    /// A member of the input holds what it must not hold; the problem has no full stop.
    pub(crate) fn field(field: &str, problem: impl std::fmt::Display) -> Self {
        Self::InvalidField { field: field.to_owned(), problem: problem.to_string() }
    }

    /// All problems of a request in one message.
    pub(crate) fn problems(problems: &[String]) -> Self {
        Self::Invalid(format!("{}.", problems.join("; ")))
    }

    /// A resource of this name exists; `but` goes on to say in what it is another than asked for.
    pub(crate) fn exists<T: Noun>(
        name: &str,
        but: &str,
        id: impl Into<String>,
        arn: impl Into<String>,
    ) -> Self {
        let problem = format!("{} {name} already exists{but}.", T::WORD);
        Self::Exists { problem, id: id.into(), arn: arn.into() }
    }

    /// The refusal as this operation answers it.
    ///
    /// SDKs know the errors that the model gives the operation, and those that are common to all.
    /// Which others we have, and answer as an `InvalidRequestException`, is listed in `fallback`.
    pub(crate) fn answered_by(self, operation: Operation) -> ApiError {
        let error = self.in_its_own_code(operation);
        if error.code.is_common() || operation.errors().contains(&error.code) {
            return error;
        }
        if !falls_back(operation, error.code) {
            // A handler took the wrong variant, or the list lacks a row. The client gets the
            // message either way; that it is our mistake is for us.
            let (operation, code) = (operation.name(), error.code.as_str());
            tracing::error!(operation, code, %error, "refused with an error it does not have");
        }
        ApiError::invalid_request(error.message)
    }

    /// The refusal in the code of its variant, whether or not clients of the operation know it.
    pub(crate) fn in_its_own_code(self, operation: Operation) -> ApiError {
        match self {
            Self::NotServed => ApiError::not_implemented(operation),
            Self::Failed(error) => error.into(),
            Self::Told(error) => error,
            Self::NotFound { word, name } => {
                ApiError::not_found(format!("{word} {name} does not exist."))
            }
            Self::Exists { problem, id, arn } => ApiError::already_exists(problem, id, arn),
            Self::VersionConflict(problem) => ApiError::version_conflict(problem),
            Self::InUse(problem) => ApiError::delete_conflict(problem),
            Self::State(problem) => ApiError::new(ErrorCode::CertificateState, problem),
            Self::Versions(problem) => ApiError::new(ErrorCode::VersionsLimitExceeded, problem),
            Self::Limit(problem) => ApiError::limit_exceeded(problem),
            Self::InvalidField { field, problem } => {
                ApiError::invalid_request(format!("{field}: {problem}."))
            }
            Self::Invalid(problem) => ApiError::invalid_request(problem),
            Self::MalformedPolicy(error) => {
                ApiError::new(ErrorCode::MalformedPolicy, format!("{error}."))
            }
        }
    }
}

impl From<ControlError> for Refusal {
    /// A document that no store takes is the caller's to make smaller, and one that others keep
    /// writing is to be tried again; all else is our fault.
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Store(error @ StoreError::TooLarge { .. }) => {
                Self::Limit(format!("The resource is too large: {error}."))
            }
            ControlError::Store(StoreError::Precondition(_)) => Self::Told(ApiError::unavailable(
                "Others keep changing the same resource. Try again.",
            )),
            ControlError::Store(StoreError::Full { .. }) => Self::Told(ApiError::unavailable(
                "There is no room on the server's disk. Make room, and try again.",
            )),
            error => Self::Failed(error),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        ControlError::from(error).into()
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Told(error)
    }
}

impl From<NameError> for Refusal {
    fn from(error: NameError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<NoRandomness> for Refusal {
    fn from(error: NoRandomness) -> Self {
        Self::Failed(error.into())
    }
}
