//! One delivery, from the message to the word on what became of it.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use fleetward_environment::{Chance, Clock};
use fleetward_store::{DueAlert, Outbox};

use crate::backoff;
use crate::error::AlertsError;
use crate::limits::{STORE_RETRY, STORE_RETRY_LONGEST, WARNED_ARNS};
use crate::payload::Message;
use crate::settings::Settings;
use crate::target::{Deliver, Target};

/// What deliveries need.
pub(super) struct Courier {
    pub(super) store: Arc<dyn Outbox>,
    pub(super) clock: Clock,
    chance: Chance,
    carrier: Arc<dyn Deliver>,
    targets: BTreeMap<String, Target>,
    retry_for_ms: i64,
    /// ARNs without a target that the log has told of.
    warned: Mutex<HashSet<String>>,
}

/// What became of a delivery.
pub(super) enum Outcome {
    Delivered,
    /// With the reason.
    Failed(String),
    NoTarget,
}

impl Courier {
    pub(super) fn new(
        settings: Settings,
        store: Arc<dyn Outbox>,
        carrier: Arc<dyn Deliver>,
    ) -> Self {
        let Settings { targets, retry_for_ms, clock, chance, .. } = settings;
        Self { store, clock, chance, carrier, targets, retry_for_ms, warned: Mutex::default() }
    }

    /// How much of a pause is taken away: 0 to 1, of half of it.
    pub(super) fn jitter(&self) -> f64 {
        backoff::jitter(&self.chance)
    }

    /// Delivers an alert and stores what became of it.
    pub(super) async fn carry(self: Arc<Self>, due: DueAlert) -> Outcome {
        match self.post(&due).await {
            Ok(()) => {
                self.store_end(&due, End::Delivered).await;
                Outcome::Delivered
            }
            Err(AlertsError::NoTarget(arn)) => {
                self.warn_once(&arn);
                let reason = AlertsError::NoTarget(arn).to_string();
                self.store_end(&due, End::Failed { retry_ms: None, reason: &reason }).await;
                Outcome::NoTarget
            }
            Err(error) => {
                let reason = error.to_string();
                self.fail(&due, &reason).await;
                Outcome::Failed(reason)
            }
        }
    }

    async fn post(&self, due: &DueAlert) -> Result<(), AlertsError> {
        let arn = &due.alert.target_arn;
        let target = self.targets.get(arn).ok_or_else(|| AlertsError::NoTarget(arn.clone()))?;
        self.carrier.deliver(target, &Message::of(&due.alert)?).await
    }

    async fn fail(&self, due: &DueAlert, reason: &str) {
        let now_ms = self.clock.now_ms();
        let jitter = self.jitter();
        let retry_ms =
            backoff::retry_at(now_ms, due.created_ms, self.retry_for_ms, due.failures, jitter);
        if retry_ms.is_none() {
            let notification = &due.alert.notification;
            tracing::warn!(
                arn = %due.alert.target_arn, lane = notification.lane(), key = notification.key(),
                %reason, "alert given up; it is kept as a dead letter"
            );
        }
        self.store_end(due, End::Failed { retry_ms, reason }).await;
    }

    /// Writes down what became of an alert. While the store fails it waits and tries again,
    /// keeping its slot: an alert that was delivered must not go out again for that.
    async fn store_end(&self, due: &DueAlert, end: End<'_>) {
        let mut wait = STORE_RETRY;
        loop {
            let written = match end {
                End::Delivered => self.store.alert_delivered(due.id).await,
                End::Failed { retry_ms, reason } => {
                    self.store.alert_failed(due.id, retry_ms, reason).await
                }
            };
            let Err(error) = written else { return };
            tracing::warn!(%error, "the outbox of alerts cannot be written, trying again");
            self.clock.sleep(wait).await;
            wait = wait.saturating_mul(2).min(STORE_RETRY_LONGEST);
        }
    }

    fn warn_once(&self, arn: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.len() >= WARNED_ARNS {
            warned.clear();
        }
        if warned.insert(arn.to_owned()) {
            tracing::warn!(
                %arn, "nothing is set for this alert target; its alerts become dead letters"
            );
        }
    }
}

/// What is to be stored of a delivery.
#[derive(Clone, Copy)]
enum End<'a> {
    Delivered,
    Failed { retry_ms: Option<i64>, reason: &'a str },
}
