//! From a call to its answer: may it be, what does it do, and the one place that commits.

use std::future::Future;
use std::sync::Arc;

use fleetward_domain::{EpochMs, FormatLevel, Place};
use fleetward_environment::{Chance, Clock};
use fleetward_store::Store;
use fleetward_wire::operation::Input;
use fleetward_wire::{ApiError, Operation, check};
use serde_json::Value;

use crate::authorised_on::resources_of;
use crate::authority::Authority;
use crate::caller::Caller;
use crate::error::ControlError;
use crate::generated::dispatch;
use crate::prepared::Prepared;
use crate::refusal::Refusal;
use crate::turns::Turns;

#[cfg(test)]
mod contention_tests;
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
    /// What ids of things, groups and requests are drawn from.
    pub chance: Chance,
}

/// The control plane.
pub struct Control {
    pub(crate) settings: ControlSettings,
    pub(crate) authority: Arc<Authority>,
    store: Arc<dyn Store>,
    turns: Turns,
}

impl Control {
    /// The control plane on this store.
    #[must_use]
    pub fn new(
        settings: ControlSettings,
        store: Arc<dyn Store>,
        authority: Arc<Authority>,
    ) -> Self {
        Self { settings, authority, store, turns: Turns::default() }
    }

    /// The account and the region.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.settings.place
    }

    /// Performs an operation: prepares it and commits that, again and again while others are
    /// faster. `input` is the decoded object of the request (see `fleetward_wire::decode`); who
    /// may not, is told so before what is wrong with it.
    ///
    /// # Errors
    /// AWS's: `AccessDeniedException`, `InvalidRequestException` with every member that breaks a
    /// constraint, and those of the operation. `NotImplementedException` names the operation;
    /// `ServiceUnavailableException` where other processes keep writing the same documents.
    pub async fn call(
        &self,
        caller: &Caller,
        operation: Operation,
        input: Value,
    ) -> Result<Value, ApiError> {
        self.admit(caller, operation, &input)?;
        let prepare = || dispatch(self, caller, operation, &input);
        let answer = self.turns.commit(self.store(), prepare).await;
        answer.map_err(|refusal| refused(refusal, operation))
    }

    /// Decides what an operation does and writes nothing: authorised, checked and refused as by
    /// [`Control::call`]. Who commits several of these at once prepares them again where a
    /// precondition fails.
    ///
    /// # Errors
    /// As [`Control::call`].
    pub async fn prepare(
        &self,
        caller: &Caller,
        operation: Operation,
        input: &Value,
    ) -> Result<Prepared<Value>, ApiError> {
        self.admit(caller, operation, input)?;
        let prepared = dispatch(self, caller, operation, input).await;
        prepared.map_err(|refusal| refused(refusal, operation))
    }

    fn admit(&self, caller: &Caller, operation: Operation, input: &Value) -> Result<(), ApiError> {
        if !operation.is_served() {
            return Err(ApiError::not_implemented(operation));
        }
        caller.authorize(operation, &resources_of(self.place(), operation, input))?;
        check::check(operation, input)
    }

    pub(crate) fn now_ms(&self) -> EpochMs {
        self.settings.clock.now_ms()
    }

    pub(crate) fn chance(&self) -> &Chance {
        &self.settings.chance
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Which versions of stored shapes are written.
    pub(crate) fn level(&self) -> FormatLevel {
        self.store.format_level()
    }
}

fn refused(refusal: Refusal, operation: Operation) -> ApiError {
    let error = refusal.answered_by(operation);
    tracing::debug!(operation = operation.name(), %error, "refused");
    error
}

/// Runs a handler on the input as its own type, and gives its answer as JSON. The generated
/// dispatch calls it.
pub(crate) async fn run<'a, I: Input, F>(
    control: &'a Control,
    input: &Value,
    handler: impl FnOnce(&'a Control, I) -> F,
) -> Result<Prepared<Value>, Refusal>
where
    F: Future<Output = Result<Prepared<I::Output>, Refusal>>,
{
    let Prepared { tx, answer } = handler(control, I::read(input)?).await?;
    let answer = serde_json::to_value(answer).map_err(|error| ControlError::Corrupt {
        what: "an answer".to_owned(),
        problem: error.to_string(),
    })?;
    Ok(Prepared { tx, answer })
}
