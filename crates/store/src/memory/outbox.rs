//! Alerts on their way out.

use std::collections::{BTreeMap, BTreeSet};

use fleetward_domain::{Alert, EpochMs};
use tokio::sync::watch;

use super::MemoryStore;
use crate::error::StoreError;
use crate::outbox::{AlertStatus, DueAlert, Outbox};

#[async_trait::async_trait]
impl Outbox for MemoryStore {
    async fn due_alerts(&self, now_ms: EpochMs, limit: usize) -> Result<Vec<DueAlert>, StoreError> {
        Ok(self.state().outbox.due(now_ms, limit))
    }

    /// One number tells of violations, events and alerts.
    fn newest_alert(&self) -> watch::Receiver<u64> {
        self.newest_event.subscribe()
    }

    async fn next_alert_ms(&self, now_ms: EpochMs) -> Result<Option<EpochMs>, StoreError> {
        Ok(self.state().outbox.next_ms(now_ms))
    }

    async fn alert_status(&self, id: i64) -> Result<Option<AlertStatus>, StoreError> {
        Ok(self.state().outbox.rows.get(&id).map(|row| row.status.clone()))
    }

    async fn alert_delivered(&self, id: i64) -> Result<(), StoreError> {
        self.state().outbox.delivered(id);
        Ok(())
    }

    async fn alert_failed(
        &self,
        id: i64,
        retry_ms: Option<EpochMs>,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.state().outbox.failed(id, retry_ms, reason);
        Ok(())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct OutboxTable {
    rows: BTreeMap<i64, Row>,
    /// Delivered and dead ones too: an alert that is replayed must not be sent again.
    keys: BTreeSet<String>,
    newest_id: i64,
}

#[derive(Clone, Debug)]
struct Row {
    alert: Alert,
    status: AlertStatus,
    /// While it waits.
    due_ms: EpochMs,
    failures: u32,
}

impl OutboxTable {
    pub(super) fn add(&mut self, alerts: Vec<Alert>) {
        for alert in alerts {
            if !self.keys.insert(alert.key()) {
                continue;
            }
            self.newest_id += 1;
            let status = AlertStatus::Waiting;
            let row = Row { alert, status, due_ms: EpochMs::MIN, failures: 0 };
            self.rows.insert(self.newest_id, row);
        }
    }

    pub(super) fn due(&self, now_ms: EpochMs, limit: usize) -> Vec<DueAlert> {
        self.heads()
            .filter(|(_, due_ms, _)| *due_ms <= now_ms)
            .take(limit)
            .map(|(id, _, row)| DueAlert {
                id,
                alert: row.alert.clone(),
                failures: row.failures,
                created_ms: row.alert.notification.at_ms(),
            })
            .collect()
    }

    pub(super) fn next_ms(&self, now_ms: EpochMs) -> Option<EpochMs> {
        self.heads().map(|(_, due_ms, _)| due_ms).filter(|due_ms| *due_ms > now_ms).min()
    }

    /// The oldest pending alert of each (thing, target), with the time it is due.
    fn heads(&self) -> impl Iterator<Item = (i64, EpochMs, &Row)> {
        let mut seen = BTreeSet::new();
        self.rows.iter().filter_map(move |(id, row)| {
            if row.status != AlertStatus::Waiting {
                return None;
            }
            let first = seen.insert((row.alert.notification.lane(), &row.alert.target_arn));
            first.then_some((*id, row.due_ms, row))
        })
    }

    pub(super) fn delivered(&mut self, id: i64) {
        if let Some(row) = self.waiting(id) {
            row.status = AlertStatus::Delivered;
        }
    }

    pub(super) fn failed(&mut self, id: i64, retry_ms: Option<EpochMs>, reason: &str) {
        let Some(row) = self.waiting(id) else { return };
        row.failures = row.failures.saturating_add(1);
        match retry_ms {
            Some(due_ms) => row.due_ms = due_ms,
            None => row.status = AlertStatus::Dead { reason: reason.to_owned() },
        }
    }

    fn waiting(&mut self, id: i64) -> Option<&mut Row> {
        self.rows.get_mut(&id).filter(|row| row.status == AlertStatus::Waiting)
    }

    pub(super) fn expire(&mut self, before_ms: EpochMs) {
        let keys = &mut self.keys;
        self.rows.retain(|_, row| {
            let kept =
                row.status == AlertStatus::Waiting || row.alert.notification.at_ms() >= before_ms;
            if !kept {
                keys.remove(&row.alert.key());
            }
            kept
        });
    }
}
