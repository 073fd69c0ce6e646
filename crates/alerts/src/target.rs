//! What stands behind an ARN that profiles name. A kind of target is a file in `target/`, a
//! variant here and a key of its settings (`docs/adding-an-alert-target.md`).

mod webhook;

pub use webhook::Webhook;

use std::fmt;

use async_trait::async_trait;
use serde::Deserialize;

use crate::dialler::Dialler;
use crate::error::AlertsError;
use crate::payload::Message;

/// What stands behind an ARN, ready to be used.
#[derive(Clone, Debug)]
pub enum Target {
    /// Gets each alert as a POST.
    Webhook(Webhook),
}

/// A target as the settings file has it: the key names the kind.
#[derive(Clone, Default, Deserialize)]
pub struct TargetSettings {
    /// The URL of a [`Webhook`].
    pub webhook: Option<String>,
}

impl TargetSettings {
    /// The keys that a target may have.
    pub const KEYS: [&'static str; 1] = ["webhook"];

    /// Reads them: the one place where a target comes to be.
    ///
    /// # Errors
    /// [`AlertsError::TargetKind`] if they name no kind, else what the kind says of its own.
    pub fn read(&self) -> Result<Target, AlertsError> {
        match &self.webhook {
            Some(url) => Webhook::parse(url).map(Target::Webhook),
            None => Err(AlertsError::TargetKind(Self::KEYS.join(", "))),
        }
    }
}

/// Without the values: they may hold secrets.
impl fmt::Debug for TargetSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.webhook.is_some() {
            "TargetSettings(webhook)"
        } else {
            "TargetSettings"
        })
    }
}

/// Brings a message to a target: the [`Dialler`] does it, and what simulations put in its place.
#[async_trait]
pub trait Deliver: Send + Sync {
    /// Returns when the target has said that it has the message. Whatever else happens, whether
    /// the target saw the message is not known, and it is sent again.
    ///
    /// # Errors
    /// Why it was not delivered.
    async fn deliver(&self, target: &Target, message: &Message) -> Result<(), AlertsError>;
}

#[async_trait]
impl Deliver for Dialler {
    async fn deliver(&self, target: &Target, message: &Message) -> Result<(), AlertsError> {
        match target {
            Target::Webhook(webhook) => webhook.deliver(self, message).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_by_the_key_of_its_kind_and_its_secret_is_not_shown() {
        let url = Some("https://hooks.example/s3cret".to_owned());
        let settings = TargetSettings { webhook: url };
        assert!(matches!(settings.read(), Ok(Target::Webhook(_))));
        assert_eq!(format!("{settings:?}"), "TargetSettings(webhook)");
        let error = TargetSettings::default().read().unwrap_err();
        assert_eq!(error.to_string(), "an alert target must have one of the keys: webhook");
    }
}
