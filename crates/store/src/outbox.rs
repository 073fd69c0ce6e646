//! The outbox: alerts on their way out.
//!
//! An alert is held where a behavior of a thing was told of ten times within ten minutes. What ends
//! while its beginning is held ends that too, and neither is sent. So what is left when the
//! time has come makes the receiver's picture true: at most the end of what it knows of, and the
//! beginning of what is open.

use fleetward_domain::{Alert, EpochMs, Notification};
use tokio::sync::watch;

use crate::edge::edge_key;
use crate::error::StoreError;

/// Alerts that wait, and what became of them.
#[async_trait::async_trait]
pub trait Outbox: Send + Sync {
    /// Alerts whose time has come. For each (thing, target) only the oldest that is neither
    /// delivered nor dead is returned: order per thing holds. Things take turns, those that are
    /// registered first: whose alert was delivered goes behind all others who wait.
    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError>;

    /// Grows when alerts were written, and perhaps at other times; who delivers them waits on it.
    fn newest_alert(&self) -> watch::Receiver<u64>;

    /// When the next alert that is not due yet becomes due.
    async fn next_alert_ms(&self, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError>;

    /// What became of an alert; none if there never was one, or it has expired.
    async fn alert_status(&self, id: i64) -> Result<Option<AlertStatus>, StoreError>;

    /// The alert was delivered: it leaves the outbox.
    async fn alert_delivered(&self, id: i64) -> Result<(), StoreError>;

    /// The alert failed: try again at `retry_ms`, or never (`None`: kept as a dead letter).
    async fn alert_failed(
        &self,
        id: i64,
        retry_ms: Option<EpochMs>,
        reason: &str,
    ) -> Result<(), StoreError>;
}

/// What became of an alert. What is over is kept as long as events of its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertStatus {
    /// It is to be delivered, perhaps after others.
    Waiting,
    /// It is held back until this time, and never sent if what it tells of is over by then.
    Held {
        /// By the clock of whoever delivers.
        until_ms: EpochMs,
    },
    /// It was delivered.
    Delivered,
    /// It was given up: a dead letter.
    Dead {
        /// Why it failed the last time.
        reason: String,
    },
}

/// An alert to deliver now.
#[derive(Clone, Debug, PartialEq)]
pub struct DueAlert {
    /// Names the row.
    pub id: i64,
    /// What to deliver.
    pub alert: Alert,
    /// How often it failed so far.
    pub failures: u32,
    /// When it entered the outbox, in the time of the records: its event's time, or when it was let
    /// go if it was held.
    pub created_ms: EpochMs,
    /// It is about a thing that nobody registered: a name that anybody may have chosen.
    pub is_of_stranger: bool,
}

/// Which behavior of which profile an alert is about, in one text: what of it comes and goes too
/// often is held.
pub(crate) fn behavior_of(notification: &Notification) -> String {
    match notification {
        Notification::Violation(event) => {
            edge_key(event.profile.as_str(), event.behavior.name.as_str())
        }
    }
}
