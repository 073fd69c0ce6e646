//! Errors as AWS answers them: a code, a message, sometimes the resource.

use serde_json::json;

use crate::Operation;
pub use crate::generated::error_codes::ErrorCode;
use crate::route::RouteError;
use crate::sigv4::SigV4Error;

/// The header that carries the error's code.
pub const ERROR_TYPE_HEADER: &str = "x-amzn-errortype";

/// The header that carries the request's id; every answer has it.
pub const REQUEST_ID_HEADER: &str = "x-amzn-requestid";

/// An error as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", .code.as_str())]
pub struct ApiError {
    /// Which error; gives the status and the header [`ERROR_TYPE_HEADER`].
    pub code: ErrorCode,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The resource in question, where the model gives the error a place for it.
    pub resource_id: Option<String>,
    /// The ARN of the resource, likewise.
    pub resource_arn: Option<String>,
}

impl ApiError {
    /// An error that names no resource.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), resource_id: None, resource_arn: None }
    }

    /// The request is not valid.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    /// The resource does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceNotFound, message)
    }

    /// A resource of this name, but with other content, exists.
    pub fn already_exists(
        message: impl Into<String>,
        resource_id: impl Into<String>,
        resource_arn: impl Into<String>,
    ) -> Self {
        Self {
            resource_id: Some(resource_id.into()),
            resource_arn: Some(resource_arn.into()),
            ..Self::new(ErrorCode::ResourceAlreadyExists, message)
        }
    }

    /// `expectedVersion` is not the resource's version.
    pub fn version_conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::VersionConflict, message)
    }

    /// The resource is attached to others.
    pub fn delete_conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::DeleteConflict, message)
    }

    /// A limit is reached.
    pub fn limit_exceeded(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::LimitExceeded, message)
    }

    /// The caller's policy does not allow the action on the resource.
    pub fn access_denied(caller_arn: &str, action: &str, resource_arn: &str) -> Self {
        let message = format!(
            "User: {caller_arn} is not authorized to perform: {action} on resource: {resource_arn}"
        );
        Self::new(ErrorCode::AccessDenied, message)
    }

    /// Something broke on our side. The message stays general; the cause belongs in the log.
    pub fn internal() -> Self {
        Self::new(ErrorCode::InternalFailure, "An unexpected error has occurred.")
    }

    /// The service cannot answer now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ServiceUnavailable, message)
    }

    /// An operation of AWS IoT that Fleetward does not serve.
    pub fn not_implemented(operation: Operation) -> Self {
        let message = format!("{} is not implemented by Fleetward.", operation.name());
        Self::new(ErrorCode::NotImplemented, message)
    }

    /// The HTTP status to answer with.
    pub const fn status(&self) -> u16 {
        self.code.status()
    }

    /// The JSON body to answer with.
    pub fn to_body(&self) -> Vec<u8> {
        let mut body = json!({ "message": self.message });
        if let Some(object) = body.as_object_mut() {
            let resources =
                [("resourceId", &self.resource_id), ("resourceArn", &self.resource_arn)];
            for (name, value) in resources {
                object.extend(value.clone().map(|value| (name.to_owned(), value.into())));
            }
        }
        body.to_string().into_bytes()
    }
}

impl From<RouteError> for ApiError {
    fn from(error: RouteError) -> Self {
        let code = match error {
            RouteError::UnknownOperation => ErrorCode::UnknownOperation,
            RouteError::MalformedEscape => ErrorCode::InvalidRequest,
        };
        Self::new(code, error.to_string())
    }
}

impl From<SigV4Error> for ApiError {
    fn from(error: SigV4Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_names_the_resource_where_there_is_one() {
        let plain = ApiError::invalid_request("no");
        assert_eq!(plain.to_body(), br#"{"message":"no"}"#);
        assert_eq!((plain.status(), plain.code.as_str()), (400, "InvalidRequestException"));
        let exists = ApiError::already_exists("there", "t1", "arn:t1");
        let body: serde_json::Value = serde_json::from_slice(&exists.to_body()).unwrap();
        assert_eq!(body, json!({"message":"there","resourceId":"t1","resourceArn":"arn:t1"}));
        assert_eq!(exists.status(), 409);
    }

    #[test]
    fn an_unserved_operation_is_named() {
        let error = ApiError::not_implemented(Operation::CreateJob);
        assert_eq!(error.message, "CreateJob is not implemented by Fleetward.");
        assert_eq!((error.status(), error.code.as_str()), (400, "NotImplementedException"));
    }
}
