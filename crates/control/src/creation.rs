//! Creating, with an idempotency token, what an account has a limited number of.
//!
//! Source: the service model on `clientRequestToken`: a token is good for one resource.

use fleetward_domain::limits::{CUSTOM_METRICS, DIMENSIONS};
use fleetward_domain::{CustomMetric, Dimension, Resource};
use fleetward_store::{Gate, Noun, Tx, readable};

use crate::control::Control;
use crate::refusal::Refusal;

/// A noun that is created with a token.
pub(crate) trait Tokened: Noun {
    /// Several of them, within a sentence.
    const PLURAL: &'static str;
    /// The most of them in an account.
    const LIMIT: usize;

    /// What its ARN names.
    fn resource(&self) -> Resource<'_>;

    /// The token it was created with.
    fn token(&self) -> &str;

    /// Whether the other was asked for in the same words. Tags do not count: they may have been
    /// changed since.
    fn is_same_request(&self, other: &Self) -> bool;
}

impl Tokened for Dimension {
    const PLURAL: &'static str = "dimensions";
    const LIMIT: usize = DIMENSIONS;

    fn resource(&self) -> Resource<'_> {
        Resource::Dimension(self.name.as_str())
    }

    fn token(&self) -> &str {
        &self.client_request_token
    }

    fn is_same_request(&self, other: &Self) -> bool {
        (&self.name, &self.topic_filters) == (&other.name, &other.topic_filters)
    }
}

impl Tokened for CustomMetric {
    const PLURAL: &'static str = "custom metrics";
    const LIMIT: usize = CUSTOM_METRICS;

    fn resource(&self) -> Resource<'_> {
        Resource::CustomMetric(self.name.as_str())
    }

    fn token(&self) -> &str {
        &self.client_request_token
    }

    fn is_same_request(&self, other: &Self) -> bool {
        (&self.name, self.metric_type, &self.display_name)
            == (&other.name, other.metric_type, &other.display_name)
    }
}

/// The transaction that creates it; none where the same request with the same token was served
/// before.
///
/// # Errors
/// [`Refusal::Exists`] where the name or the token is taken; [`Refusal::Limit`].
pub(crate) async fn create_once<T: Tokened>(
    control: &Control,
    new: &T,
) -> Result<Option<Tx>, Refusal> {
    // Of all creations, since the account's count and the tokens are shared by all of a kind.
    let gate = Gate::named(T::PLURAL);
    let gate_version = control.read_gate(&gate).await?;
    let documents = control.store().list(T::KIND, "", None, T::LIMIT).await?;
    for document in &documents {
        let other: T = match readable(control.store(), document) {
            Some(other) => other.value,
            // Not one that is in the way only: its name is taken, whatever it was.
            None if document.key == new.key() => document.read()?.value,
            None => continue,
        };
        let is_same_token = other.token() == new.token();
        if is_same_token && other.is_same_request(new) {
            return Ok(None);
        }
        let (id, arn) = (other.key(), control.place().arn(other.resource()));
        if id == new.key() {
            return Err(Refusal::exists::<T>(id, "", id, arn));
        }
        if is_same_token {
            let problem = format!("{} {id} was created with this clientRequestToken.", T::WORD);
            return Err(Refusal::Exists { problem, id: id.to_owned(), arn });
        }
    }
    if documents.len() >= T::LIMIT {
        let (limit, plural) = (T::LIMIT, T::PLURAL);
        return Err(Refusal::Limit(format!(
            "There are {limit} {plural} in this account, which is the limit."
        )));
    }
    let mut tx = Tx::default();
    control.pass_gate(&mut tx, &gate, gate_version)?;
    tx.create(new, control.level())?;
    Ok(Some(tx))
}
