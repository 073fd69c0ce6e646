//! Who calls, and what they may do.

use std::sync::Arc;

use fleetward_domain::Place;
use fleetward_policy::{Context, PolicyDocument, Request, evaluate};
use fleetward_wire::{ApiError, Operation};

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    arn: String,
    /// None: may do everything.
    policy: Option<Arc<PolicyDocument>>,
}

impl Caller {
    /// The holder of an access key with this policy.
    #[must_use]
    pub fn with_key(place: &Place, access_key_id: &str, policy: PolicyDocument) -> Self {
        let arn = format!("arn:aws:iam::{}:user/{access_key_id}", place.account);
        Self { arn, policy: Some(Arc::new(policy)) }
    }

    /// Whoever calls where signatures are not asked for, and the deployment itself.
    #[must_use]
    pub fn operator(place: &Place) -> Self {
        Self { arn: format!("arn:aws:iam::{}:root", place.account), policy: None }
    }

    /// The caller's ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Whether the operation is allowed on every one of the resources.
    ///
    /// # Errors
    /// `AccessDeniedException` naming the first resource that it is not allowed on.
    pub fn authorize(&self, operation: Operation, resources: &[String]) -> Result<(), ApiError> {
        let Some(policy) = &self.policy else { return Ok(()) };
        let context = Context::new();
        for resource in resources {
            let request = Request { action: operation.action(), resource, context: &context };
            if !evaluate(&[policy.as_ref()], &request).is_allowed() {
                return Err(ApiError::access_denied(&self.arn, operation.action(), resource));
            }
        }
        Ok(())
    }
}
