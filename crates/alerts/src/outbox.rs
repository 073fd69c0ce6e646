//! The outbox: which alerts are due, which may go now, what becomes of each.
//!
//! One task reads the store's outbox and starts deliveries; each delivery is a task that also
//! writes down what became of it. A target has a few slots and a short queue of its own, so one
//! that hangs holds up nobody else. What does not fit into its queue is put off in the outbox
//! once a page of the outbox is full, so that it cannot hide the alerts of others.

mod delivery;
mod lanes;
mod page;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fleetward_domain::EpochMs;
use fleetward_store::limits::ALERT_LONGEST_WAIT_MS;
use fleetward_store::{DueAlert, StoreError};
use tokio::sync::watch;
use tokio::task::{Id, JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::dialler::Dialler;
use crate::error::AlertsError;
use crate::limits::{DRAIN, ROWS_PER_REST_MS, STORE_RETRY, UNREADABLE_LOOKS};
use crate::settings::Settings;
use crate::target::Deliver;
use delivery::{Courier, Outcome};
use lanes::Lanes;

/// The role that delivers alerts.
pub struct Alerts;

/// Delivery under way. Dropping it stops it, too, but waits for nothing.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<bool>,
    /// Ends by itself only for a reason.
    task: JoinHandle<Option<String>>,
}

impl Alerts {
    /// Starts to deliver what is in the store's outbox.
    ///
    /// # Errors
    /// [`AlertsError`] if the settings cannot be used.
    pub fn start(
        settings: Settings,
        store: Arc<dyn fleetward_store::Outbox>,
    ) -> Result<Running, AlertsError> {
        let (allowed, roots) = (settings.allow_addresses.clone(), settings.trusted_roots.clone());
        let dialler = Dialler::new(allowed, roots, settings.clock.clone())?;
        Self::start_with(settings, store, Arc::new(dialler))
    }

    /// The same by another carrier.
    ///
    /// # Errors
    /// [`AlertsError`] if the settings cannot be used.
    pub fn start_with(
        settings: Settings,
        store: Arc<dyn fleetward_store::Outbox>,
        carrier: Arc<dyn Deliver>,
    ) -> Result<Running, AlertsError> {
        settings.check()?;
        let courier = Courier::new(settings, store, carrier);
        let (stop, stopped) = watch::channel(false);
        let outbox = Outbox {
            courier: Arc::new(courier),
            lanes: Lanes::default(),
            tasks: JoinSet::new(),
            alert_of: HashMap::new(),
            failed_looks: 0,
        };
        Ok(Running { stop, task: tokio::spawn(outbox.run(stopped)) })
    }
}

impl Running {
    /// Waits until delivery ends by itself, which it never should, and says why.
    pub async fn ended(&mut self) -> String {
        match (&mut self.task).await {
            Ok(why) => why.unwrap_or_else(|| "deliveries ended".to_owned()),
            Err(panic) => panic.to_string(),
        }
    }

    /// Starts no more deliveries and waits a few seconds for those under way. What was not
    /// delivered stays in the outbox.
    pub async fn shutdown(self) {
        // No receiver means that the task has ended already.
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "alerts ended badly");
        }
    }
}

async fn until(courier: &Courier, due: Option<Instant>) {
    match due {
        Some(due) => courier.clock.sleep_until_instant(due).await,
        None => std::future::pending().await,
    }
}

struct Outbox {
    courier: Arc<Courier>,
    lanes: Lanes,
    tasks: JoinSet<Outcome>,
    alert_of: HashMap<Id, DueAlert>,
    /// Since the outbox could be read the last time.
    failed_looks: u32,
}

/// When to read the outbox again.
struct NextLook {
    /// Not before, however much happens.
    rest_until: Instant,
    /// At the latest; none if nothing waits. A wall clock that is set does not move it.
    due: Option<Instant>,
}

impl Outbox {
    /// Until it is told to stop, or for the reason that is returned.
    async fn run(mut self, mut stopped: watch::Receiver<bool>) -> Option<String> {
        let courier = Arc::clone(&self.courier);
        let mut events = courier.store.newest_alert();
        let mut store_lives = true;
        loop {
            let next = match self.look().await {
                Ok(next) => next,
                Err(why) => return Some(why),
            };
            let mut wants_look = false;
            loop {
                tokio::select! {
                    // In this order, so that a simulation does the same twice.
                    biased;
                    // An error means that whoever could say stop is gone.
                    _ = stopped.changed() => {
                        self.drain().await;
                        return None;
                    }
                    changed = events.changed(), if store_lives => {
                        store_lives = changed.is_ok();
                        wants_look = true;
                    }
                    Some(ended) = self.tasks.join_next_with_id() => {
                        wants_look |= self.settle(ended);
                        self.start_waiting();
                    }
                    () = until(&courier, next.due), if !wants_look => {
                        wants_look = true;
                    }
                    () = courier.clock.sleep_until_instant(next.rest_until), if wants_look => break,
                }
            }
        }
    }

    /// Reads the outbox and starts what may go. An error if it cannot be read for good: nobody is
    /// told of anything then, which must not stay unknown.
    async fn look(&mut self) -> Result<NextLook, String> {
        let now_ms = self.courier.clock.now_ms();
        match page::read(&self.courier, &mut self.lanes, now_ms).await {
            Ok(read) => {
                self.failed_looks = 0;
                self.start_waiting();
                // A large page costs; with it, deliveries are many and a short rest loses none.
                let rest_ms = u64::try_from(read.rows / ROWS_PER_REST_MS).unwrap_or(0);
                let now = self.courier.clock.instant();
                let wait_ms = |due_ms: EpochMs| {
                    // Nothing that the store gives is put off for longer, whatever its time is.
                    due_ms.saturating_sub(now_ms).clamp(0, ALERT_LONGEST_WAIT_MS).unsigned_abs()
                };
                let due =
                    read.next_due_ms.map(|due_ms| now + Duration::from_millis(wait_ms(due_ms)));
                Ok(NextLook { rest_until: now + Duration::from_millis(rest_ms), due })
            }
            Err(error) => {
                // What is full passes, and is told by whoever watches the disk.
                if !matches!(error, StoreError::Full { .. }) {
                    self.failed_looks = self.failed_looks.saturating_add(1);
                }
                if self.failed_looks >= UNREADABLE_LOOKS {
                    return Err(format!("the outbox of alerts cannot be read: {error}"));
                }
                tracing::warn!(%error, "the outbox of alerts cannot be read, trying again");
                let again = self.courier.clock.instant() + STORE_RETRY;
                Ok(NextLook { rest_until: again, due: Some(again) })
            }
        }
    }

    fn start_waiting(&mut self) {
        while let Some(due) = self.lanes.next() {
            let courier = Arc::clone(&self.courier);
            let task = self.tasks.spawn(courier.carry(due.clone()));
            self.alert_of.insert(task.id(), due);
        }
    }

    /// Frees the slot of a delivery that ended. True if its target has nothing waiting in memory,
    /// so that the outbox may have more for it.
    fn settle(&mut self, ended: Result<(Id, Outcome), tokio::task::JoinError>) -> bool {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, outcome),
            Err(error) => (error.id(), Outcome::Failed(error.to_string())),
        };
        self.alert_of.remove(&id).is_none_or(|due| self.lanes.free(&due, &outcome))
    }

    async fn drain(mut self) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if self.courier.clock.timeout(DRAIN, all).await.is_err() {
            tracing::info!("deliveries of alerts were cut short; they will be tried again");
        }
    }
}
