//! The table of operations.

use std::future::Future;
use std::sync::Arc;

use fleetward_domain::{EpochMs, Place};
use fleetward_environment::Clock;
use fleetward_store::Store;
use fleetward_wire::convert::BehaviorRules;
use fleetward_wire::operation::Input;
use fleetward_wire::{ApiError, Operation, check};
use serde_json::Value;

use crate::authority::Authority;
use crate::caller::Caller;
use crate::resource_arn::resources_of;

#[cfg(test)]
mod tests;

/// What a deployment decides about its control plane.
#[derive(Clone)]
pub struct ControlSettings {
    /// The account and the region.
    pub place: Place,
    /// The period of cloud-side counters. Below 300 s, behaviors may have windows from one period
    /// up.
    pub period_seconds: u32,
    /// The host name that devices connect to, without a port.
    pub endpoint_host: String,
    /// Seals paging tokens; the same in every process of the deployment
    /// ([`MasterKey::derive`](crate::MasterKey::derive)).
    pub paging_key: [u8; 32],
    /// The time.
    pub clock: Clock,
}

/// The control plane.
pub struct Control {
    pub(crate) settings: ControlSettings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) authority: Arc<Authority>,
}

impl Control {
    /// The control plane on this store.
    #[must_use]
    pub fn new(
        settings: ControlSettings,
        store: Arc<dyn Store>,
        authority: Arc<Authority>,
    ) -> Self {
        Self { settings, store, authority }
    }

    /// The account and the region.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.settings.place
    }

    /// Performs an operation. `input` is the decoded object of the request (see
    /// `fleetward_wire::decode`); who may not, is told so before what is wrong with it.
    ///
    /// # Errors
    /// AWS's: `AccessDeniedException`, `InvalidRequestException` with every member that breaks a
    /// constraint, and those of the operation. `NotImplementedException` names the operation.
    pub async fn call(
        &self,
        caller: &Caller,
        operation: Operation,
        input: Value,
    ) -> Result<Value, ApiError> {
        if !operation.is_served() {
            return Err(ApiError::not_implemented(operation));
        }
        let resources = resources_of(self.place(), operation, &input);
        caller.authorize(operation, &resources)?;
        check::check(operation, &input)?;
        self.perform(operation, input).await
    }

    async fn perform(&self, operation: Operation, input: Value) -> Result<Value, ApiError> {
        use Operation as Op;
        let answer = match operation {
            Op::CreateSecurityProfile => answer(input, |i| self.create_security_profile(i)).await,
            Op::DescribeSecurityProfile => {
                answer(input, |i| self.describe_security_profile(i)).await
            }
            Op::UpdateSecurityProfile => answer(input, |i| self.update_security_profile(i)).await,
            Op::DeleteSecurityProfile => answer(input, |i| self.delete_security_profile(i)).await,
            Op::ListSecurityProfiles => answer(input, |i| self.list_security_profiles(i)).await,
            Op::ValidateSecurityProfileBehaviors => {
                answer(input, |i| self.validate_security_profile_behaviors(i)).await
            }
            Op::AttachSecurityProfile => answer(input, |i| self.attach_security_profile(i)).await,
            Op::DetachSecurityProfile => answer(input, |i| self.detach_security_profile(i)).await,
            Op::ListTargetsForSecurityProfile => {
                answer(input, |i| self.list_targets_for_security_profile(i)).await
            }
            Op::ListSecurityProfilesForTarget => {
                answer(input, |i| self.list_security_profiles_for_target(i)).await
            }
            Op::CreateDimension => answer(input, |i| self.create_dimension(i)).await,
            Op::DescribeDimension => answer(input, |i| self.describe_dimension(i)).await,
            Op::DeleteDimension => answer(input, |i| self.delete_dimension(i)).await,
            Op::ListDimensions => answer(input, |i| self.list_dimensions(i)).await,
            Op::CreateThing => answer(input, |i| self.create_thing(i)).await,
            Op::DescribeThing => answer(input, |i| self.describe_thing(i)).await,
            Op::ListThings => answer(input, |i| self.list_things(i)).await,
            Op::CreateThingGroup => answer(input, |i| self.create_thing_group(i)).await,
            Op::AddThingToThingGroup => answer(input, |i| self.add_thing_to_thing_group(i)).await,
            Op::CreateKeysAndCertificate => {
                answer(input, |i| self.create_keys_and_certificate(i)).await
            }
            Op::UpdateCertificate => answer(input, |i| self.update_certificate(i)).await,
            Op::AttachThingPrincipal => answer(input, |i| self.attach_thing_principal(i)).await,
            Op::CreatePolicy => answer(input, |i| self.create_policy(i)).await,
            Op::AttachPolicy => answer(input, |i| self.attach_policy(i)).await,
            Op::DescribeEndpoint => answer(input, |i| self.describe_endpoint(i)).await,
            Op::ListActiveViolations => answer(input, |i| self.list_active_violations(i)).await,
            Op::ListViolationEvents => answer(input, |i| self.list_violation_events(i)).await,
            // A test calls every operation that is served, so that none of them ends here.
            _ => Err(ApiError::not_implemented(operation)),
        };
        if let Err(error) = &answer {
            tracing::debug!(operation = operation.name(), %error, "refused");
        }
        answer
    }

    pub(crate) fn now_ms(&self) -> EpochMs {
        self.settings.clock.now_ms()
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    pub(crate) fn behavior_rules(&self) -> BehaviorRules {
        BehaviorRules { period_seconds: self.settings.period_seconds }
    }
}

async fn answer<I: Input, F>(input: Value, handler: impl FnOnce(I) -> F) -> Result<Value, ApiError>
where
    F: Future<Output = Result<I::Output, ApiError>>,
{
    let output = handler(I::read(input)?).await?;
    serde_json::to_value(output).map_err(|error| {
        tracing::error!(%error, "an answer could not be written as JSON");
        ApiError::internal()
    })
}
