//! The outbox: alerts on their way out.

use fleetward_domain::{Alert, EpochMs};
use tokio::sync::watch;

use crate::error::StoreError;

/// Alerts that wait, and what became of them.
#[async_trait::async_trait]
pub trait Outbox: Send + Sync {
    /// Alerts whose time has come, oldest first. For each (thing, target) only the oldest that is
    /// neither delivered nor dead is returned: order per thing holds.
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
    /// When it entered the outbox, in the time of the records: its event's time.
    pub created_ms: EpochMs,
}
